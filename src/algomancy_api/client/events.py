"""The events of a session, as they come.

The lines of a stream are read here rather than by a library: those at hand turn the server's heartbeat into events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
from pydantic import BaseModel, ValidationError

from algomancy_api.client.exceptions import UnexpectedReply
from algomancy_api.client.flow import Api, Call, refusal
from algomancy_api.schemas import DatasetKeys, ScenarioDeleted, ScenarioStatus, SessionChanged, Snapshot

EventData: TypeAlias = Snapshot | ScenarioStatus | ScenarioDeleted | DatasetKeys | SessionChanged

HEARTBEAT_SECONDS = 20.0
"""How often a server sends a sign of life at least (contract EVT-4)."""

SILENCE_SECONDS = 45.0
"""How long a stream may be silent before it counts as broken."""

_MODELS: dict[str, type[BaseModel]] = {
    "snapshot": Snapshot,
    "scenario": ScenarioStatus,
    "scenario-deleted": ScenarioDeleted,
    "datasets": DatasetKeys,
    "session": SessionChanged,
}


@dataclass(frozen=True)
class SessionEvent:
    """One change of a session.

    Attributes:
        id: Hand it to `get_events` to go on after this event.
        kind: `snapshot`, `scenario`, `scenario-deleted`, `datasets` or `session`.
        data: What there is to know; which model it is depends on the kind.
    """

    id: str
    kind: str
    data: EventData


class EventLines:
    """Puts the lines of a stream together to events; kinds it does not know are left out."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def feed(self, line: str) -> SessionEvent | None:
        """Take a line; return the event that it ends.

        Raises:
            UnexpectedReply: The event is none of an Algomancy server's.
        """
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        model = _MODELS.get(fields.get("event", ""))
        if model is None or "data" not in fields:
            return None
        try:
            data: EventData = model.model_validate_json(fields["data"])  # type: ignore[assignment]
        except ValidationError as error:
            raise UnexpectedReply(f"The event '{fields['event']}' is not what an Algomancy server sends.") from error
        return SessionEvent(fields.get("id", ""), fields["event"], data)


def stream_call(api: Api, last_event_id: str | None, scenario: str | None) -> Call:
    """Return the request that opens a stream."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    query = {} if scenario is None else {"scenario": scenario}
    return Call("GET", api.session_path("events"), headers=headers, query=query)


def stream_options(api: Api, call: Call) -> dict[str, Any]:
    """Return what httpx is told of it, how long to wait for anything included."""
    timeout = httpx.Timeout(api.timeout, read=SILENCE_SECONDS)
    return {"headers": call.headers, "params": call.query or None, "timeout": timeout}


def check_opened(response: httpx.Response, call: Call) -> None:
    """Raise the exception for a reply that is no stream; its body has been read."""
    if not response.is_success:
        raise refusal(response, call)
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        raise UnexpectedReply(f"{response.request.url} did not answer with a stream of events.")
