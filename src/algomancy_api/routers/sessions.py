"""Sessions (contract SES), what each offers (contracts ALG, KPI), its events (contract EVT); and the server (MET)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from algomancy_api.backend import CompleteSessionBackend
from algomancy_api.backend_calls import calls_of
from algomancy_api.errors import (
    CREATE_FORBIDDEN,
    NAME_TAKEN,
    NOT_OFFERED,
    REFUSED_BY_PROJECT,
    SHUTTING_DOWN,
    UNEXPECTED,
    UNKNOWN_SCENARIO,
    ForbiddenError,
)
from algomancy_api.http.replies import JsonReply, encode_json, location, reply
from algomancy_api.http.waiting import EventStream
from algomancy_api.parameter_describer import describe_parameter_set
from algomancy_api.routers.operation import AlgorithmName, Link, Operations, SessionId
from algomancy_api.schemas import (
    AlgorithmList,
    CopySessionRequest,
    CreateSessionRequest,
    DatasetKeys,
    EventsQuery,
    Health,
    KpiList,
    ParameterList,
    RenameSessionRequest,
    ScenarioDeleted,
    ScenarioStatus,
    Session,
    SessionChanged,
    SessionList,
    Snapshot,
)

operations = Operations(
    "Sessions",
    "Workspaces with datasets and scenarios of their own. A session is named by its id, or by its current display "
    "name; the id wins where both match.",
)
algorithms = Operations("Algorithms", "What a scenario can run, and the parameters each algorithm takes.")
kpis = Operations("KPIs", "What the result of a scenario is measured by.")
events = Operations("Events", "What changes in a session, told as it happens.")
meta = Operations("Meta", "About the server itself.")

_DEFAULT = {"session_id": "$response.body#/default"}
_LOCATION = {"Location": "Path of the new session."}
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
    "/sessions",
    SessionList,
    hot=1,
    links={
        "data": Link("list_datasets", _DEFAULT, "Lists the datasets of the default session."),
        "scenarios": Link("list_scenarios", _DEFAULT, "Lists the scenarios of the default session."),
        "create": Link("create_scenario", _DEFAULT, "Creates a scenario in the default session."),
    },
)
async def list_sessions(request: Request) -> Response:
    """List the sessions.

    There is always at least one; `default` is the id of the one to start with.
    """
    calls = calls_of(request)
    return await reply(request, encode_json(await calls.look_up(_session_list, calls.sessions)))


@operations.operation("POST", "/sessions", SessionList, CREATE_FORBIDDEN, NAME_TAKEN, status=201, headers=_LOCATION)
async def create_session(request: Request, body: CreateSessionRequest) -> Response:
    """Create a session.

    It starts without datasets and scenarios. The reply is the refreshed list; `Location` tells the new one.
    """
    _refuse_if_forbidden(request)
    calls = calls_of(request)

    def create() -> tuple[str, bytes]:
        session_id = calls.sessions.create_new_session(body.display_name)
        return session_id, encode_json(_session_list(calls.sessions))

    session_id, sessions = await calls.write(create)
    return await reply(request, sessions, 201, location(request, "sessions", session_id))


@operations.operation("GET", "/sessions/{session_id}", Session)
async def get_session(request: Request, session_id: SessionId) -> Response:
    """Show a session.

    Its id and its current display name.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    return JsonReply(encode_json(await calls.look_up(_session, calls.sessions, session.id)))


@operations.operation("PATCH", "/sessions/{session_id}", Session, NAME_TAKEN)
async def rename_session(request: Request, session_id: SessionId, body: RenameSessionRequest) -> Response:
    """Rename a session.

    Its id stays; the old name is unknown afterwards. Renaming a session to the name it has changes nothing.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)

    def rename() -> dict[str, str]:
        calls.sessions.rename_session(session.id, body.display_name)
        return _session(calls.sessions, session.id)

    return JsonReply(encode_json(await calls.write(rename)))


@operations.operation("DELETE", "/sessions/{session_id}", SessionList, SHUTTING_DOWN)
async def delete_session(request: Request, session_id: SessionId) -> Response:
    """Delete a session.

    Its datasets and scenarios go with it, and its run is stopped. The reply is the refreshed list: when the last
    session is deleted, a fresh one named `main` takes its place.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)

    def delete() -> bytes:
        calls.sessions.delete_session(session.id)
        return encode_json(_session_list(calls.sessions))

    return await reply(request, await calls.write(delete))


@operations.operation(
    "POST", "/sessions/{session_id}/copy", SessionList, CREATE_FORBIDDEN, NAME_TAKEN, status=201, headers=_LOCATION
)
async def copy_session(request: Request, session_id: SessionId, body: CopySessionRequest) -> Response:
    """Copy a session.

    The copy has the datasets and the scenarios of the original, with new ids; results are kept, unfinished scenarios
    start over as `created`. Later changes to either do not show in the other. The reply is the refreshed list;
    `Location` tells the copy.
    """
    _refuse_if_forbidden(request)
    calls = calls_of(request)
    session = await calls.session(session_id)

    def copy() -> tuple[str, bytes]:
        copy_id = calls.sessions.copy_session(session.id, body.new_display_name)
        return copy_id, encode_json(_session_list(calls.sessions))

    copy_id, sessions = await calls.write(copy)
    return await reply(request, sessions, 201, location(request, "sessions", copy_id))


# --- what a session offers --------------------------------------------------------------------------------------------


@algorithms.operation("GET", "/sessions/{session_id}/algorithms", AlgorithmList)
async def list_algorithms(request: Request, session_id: SessionId) -> Response:
    """List the algorithms.

    Their names are what `algo_name` takes when a scenario is created.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    names = await calls.look_up(lambda: list(session.scenarios.available_algorithms))
    return JsonReply(encode_json({"algorithms": names}))


@algorithms.operation(
    "GET",
    "/sessions/{session_id}/algorithms/{algorithm_name}/parameters",
    ParameterList,
    REFUSED_BY_PROJECT,
    UNEXPECTED,
)
async def get_algorithm_parameters(request: Request, session_id: SessionId, algorithm_name: AlgorithmName) -> Response:
    """Describe the parameters of an algorithm.

    One descriptor per parameter, told apart by `type`. A scenario created with exactly the described values is
    accepted.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)

    def describe() -> dict[str, Any]:
        return describe_parameter_set(session.scenarios.get_algorithm_parameters(algorithm_name))

    described = await calls.write(describe)
    return await reply(request, encode_json({**described, "name": algorithm_name}))


@kpis.operation("GET", "/sessions/{session_id}/kpis", KpiList)
async def list_kpis(request: Request, session_id: SessionId) -> Response:
    """List the KPIs.

    Their names are the keys of every scenario's `kpis`.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    names = await calls.look_up(lambda: list(session.scenarios.available_kpis))
    return JsonReply(encode_json({"kpis": names}))


# --- events -----------------------------------------------------------------------------------------------------------


@events.operation(
    "GET",
    "/sessions/{session_id}/events",
    None,
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
        await calls.scenario(session.id, query.scenario)
    stream = EventStream(request.app.state.waiters)
    seen = request.headers.get("last-event-id")
    stream.listener = await calls.look_up(session.scenarios.listen, stream.wake, seen, query.scenario)
    return stream


# --- the server -------------------------------------------------------------------------------------------------------


@meta.operation("GET", "/health", Health)
async def get_health(request: Request) -> Response:
    """Tell whether the server is alive.

    Meant for liveness probes; needs no token.
    """
    calls = calls_of(request)
    sessions = await calls.look_up(calls.sessions.list_sessions)
    health = {"status": "ok", "title": request.app.state.config.title, "sessions": sessions}
    return await reply(request, encode_json(health))


def _session_list(sessions: CompleteSessionBackend) -> dict[str, Any]:
    return {"sessions": sessions.list_sessions(), "default": sessions.start_session_id}


def _session(sessions: CompleteSessionBackend, session_id: str) -> dict[str, str]:
    return {"id": session_id, "display_name": sessions.get_display_name(session_id)}


def _refuse_if_forbidden(request: Request) -> None:
    if not request.app.state.config.allow_session_create:
        raise ForbiddenError("This server does not allow new sessions.")
