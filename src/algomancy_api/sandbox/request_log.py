"""The requests that a world was sent, and what it answered."""

from __future__ import annotations

import itertools
from collections import deque
from datetime import datetime
from typing import Any

from algomancy_api.http.json_text import decode_json
from algomancy_api.sandbox.models import LoggedRequest, RequestQuery

_KEPT = 10_000
_SHOWN_BYTES = 4_096


class Entry:
    """A request, while it is answered and afterwards.

    Args:
        number: Its number.
        at: When it came.
        method: Its method.
        path: Its path.
        query: Its query.
    """

    __slots__ = (
        "at",
        "duration_ms",
        "fault",
        "method",
        "number",
        "operation",
        "path",
        "query",
        "received",
        "sent",
        "status",
    )

    def __init__(self, number: int, at: datetime, method: str, path: str, query: str) -> None:
        self.number, self.at, self.method, self.path, self.query = number, at, method, path, query
        self.operation: str | None = None
        self.fault: str | None = None
        self.status: int | None = None
        self.duration_ms = 0.0
        self.received, self.sent = _Body(), _Body()

    def model(self) -> LoggedRequest:
        """Return it as the control API shows it."""
        return LoggedRequest(
            id=self.number,
            at=self.at,
            operation=self.operation,
            method=self.method,
            path=self.path,
            query=self.query,
            request_body=self.received.shown(),
            status=self.status,
            response_body=self.sent.shown(),
            duration_ms=round(self.duration_ms, 3),
            fault=self.fault,
        )


class _Body:
    """A body that comes in pieces; no more of it is kept than is shown."""

    __slots__ = ("kept", "length")

    def __init__(self) -> None:
        self.kept = b""
        self.length = 0

    def add(self, piece: bytes) -> None:
        self.length += len(piece)
        self.kept = b"" if self.length > _SHOWN_BYTES else self.kept + piece

    def shown(self) -> Any:  # noqa: ANN401 - any JSON value
        if not self.length:
            return None
        if self.length > _SHOWN_BYTES:
            return {"bytes": self.length}
        try:
            return decode_json(self.kept)
        except ValueError:
            return self.kept.decode("utf-8", "replace")


class RequestLog:
    """The last 10,000 requests; called in the event loop."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._entries)

    def begin(self, at: datetime, method: str, path: str, query: str) -> Entry:
        """Note a request that has come."""
        entry = Entry(next(self._numbers), at, method, path, query)
        self._entries.append(entry)
        return entry

    def find(self, query: RequestQuery) -> list[LoggedRequest]:
        """Return the requests asked for, oldest first."""
        return [
            each.model()
            for each in list(self._entries)
            if each.number > query.after
            and (query.operation is None or each.operation == query.operation)
            and (query.status is None or each.status == query.status)
        ]

    def clear(self) -> None:
        """Forget all; numbers begin anew."""
        self._entries.clear()
        self._numbers = itertools.count(1)
