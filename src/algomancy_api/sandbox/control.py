"""The control API: what steers the worlds of a sandbox."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from algomancy_api.errors import ConflictError, Failure, InvalidRequestError, NotFoundError
from algomancy_api.http.names import listed
from algomancy_api.http.replies import encode_json, reply
from algomancy_api.routers import GROUPS
from algomancy_api.routers.operation import Link, Operations
from algomancy_api.sandbox import models
from algomancy_api.sandbox.fixture import Fixture, NamedScript, RunScript, ScriptList
from algomancy_api.sandbox.models import (
    Advance,
    Clock,
    ClockMode,
    ClockSetting,
    Fault,
    FaultList,
    FixtureList,
    NewFault,
    NewSnapshot,
    NewWorld,
    RequestList,
    RequestQuery,
    WorldList,
)
from algomancy_api.sandbox.worlds import DEFAULT, World, Worlds

worlds = Operations("Worlds", "Servers side by side, each with sessions, a clock, faults and a log of its own.")
clock = Operations("Clock", "What time it is in a world, and when what is due there happens.")
runs = Operations("Runs", "How runs go and end, before they start or while they are under way.")
faults = Operations("Faults", "What is to go wrong.")
requests = Operations("Requests", "What a frontend has sent, and what it got.")

CONTROL_GROUPS = (worlds, clock, runs, faults, requests)

UNKNOWN_WORLD = Failure(NotFoundError, "There is no such world.")
UNKNOWN_FIXTURE = Failure(NotFoundError, "There is no such fixture.")
UNKNOWN_SNAPSHOT = Failure(NotFoundError, "The world has no such snapshot.")
UNKNOWN_SCRIPT = Failure(NotFoundError, "The world has no script for these runs.")
UNKNOWN_FAULT = Failure(NotFoundError, "The world has no such fault.")
WORLD_TAKEN = Failure(ConflictError, "A world has this name already, or there are too many.")
DEFAULT_WORLD = Failure(ConflictError, "The default world cannot be dropped.")
CLOCK_RUNS = Failure(ConflictError, "The clock runs by itself, or something is still at work after a minute.")

WorldPath = Annotated[
    str, Path(description="Name of the world; the one that is always there is `default`."), UNKNOWN_WORLD
]
SnapshotPath = Annotated[str, Path(description="Name of the snapshot."), UNKNOWN_SNAPSHOT]
ScenarioPath = Annotated[str, Path(description="Id of a scenario, its tag, or a pattern of tags such as `nightly*`.")]
FaultPath = Annotated[str, Path(description="Id of the fault."), UNKNOWN_FAULT]

_NEW = {"world": "$response.body#/name"}
_API = {operation.name: operation for group in GROUPS for operation in group.all}


@worlds.operation("GET", "/worlds", WorldList)
async def list_worlds(request: Request) -> Response:
    """List the worlds."""
    found = await _worlds(request).calls.run(_worlds(request).all)
    return await _reply(request, WorldList(worlds=[_shown(request, each) for each in found]))


@worlds.operation(
    "POST",
    "/worlds",
    models.World,
    UNKNOWN_FIXTURE,
    WORLD_TAKEN,
    status=201,
    headers={"Location": "Path of the new world."},
    links={
        "get": Link("get_world", _NEW, "Shows the world."),
        "reset": Link("reset_world", _NEW, "Takes the world back to its fixture."),
        "drop": Link("drop_world", _NEW, "Drops the world."),
    },
)
async def create_world(request: Request, body: NewWorld) -> Response:
    """Create a world.

    Its API begins at `base_url`. It shares nothing with others: tests in parallel each make one of their own. Without a
    request for `idle_ttl` seconds it is dropped.
    """
    world = await _worlds(request).calls.run(_worlds(request).create, body)
    where = {"Location": f"{request.scope.get('root_path', '')}/sandbox/worlds/{world.name}"}
    return await _reply(request, _shown(request, world), 201, where)


@worlds.operation("GET", "/worlds/{world}", models.World)
async def get_world(request: Request, world: WorldPath) -> Response:
    """Show a world."""
    return await _reply(request, _shown(request, _worlds(request).known(world)))


@worlds.operation("DELETE", "/worlds/{world}", None, DEFAULT_WORLD, status=204)
async def drop_world(request: Request, world: WorldPath) -> Response:
    """Drop a world."""
    await _worlds(request).calls.run(_worlds(request).drop, world)
    return Response(status_code=204)


@worlds.operation("POST", "/worlds/{world}/reset", models.World)
async def reset_world(request: Request, world: WorldPath) -> Response:
    """Reset a world to its fixture.

    Sessions, scripts and clock are as they were at first, ids begin anew where there is a seed; there are no faults,
    and the log is empty. Snapshots stay.
    """
    found = _worlds(request).known(world)
    await _worlds(request).calls.run(found.reset)
    return await _reply(request, _shown(request, found))


@worlds.operation("POST", "/worlds/{world}/snapshots", models.World, status=201)
async def take_snapshot(request: Request, world: WorldPath, body: NewSnapshot) -> Response:
    """Take a snapshot of a world.

    Runs by script go on from there when it is restored; what an algorithm has begun starts over.
    """
    found = _worlds(request).known(world)
    await _worlds(request).calls.run(found.take_snapshot, body.name)
    return await _reply(request, _shown(request, found), 201)


@worlds.operation("POST", "/worlds/{world}/snapshots/{snapshot}/restore", models.World)
async def restore_snapshot(request: Request, world: WorldPath, snapshot: SnapshotPath) -> Response:
    """Restore a snapshot of a world.

    Faults and log stay as they are. A manual clock goes back too.
    """
    found = _worlds(request).known(world)
    await _worlds(request).calls.run(found.restore, snapshot)
    return await _reply(request, _shown(request, found))


@worlds.operation("GET", "/fixtures", FixtureList)
async def list_fixtures(request: Request) -> Response:
    """List the fixtures that worlds may begin with."""
    return await _reply(request, FixtureList(fixtures=_worlds(request).fixtures.names))


@worlds.operation("GET", "/fixture-schema", dict[str, Any])
async def get_fixture_schema(request: Request) -> Response:
    """Show the JSON schema of a fixture of one's own."""
    return await reply(request, encode_json(Fixture.model_json_schema()))


@clock.operation("GET", "/worlds/{world}/clock", Clock)
async def get_clock(request: Request, world: WorldPath) -> Response:
    """Show a world's clock."""
    return await _reply(request, _clock(_worlds(request).known(world)))


@clock.operation("PUT", "/worlds/{world}/clock", Clock)
async def set_clock(request: Request, world: WorldPath, body: ClockSetting) -> Response:
    """Set how a clock moves: as time does, by a factor, or only when told."""
    found = _worlds(request).known(world)
    await _worlds(request).calls.run(found.clock.set_rate, body.rate)
    return await _reply(request, _clock(found))


@clock.operation("POST", "/worlds/{world}/clock/advance", Clock, CLOCK_RUNS)
async def advance_clock(request: Request, world: WorldPath, body: Advance) -> Response:
    """Move a manual clock.

    The reply comes when everything that was due has happened, in its order: runs have ended and the next of their
    session have begun, delayed replies are sent. Runs without a script are left to their algorithms and waited for.
    """
    found = _worlds(request).known(world)
    await _worlds(request).calls.run(found.clock.advance, body.seconds)
    return await _reply(request, _clock(found))


@runs.operation("GET", "/worlds/{world}/runs", ScriptList)
async def list_scripts(request: Request, world: WorldPath) -> Response:
    """List the scripts of runs."""
    scripts = _worlds(request).known(world).runs.scripts
    listed_scripts = [NamedScript(scenario=name, script=script) for name, script in list(scripts.items())]
    return await _reply(request, ScriptList(runs=listed_scripts))


@runs.operation("PUT", "/worlds/{world}/runs/{scenario:path}", NamedScript)
async def script_run(request: Request, world: WorldPath, scenario: ScenarioPath, body: RunScript) -> Response:
    """Script runs.

    Those under way go on so from now on. KPIs and result that are left out come from the algorithm. The script of an id
    goes before that of a tag, and that before a pattern's.
    """
    found = _worlds(request).known(world)
    unknown = [name for name in body.kpis or {} if name not in request.app.state.config.kpis]
    if unknown:
        known = listed(request.app.state.config.kpis)
        raise InvalidRequestError(f"Field 'kpis': there is no KPI {listed(unknown)}; there are {known}.")
    await _worlds(request).calls.run(found.runs.put_script, scenario, body)
    return await _reply(request, NamedScript(scenario=scenario, script=body))


@runs.operation("DELETE", "/worlds/{world}/runs/{scenario:path}", None, UNKNOWN_SCRIPT, status=204)
async def unscript_run(request: Request, world: WorldPath, scenario: ScenarioPath) -> Response:
    """Delete the script of runs."""
    found = _worlds(request).known(world)
    if scenario not in found.runs.scripts:
        raise NotFoundError(f"The world has no script for {listed([scenario])}; it has {listed(found.runs.scripts)}.")
    await _worlds(request).calls.run(found.runs.put_script, scenario, None)
    return Response(status_code=204)


@faults.operation("GET", "/worlds/{world}/faults", FaultList)
async def list_faults(request: Request, world: WorldPath) -> Response:
    """List the faults, with how often each has happened."""
    found = _worlds(request).known(world)
    return await _reply(request, FaultList(faults=[each.model() for each in found.faults.all()]))


@faults.operation("POST", "/worlds/{world}/faults", Fault, status=201)
async def create_fault(request: Request, world: WorldPath, body: NewFault) -> Response:
    """Create a fault.

    The first fault that fits a request and happens is the only one. Statuses are those that the operation documents;
    what else the contract forbids needs `allow_contract_breach`.
    """
    return await _reply(request, _worlds(request).known(world).faults.add(body, _API).model(), 201)


@faults.operation("DELETE", "/worlds/{world}/faults", None, status=204)
async def delete_faults(request: Request, world: WorldPath) -> Response:
    """Delete all faults."""
    _worlds(request).known(world).faults.clear()
    return Response(status_code=204)


@faults.operation("DELETE", "/worlds/{world}/faults/{fault}", None, status=204)
async def delete_fault(request: Request, world: WorldPath, fault: FaultPath) -> Response:
    """Delete a fault."""
    _worlds(request).known(world).faults.remove(fault)
    return Response(status_code=204)


@requests.operation("GET", "/worlds/{world}/requests", RequestList)
async def list_requests(request: Request, world: WorldPath, query: Annotated[RequestQuery, Query()]) -> Response:
    """List the requests that a world was sent, and what it answered.

    The last 10,000 of them. Preflights of browsers are not among them, nor is what steers the world.
    """
    log = _worlds(request).known(world).log
    found = await _worlds(request).calls.run(lambda: RequestList(requests=log.find(query)).model_dump_json().encode())
    return await reply(request, found)


@requests.operation("DELETE", "/worlds/{world}/requests", None, status=204)
async def forget_requests(request: Request, world: WorldPath) -> Response:
    """Forget the requests so far."""
    _worlds(request).known(world).log.clear()
    return Response(status_code=204)


def _worlds(request: Request) -> Worlds:
    found: Worlds = request.app.state.worlds
    return found


async def _reply(
    request: Request, model: BaseModel, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return await reply(request, model.model_dump_json().encode(), status, headers)


def _clock(world: World) -> Clock:
    rate = world.clock.rate
    mode = {0.0: ClockMode.MANUAL, 1.0: ClockMode.REAL}.get(rate, ClockMode.SCALED)
    return Clock(mode=mode, factor=rate if mode is ClockMode.SCALED else None, now=world.clock.now())


def _shown(request: Request, world: World) -> models.World:
    path = "" if world.name == DEFAULT else f"/worlds/{world.name}"
    root = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
    return models.World(
        name=world.name,
        base_url=f"{root}{path}{request.app.state.config.prefix}",
        fixture=world.fixture,
        seed=world.seed,
        clock=_clock(world),
        sessions=len(world.sessions.list_sessions()),
        snapshots=list(world.snapshots),
        requests=len(world.log),
        idle_ttl=world.idle_ttl,
    )
