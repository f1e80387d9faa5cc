"""Events of a session, as they happen (contract EVT)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from algomancy_api.backend_calls import calls_of
from algomancy_api.document.operation import Operations, SessionId
from algomancy_api.errors import NOT_OFFERED, UNKNOWN_SCENARIO, UNKNOWN_SESSION
from algomancy_api.http.waiting import EventStream
from algomancy_api.schemas import DatasetKeys, EventsQuery, ScenarioDeleted, ScenarioStatus, SessionChanged, Snapshot

operations = Operations("Events", "What changes in a session, told as it happens.")

_LAST_EVENT_ID = {
    "parameters": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The id of the last event seen: what happened since is told, or a new snapshot comes.",
            "schema": {"type": "string"},
        }
    ]
}


@operations.operation(
    "GET",
    "/sessions/{session_id}/events",
    None,
    UNKNOWN_SESSION,
    UNKNOWN_SCENARIO,
    NOT_OFFERED,
    extra=_LAST_EVENT_ID,
    events={
        "snapshot": Snapshot,
        "scenario": ScenarioStatus,
        "scenario-deleted": ScenarioDeleted,
        "datasets": DatasetKeys,
        "session": SessionChanged,
    },
)
async def get_events(request: Request, session_id: SessionId, query: Annotated[EventsQuery, Query()]) -> Response:
    """Follow a session.

    Server-sent events: first a `snapshot`, then whatever changes. Each event has an `id`; send the last one seen in
    `Last-Event-ID` to go on from there, as a browser's `EventSource` does by itself. Progress is told ten times a
    second at most, ends at once. The stream ends when the session is deleted, and one about a single scenario when
    that is.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    if query.scenario is not None:
        await calls_of(request).scenario(session.id, query.scenario)
    stream = EventStream(request.app.state.waiters)
    seen = request.headers.get("last-event-id")
    stream.listener = await calls.look_up(session.scenarios.listen, stream.wake, seen, query.scenario)
    return stream
