"""Mutants of the clauses on runs: status, progress, queue, reset and cancel."""

from __future__ import annotations

import asyncio
import itertools

from ..messages import Json
from ..target.serving import App
from .reference import certified_app
from .wire import Call, Deviant, Forward, Mutant, Reply, answer, instead, matches, pretend, refusal, status

RUN = "POST /sessions/*/scenarios/*/run"
ONE = "GET /sessions/*/scenarios/*"
STATUS = "GET /sessions/*/scenarios/*/status"
PROCESSING = "GET /sessions/*/processing"
LIST = "GET /sessions/*/scenarios"


def when(state: str, **more: Json) -> Json:
    """A scenario or status with other members while it is in one state."""
    return lambda body: {**body, **more} if isinstance(body, dict) and body.get("status") == state else body


def kpis_are(value: Json, state: str) -> Json:
    """A scenario whose KPIs have another value in one state."""

    def change(body: Json) -> Json:
        if body and body.get("status") == state:
            body["kpis"] = {n: {**k, "value": value} for n, k in body["kpis"].items()}
        return body

    return change


class Falling:
    """Progress that falls at every other look."""

    def __init__(self) -> None:
        self.looks = itertools.count()

    def __call__(self, body: Json) -> Json:
        """Halve it."""
        return {**body, "progress": body["progress"] / 2} if next(self.looks) % 2 else body


class Flickering:
    """A status that is back at queued at every other look."""

    def __init__(self) -> None:
        self.looks = itertools.count()

    def __call__(self, body: Json) -> Json:
        """Go back."""
        return {**body, "status": "queued"} if body["status"] == "processing" and next(self.looks) % 2 else body


class LastInFirstOut:
    """A queue that is a stack: the second to come is put before the first."""

    def __init__(self) -> None:
        self.waiting: set[asyncio.Task[Reply]] = set()
        self.seen: dict[str, int] = {}

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Hold the second run of a session back until the third has come."""
        number = self.seen[call.parts[1]] = self.seen.get(call.parts[1], 0) + 1
        if number != 2:
            return await forward(call)
        scenario = await forward(call.to("GET", call.path.removesuffix("/run")))

        async def later() -> Reply:
            await asyncio.sleep(0.4)
            return await forward(call)

        task = asyncio.ensure_future(later())
        self.waiting.add(task)
        return scenario.saying({**scenario.json, "status": "queued"}, 202)


def all_at_once(body: Json) -> Json:
    """What is queued is shown as processing."""
    return [{**s, "status": "processing" if s["status"] == "queued" else s["status"]} for s in body]


class Unstoppable:
    """A deletion that hides a running scenario and lets it run on."""

    def __init__(self) -> None:
        self.hidden: set[str] = set()

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Hide instead of stop."""
        if matches(call, "DELETE /sessions/*/scenarios/*"):
            scenario = (await forward(call.to("GET", call.path))).json
            if scenario.get("status") == "processing":
                self.hidden.add(scenario["id"])
                return Reply(204)
        if matches(call, "* /sessions/*/scenarios/*/**") and call.parts[3] in self.hidden:
            return Reply(404, b'{"detail": "There is no such scenario."}')
        return await forward(call)


async def rerun(call: Call, forward: Forward) -> Reply:
    """Running again what runs is acknowledged."""
    reply = await forward(call)
    scenario = await forward(call.to("GET", call.path.removesuffix("/run")))
    return scenario.saying(scenario.json, 202) if reply.status == 409 else reply


def half_reset(body: Json) -> Json:
    """A reset that leaves the result."""
    return {**body, "result": {"left": "over"}}


async def queued_stay(call: Call, forward: Forward) -> Reply:
    """What is queued is not deleted."""
    scenario = await forward(call.to("GET", call.path))
    queued = scenario.good and scenario.json["status"] == "queued"
    return refusal(409, "The scenario is queued.") if queued else await forward(call)


async def failed_stay(call: Call, forward: Forward) -> Reply:
    """What has failed is not reset."""
    scenario = await forward(call.to("GET", call.path.removesuffix("/reset")))
    failed = scenario.good and scenario.json["status"] == "failed"
    return refusal(409, "The scenario has failed.") if failed else await forward(call)


class OneProcessor:
    """A server that shows what it processes, whichever session is asked."""

    def __init__(self) -> None:
        self.sessions: set[str] = set()

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Look into every session there has been a run in."""
        reply = await forward(call)
        if matches(call, RUN) and reply.good:
            self.sessions.add(call.parts[1])
        if matches(call, PROCESSING) and reply.body == b"null":
            for session in self.sessions:
                other = await forward(call.to("GET", f"/sessions/{session}/processing"))
                reply = other if other.good and other.json else reply
        return reply


async def acknowledge_only(call: Call, forward: Forward) -> Reply:
    """Say queued and do nothing."""
    scenario = await forward(call.to("GET", call.path.removesuffix("/run")))
    return scenario.saying({**scenario.json, "status": "queued"}, 202) if scenario.status == 200 else scenario


def in_capitals(body: Json) -> Json:
    """Whatever has a status has it in capitals."""
    for thing in body if isinstance(body, list) else [body]:
        if isinstance(thing, dict) and isinstance(thing.get("status"), str):
            thing["status"] = thing["status"].upper()
    return body


def never_failed(data_path: str | None = None) -> App:
    """A server on which a run that has failed is processing for ever."""
    return Deviant(
        certified_app(data_path), answer("GET /sessions/*/scenarios/**", when("failed", status="processing"))
    )


def unstoppable(data_path: str | None = None) -> App:
    """A server on which what is deleted runs on until it is done."""
    return Deviant(certified_app(data_path), Unstoppable())


HERE = "algomancy_conformance.mutants.runs"


async def racing_runs(call: Call, forward: Forward) -> Reply:
    """Check, then act: whoever asks while the scenario is still created has it run."""
    before = await forward(call.to("GET", call.path.removesuffix("/run")))
    reply = await forward(call)
    raced = reply.status == 409 and before.good and before.json["status"] == "created"
    return before.saying({**before.json, "status": "queued"}, 202) if raced else reply


async def cancelled_runs(call: Call, forward: Forward) -> Reply:
    """What is cancelled while it is queued stays in the queue."""
    path = call.path.removesuffix("/cancel")
    before = await forward(call.to("GET", f"{path}/status"))
    reply = await forward(call)

    async def run() -> None:
        await asyncio.sleep(0.05)
        await forward(call.to("POST", f"{path}/reset"))
        await forward(call.to("POST", f"{path}/run"))

    if reply.status == 202 and before.json["status"] == "queued":
        kept_alive.add(task := asyncio.ensure_future(run()))
        task.add_done_callback(kept_alive.discard)
    return reply


kept_alive: set[asyncio.Task[None]] = set()


MUTANTS = [
    Mutant("run is 200", "SCN-6", status(RUN, 200, 202)),
    Mutant("run answers created", "SCN-6", answer(RUN, lambda b: {**b, "status": "created"})),
    Mutant("run runs nothing", "SCN-6", instead(RUN, acknowledge_only)),
    Mutant("run of nothing is 409", "SCN-6", status(RUN, 409, 404)),
    Mutant("what is queued is not deleted", "SCN-5", instead("DELETE /sessions/*/scenarios/*", queued_stay)),
    Mutant("runs in a race", "SCN-7", instead(RUN, racing_runs)),
    Mutant("running twice", "SCN-7", instead(RUN, rerun)),
    Mutant("progress that falls", "SCN-18", answer(STATUS, Falling())),
    Mutant("progress as a fraction", "SCN-8", answer(STATUS, lambda b: {**b, "progress": b["progress"] / 100})),
    Mutant("progress over 100", "SCN-8", answer(STATUS, when("processing", progress=101))),
    Mutant("complete at 99", "SCN-18", answer(STATUS, when("complete", progress=99))),
    Mutant("status with a result", "SCN-8", answer(STATUS, lambda b: {**b, "result": None})),
    Mutant("a result in a list", "SCN-10", answer(ONE, lambda b: {**b, "result": b["result"] and [b["result"]]})),
    Mutant("processing, queued, processing", "SCN-9", answer(STATUS, Flickering())),
    Mutant("statuses in capitals", "SCN-9", answer("* /sessions/*/**", in_capitals)),
    Mutant("never processing", "SCN-9", answer(STATUS, when("processing", status="queued"))),
    Mutant("complete without a result", "SCN-10", answer(ONE, when("complete", result=None))),
    Mutant("complete without KPIs", "SCN-10", answer(ONE, kpis_are(None, "complete"))),
    Mutant("KPIs as text", "SCN-10", answer(ONE, kpis_are("12", "complete"))),
    Mutant("failed without a reason", "SCN-10", answer(ONE, when("failed", result=None))),
    Mutant("the reason as text", "SCN-10", answer(ONE, when("failed", result="it failed"))),
    Mutant("nothing ever processes", "SCN-11", pretend(PROCESSING, Reply(200, b"null"))),
    Mutant("idle is an object", "SCN-11", answer(PROCESSING, lambda b: b or {})),
    Mutant("idle is 404", "SCN-11", status(PROCESSING, 404, 200, {"detail": "Nothing is processing."})),
    Mutant("processing shows the id", "SCN-11", answer(PROCESSING, lambda b: b and b["id"])),
    Mutant("one processing for all sessions", "SCN-11", OneProcessor()),
    Mutant("one processing for all sessions", "SES-10", OneProcessor()),
    Mutant("what has failed is not reset", "SCN-12", instead("POST /sessions/*/scenarios/*/reset", failed_stay)),
    Mutant("reset leaves the result", "SCN-12", answer("POST /sessions/*/scenarios/*/reset", half_reset)),
    Mutant("reset while it runs", "SCN-12", status("POST /sessions/*/scenarios/*/reset", 200, 409)),
    Mutant("cancel completes", "SCN-13", answer(ONE, when("failed", result={"error": "stopped"}))),
    Mutant("what is cancelled is run", "SCN-13", instead("POST /sessions/*/scenarios/*/cancel", cancelled_runs)),
    Mutant("cancel of what is new", "SCN-13", status("POST /sessions/*/scenarios/*/cancel", 202, 409)),
    Mutant("KPI sentinel after a failure", "SCN-14", answer(ONE, kpis_are(0, "failed"))),
    Mutant("last in, first out", "SCN-16", instead(RUN, LastInFirstOut())),
    Mutant("all at once", "SCN-16", answer(LIST, all_at_once)),
    Mutant("deleted runs go on", "SCN-17", Unstoppable()),
    Mutant("who dies is processing for ever", "SCN-19", factory=f"{HERE}:never_failed"),
    Mutant("silent runs go on", "SCN-20", factory=f"{HERE}:unstoppable"),
]
