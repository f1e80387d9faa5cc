"""Mutants of several servers: two on one state, of which the second deviates; one that is killed and started again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from ..messages import Json
from ..target.serving import App
from .events import untold
from .general import SCENARIOS
from .reference import reference_app
from .runs import RUN
from .wire import Call, Deviant, Deviation, Forward, Mutant, Reply, answer, instead

LAG = 1.0
MARK = "\u2060"
"""What no reader sees, and makes another name of one that is taken."""
HERE = "algomancy_conformance.mutants.servers"


class Lagging:
    """Reads are answered with what was there up to a second ago."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], tuple[float, Reply]] = {}

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Answer a read that was answered lately as it was then."""
        if call.method != "GET" or call.path.startswith("~"):
            return await forward(call)
        asked = (call.path, call.query)
        when, reply = self.known.get(asked, (0.0, Reply(500)))
        if time.monotonic() - when > LAG:
            reply = await forward(call)
            self.known[asked] = (time.monotonic(), reply)
        return reply


def unique_here_only(route: str, field: str) -> Deviation:
    """A name that another server has given is free here."""

    async def act(call: Call, forward: Forward) -> Reply:
        reply = await forward(call)
        if reply.status != 409 or not isinstance(call.json, dict):
            return reply
        again = await forward(call.sending({**call.json, field: f"{call.json[field]}{MARK}{time.monotonic_ns()}"}))
        return again if again.status != 201 else replace(again, body=again.body.replace(MARK.encode(), b""))

    return instead(route, act)


async def run_once_more(call: Call, forward: Forward) -> Reply:
    """A run that has ended is taken from the queue and done once more."""
    reply = await forward(call)

    async def take() -> None:
        scenario = call.path.removesuffix("/run")
        while (status := await forward(call.to("GET", f"{scenario}/status"))).good:
            if status.json["status"] in ("complete", "failed"):
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        await forward(call.to("POST", f"{scenario}/reset"))
        await forward(call.to("POST", f"{scenario}/run"))

    if reply.status == 202:
        taking.add(task := asyncio.ensure_future(take()))
        task.add_done_callback(taking.discard)
    return reply


taking: set[asyncio.Task[None]] = set()


def also_begun(scenarios: list[dict[str, object]]) -> list[dict[str, object]]:
    """The first scenario of a session that waits is processed here while another one is elsewhere."""
    waiting = next((s["id"] for s in scenarios if s["status"] == "queued"), None)
    return [{**s, "status": "processing"} if s["id"] == waiting else s for s in scenarios]


def forgetful(data_path: str | None = None) -> App:  # noqa: ARG001
    """A server that keeps nothing, whatever it is told."""
    return reference_app()


def lossy_kpis(data_path: str | None = None) -> App:
    """A server whose KPI values are gone once it has been started again."""
    app = reference_app(data_path)
    started_again = len(app.state.session_manager.list_sessions()) > 1

    def blank(body: Json) -> Json:
        return {**body, "kpis": {n: {**k, "value": None} for n, k in body["kpis"].items()}}

    return Deviant(app, answer("GET /sessions/*/scenarios/*", blank) if started_again else None)


async def write_behind(call: Call, forward: Forward) -> Reply:
    """A run is acknowledged now and written down some seconds later."""
    scenario = await forward(call.to("GET", call.path.removesuffix("/run")))
    if scenario.status != 200 or not scenario.json["tag"].startswith("waiting") or scenario.json["tag"].endswith("0"):
        return await forward(call)
    asyncio.get_running_loop().call_later(5, lambda: asyncio.ensure_future(forward(call)))
    return scenario.saying({**scenario.json, "status": "queued"}, 202)


def late_queue(data_path: str | None = None) -> App:
    """A server whose queue is written behind."""
    return Deviant(reference_app(data_path), instead(RUN, write_behind))


def changed_runs(data_path: str | None = None) -> App:
    """A server whose datasets give other runs once it has been started again."""
    app = reference_app(data_path)
    started_again = len(app.state.session_manager.list_sessions()) > 1

    def other(body: Json) -> Json:
        if not str(body.get("tag", "")).startswith("the same"):
            return body
        return {**body, "kpis": {n: {**k, "value": k["value"] and k["value"] + 1} for n, k in body["kpis"].items()}}

    return Deviant(app, answer("GET /sessions/*/scenarios/*", other) if started_again else None)


MUTANTS = [
    Mutant("a replica's reads lag by a second", "GEN-9", Lagging(), replica=True),
    Mutant("a replica's reads lag, modelled", "GEN-9", Lagging(), "model", replica=True),
    Mutant("names are unique per replica", "SES-4", unique_here_only("POST /sessions", "display_name"), replica=True),
    Mutant("tags are unique per replica", "SCN-4", unique_here_only(SCENARIOS, "tag"), replica=True),
    Mutant("a run is taken twice", "SCN-9", instead(RUN, run_once_more), replica=True),
    Mutant(
        "each replica runs one of a session", "SCN-16", answer("GET /sessions/*/scenarios", also_begun), replica=True
    ),
    Mutant("a replica tells nothing of datasets", "EVT-2", untold(b"datasets"), replica=True),
    Mutant("a server that forgets", "DUR-1", factory=f"{HERE}:forgetful"),
    Mutant("two servers that know nothing of each other", "DUR-3", factory=f"{HERE}:forgetful"),
    Mutant("KPI values do not survive", "DUR-1", factory=f"{HERE}:lossy_kpis"),
    Mutant("the queue is written behind", "DUR-2", factory=f"{HERE}:late_queue"),
    Mutant("datasets give other runs after a restart", "DUR-4", factory=f"{HERE}:changed_runs"),
]
