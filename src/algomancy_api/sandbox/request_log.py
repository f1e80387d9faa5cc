"""The requests that a world was sent, and what it answered."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from algomancy_api.http.bodies import decode_json
from algomancy_api.sandbox.models import LoggedRequest, RequestQuery

_KEPT = 10_000
_SHOWN_BYTES = 4_096


class Body:
    """A body that comes in pieces; no more of it is kept than is shown."""

    __slots__ = ("kept", "length")

    def __init__(self) -> None:
        self.kept = b""
        self.length = 0

    def add(self, piece: bytes) -> None:
        """Take in a piece."""
        self.length += len(piece)
        self.kept = b"" if self.length > _SHOWN_BYTES else self.kept + piece

    def shown(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return it as JSON, or as text; of a long one its length."""
        if not self.length:
            return None
        if self.length > _SHOWN_BYTES:
            return {"bytes": self.length}
        try:
            return decode_json(self.kept)
        except ValueError:
            return self.kept.decode("utf-8", "replace")


@dataclass(slots=True)
class Entry:
    """A request, while it is answered and afterwards; see `LoggedRequest`."""

    id: int
    at: datetime
    method: str
    path: str
    query: str
    operation: str | None = None
    status: int | None = None
    fault: str | None = None
    duration_ms: float = 0.0
    request_body: Body = field(default_factory=Body)
    response_body: Body = field(default_factory=Body)

    def model(self) -> LoggedRequest:
        """Return it as the control API shows it."""
        members = {name: getattr(self, name) for name in LoggedRequest.model_fields}
        shown = {name: value.shown() for name, value in members.items() if isinstance(value, Body)}
        return LoggedRequest(**members | shown)


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
            if each.id > query.after
            and (query.operation is None or each.operation == query.operation)
            and (query.status is None or each.status == query.status)
        ]

    def clear(self) -> None:
        """Forget all; numbers begin anew."""
        self._entries.clear()
        self._numbers = itertools.count(1)
