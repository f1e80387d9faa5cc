"""Mutants of the durability clauses: servers of their own, for they are killed and started again."""

from __future__ import annotations

import asyncio

from ..messages import Json
from ..target.serving import App
from .reference import reference_app
from .wire import Call, Deviant, Forward, Mutant, Reply, answer, instead

HERE = "algomancy_conformance.mutants.durability"
RUN = "POST /sessions/*/scenarios/*/run"


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
    Mutant("a server that forgets", "DUR-1", factory=f"{HERE}:forgetful"),
    Mutant("two servers that know nothing of each other", "DUR-3", factory=f"{HERE}:forgetful"),
    Mutant("KPI values do not survive", "DUR-1", factory=f"{HERE}:lossy_kpis"),
    Mutant("the queue is written behind", "DUR-2", factory=f"{HERE}:late_queue"),
    Mutant("datasets give other runs after a restart", "DUR-4", factory=f"{HERE}:changed_runs"),
]
