"""Scenarios: created, run, watched, read (contract SCN)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from starlette.responses import Response

from algomancy_api.backend import CompleteScenario, CompleteScenarioBackend, Listener
from algomancy_api.backend_calls import BackendCalls, calls_of, unknown_scenario
from algomancy_api.errors import (
    BAD_PARAMETER,
    NOT_CANCELLABLE,
    NOT_OFFERED,
    NOT_RESETTABLE,
    NOT_RUNNABLE,
    SHUTTING_DOWN,
    TAG_TAKEN,
    UNKNOWN_ALGORITHM,
    UNKNOWN_DATASET,
)
from algomancy_api.http.replies import CONDITIONAL, JsonReply, conditional_reply, encode_json, location, reply
from algomancy_api.http.waiting import (
    DOCUMENTED_PARAMETERS,
    PREFERENCE_APPLIED,
    preferred_wait,
    reply_on_change,
)
from algomancy_api.routers.operation import Link, Operations, ScenarioId, SessionId
from algomancy_api.schemas import (
    CreateScenarioRequest,
    RunCounts,
    Scenario,
    ScenarioListQuery,
    ScenarioStatus,
    ScenarioSummary,
    ScenarioView,
)

operations = Operations(
    "Scenarios",
    "A scenario is a dataset, an algorithm and its parameters. It is created, run in the background, polled for its "
    "status, and read with its result and KPIs. At most one scenario of a session runs at a time, first come, first "
    "served.",
)

_SAME_SCENARIO = {"session_id": "$request.path.session_id", "scenario_id": "$request.path.scenario_id"}
_NEW_SCENARIO = {"session_id": "$request.path.session_id", "scenario_id": "$response.body#/id"}


@operations.operation(
    "GET",
    "/sessions/{session_id}/scenarios",
    list[Scenario] | list[ScenarioSummary],
    headers={**CONDITIONAL, "Link": 'Where the neighbouring pages are, with `limit` only: `rel="next"`, `rel="prev"`.'},
    hot=1,
)
async def list_scenarios(
    request: Request, session_id: SessionId, query: Annotated[ScenarioListQuery, Query()]
) -> Response:
    """List the scenarios.

    All of them with everything, oldest first, unless the query asks for summaries or for a page.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    listed = await calls.look_up(session.scenarios.list_scenarios)
    part = listed[query.offset : None if query.limit is None else query.offset + query.limit]
    at_hand = query.view is ScenarioView.SUMMARY or all(map(_is_at_hand, part))
    collect = calls.look_up if at_hand and len(part) <= calls.inline_scenarios else calls.transfer
    scenarios = await collect(_list_json, session.scenarios, part, query)
    path = location(request, "sessions", session.id, "scenarios")["Location"]
    return await conditional_reply(request, scenarios, _page_links(path, query, len(listed)))


@operations.operation(
    "POST",
    "/sessions/{session_id}/scenarios",
    Scenario,
    UNKNOWN_ALGORITHM,
    UNKNOWN_DATASET,
    TAG_TAKEN,
    BAD_PARAMETER,
    status=201,
    headers={"Location": "Path of the new scenario."},
    hot=1,
    links={
        "get": Link("get_scenario", _NEW_SCENARIO, "Reads the scenario."),
        "run": Link("run_scenario", _NEW_SCENARIO, "Runs the scenario."),
        "status": Link("get_scenario_status", _NEW_SCENARIO, "Shows where the scenario stands."),
        "delete": Link("delete_scenario", _NEW_SCENARIO, "Deletes the scenario."),
    },
)
async def create_scenario(request: Request, session_id: SessionId, body: CreateScenarioRequest) -> Response:
    """Create a scenario.

    It stays `created` until it is run, unless the server is configured to run scenarios at once. Parameters left out
    take the values that their descriptors show.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)

    def create() -> tuple[str, bytes]:
        scenario = session.scenarios.create_scenario(
            body.tag, body.dataset_key, body.algo_name, body.algo_params, body.data_params
        )
        return scenario.id, scenario.to_json_bytes()

    scenario_id, content = await calls.write(create)
    return await reply(request, content, 201, location(request, "sessions", session.id, "scenarios", scenario_id))


@operations.operation(
    "GET",
    "/sessions/{session_id}/scenarios/{scenario_id}",
    Scenario,
    headers=CONDITIONAL | PREFERENCE_APPLIED,
    extra=DOCUMENTED_PARAMETERS,
    hot=2,
)
async def get_scenario(request: Request, session_id: SessionId, scenario_id: ScenarioId) -> Response:
    """Show a scenario.

    With its KPIs and its result, once it ran. A request with `If-None-Match` and `Prefer: wait=N` is answered when it
    has changed.
    """
    if (seconds := preferred_wait(request)) is not None:
        return await _when_changed(request, session_id, scenario_id, seconds, lambda found: found.to_json_bytes())
    calls = calls_of(request)
    _, scenario = await calls.scenario(session_id, scenario_id)
    read = calls.look_up if _is_at_hand(scenario) else calls.transfer
    return await conditional_reply(request, await read(scenario.to_json_bytes))


@operations.operation("DELETE", "/sessions/{session_id}/scenarios/{scenario_id}", None, SHUTTING_DOWN, status=204)
async def delete_scenario(request: Request, session_id: SessionId, scenario_id: ScenarioId) -> Response:
    """Delete a scenario.

    Its run is stopped if there is one, and the next in the queue starts. Its tag is free again.
    """
    calls = calls_of(request)
    session, scenario = await calls.scenario(session_id, scenario_id)

    def delete() -> None:
        if not session.scenarios.delete_scenario(scenario.id):
            raise unknown_scenario(scenario_id)  # Another request was first.

    await calls.write(delete)
    return Response(status_code=204)


@operations.operation(
    "POST",
    "/sessions/{session_id}/scenarios/{scenario_id}/run",
    Scenario,
    NOT_RUNNABLE,
    status=202,
    links={
        "status": Link("get_scenario_status", _SAME_SCENARIO, "Shows where the scenario stands."),
        "get": Link("get_scenario", _SAME_SCENARIO, "Reads the scenario."),
        "cancel": Link("cancel_scenario", _SAME_SCENARIO, "Cancels the run."),
    },
)
async def run_scenario(request: Request, session_id: SessionId, scenario_id: ScenarioId) -> Response:
    """Run a scenario.

    It joins the queue of its session and the reply comes at once; poll its status to see it end. One that has ended
    is to be reset first.
    """
    calls = calls_of(request)
    session, scenario = await calls.scenario(session_id, scenario_id)

    def run() -> bytes:
        session.scenarios.process_scenario_async(scenario)
        return scenario.to_json_bytes()

    return await reply(request, await calls.write(run), 202)


@operations.operation(
    "GET",
    "/sessions/{session_id}/scenarios/{scenario_id}/status",
    ScenarioStatus,
    headers={"ETag": "Names this very body, when `Prefer` asked for `wait=N`."} | PREFERENCE_APPLIED,
    extra=DOCUMENTED_PARAMETERS,
    hot=3,
)
async def get_scenario_status(request: Request, session_id: SessionId, scenario_id: ScenarioId) -> Response:
    """Show where a scenario stands.

    Small and quick: made for polling. With `Prefer: wait=N` the reply has an `ETag`, and a request that sends it back
    in `If-None-Match` is answered when the status has changed.
    """
    if (seconds := preferred_wait(request)) is not None:
        return await _when_changed(request, session_id, scenario_id, seconds, lambda found: found.status_json_bytes())
    calls = calls_of(request)
    return JsonReply(await calls.look_up(_status_json, calls, session_id, scenario_id))


@operations.operation(
    "POST",
    "/sessions/{session_id}/scenarios/{scenario_id}/reset",
    Scenario,
    NOT_RESETTABLE,
    links={"run": Link("run_scenario", _SAME_SCENARIO, "Runs the scenario again.")},
)
async def reset_scenario(request: Request, session_id: SessionId, scenario_id: ScenarioId) -> Response:
    """Reset a scenario.

    Forgets its result and KPI values: it is `created` again, and can be run again.
    """
    session, scenario = await calls_of(request).scenario(session_id, scenario_id)
    return await _act(request, session.scenarios.reset_scenario, scenario, 200)


@operations.operation(
    "POST",
    "/sessions/{session_id}/scenarios/{scenario_id}/cancel",
    Scenario,
    NOT_CANCELLABLE,
    status=202,
    links={"status": Link("get_scenario_status", _SAME_SCENARIO, "Shows where the scenario stands.")},
)
async def cancel_scenario(request: Request, session_id: SessionId, scenario_id: ScenarioId) -> Response:
    """Cancel a scenario.

    Takes it from the queue or stops its run: it ends as `failed`, with `{"error": "Cancelled"}` as result.
    """
    session, scenario = await calls_of(request).scenario(session_id, scenario_id)
    return await _act(request, session.scenarios.cancel_scenario, scenario, 202)


@operations.operation("GET", "/sessions/{session_id}/processing", Scenario | None)
async def get_processing(request: Request, session_id: SessionId) -> Response:
    """Show the scenario that is running.

    `null` when none is.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    return await reply(request, await calls.look_up(_processing_json, session.scenarios))


@operations.operation("GET", "/runs", RunCounts, NOT_OFFERED)
async def get_runs(request: Request) -> Response:
    """Count the runs.

    Those of all sessions: how many there are, how many wait, and where they happen.
    """
    calls = calls_of(request)
    return await reply(request, encode_json(await calls.look_up(calls.sessions.count_runs)))


def _status_json(calls: BackendCalls, session_id: str, scenario_id: str) -> bytes:
    return calls.known_scenario(session_id, scenario_id)[1].status_json_bytes()


async def _when_changed(
    request: Request, session_id: str, scenario_id: str, seconds: int, encode: Callable[[CompleteScenario], bytes]
) -> Response:
    """Answer with what a scenario is when that has changed, or after a while."""
    calls = calls_of(request)
    session, _ = await calls.scenario(session_id, scenario_id)

    async def listen(wake: Callable[[], None]) -> Listener:
        return await calls.look_up(session.scenarios.listen, wake, None, scenario_id)

    async def read() -> bytes:
        # Looked for again each time, and by the id: it may be gone by now, and the session have another name.
        _, scenario = await calls.scenario(session.id, scenario_id)
        return await calls.look_up(encode, scenario)

    return await reply_on_change(request, seconds, listen, read)


async def _act(request: Request, action: Callable[[str], Any], scenario: CompleteScenario, status: int) -> Response:
    """Call a method that takes a scenario's id, and show the scenario afterwards."""

    def act() -> bytes:
        action(scenario.id)
        return scenario.to_json_bytes()

    return await reply(request, await calls_of(request).write(act), status)


def _processing_json(scenarios: CompleteScenarioBackend) -> bytes:
    scenario = scenarios.currently_processing
    return b"null" if scenario is None else scenario.to_json_bytes()


def _is_at_hand(scenario: CompleteScenario) -> bool:
    return bool(getattr(scenario, "at_hand", True))


def _list_json(scenarios: CompleteScenarioBackend, part: Sequence[CompleteScenario], query: ScenarioListQuery) -> bytes:
    """Return the part of the list that a query asks for as JSON."""
    if query.view is ScenarioView.FULL and query.limit is None and query.offset == 0:
        return scenarios.scenarios_as_bytes()
    if query.view is ScenarioView.SUMMARY:
        return b"[" + b",".join([each.summary_json_bytes() for each in part]) + b"]"
    return b"[" + b",".join([each.to_json_bytes() for each in part]) + b"]"


def _page_links(path: str, query: ScenarioListQuery, total: int) -> dict[str, str]:
    """Return the `Link` header of one page, or nothing when no `limit` divides the list into pages.

    Args:
        path: Path of the list.
        query: What was asked for.
        total: How many scenarios there are in all.
    """
    if query.limit is None:
        return {}
    pages = []
    if query.offset + query.limit < total:
        pages.append(("next", query.offset + query.limit))
    if query.offset > 0:
        pages.append(("prev", max(0, query.offset - query.limit)))
    links = ", ".join(f'<{_page(path, query, offset)}>; rel="{relation}"' for relation, offset in pages)
    return {"Link": links} if links else {}


def _page(path: str, query: ScenarioListQuery, offset: int) -> str:
    parameters: dict[str, object] = {"limit": query.limit, "offset": offset}
    if query.view is not ScenarioView.FULL:
        parameters["view"] = query.view.value
    return f"{path}?{urlencode(parameters)}"
