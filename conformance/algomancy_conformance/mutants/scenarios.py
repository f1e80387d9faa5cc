"""Mutants of the clauses on algorithms, KPIs and scenarios at rest."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote

from ..messages import Json
from .wire import Call, Forward, Mutant, Reply, answer, instead, matches, pretend, refusal, request, status

CREATE = "POST /sessions/*/scenarios"
ONE = "GET /sessions/*/scenarios/*"
LIST = "GET /sessions/*/scenarios"
DELETE = "DELETE /sessions/*/scenarios/*"
PARAMETERS = "GET /sessions/*/algorithms/*/parameters"


def each_parameter(change: Json) -> Json:
    """Change every descriptor."""
    return lambda body: {**body, "parameters": [change(dict(p)) for p in body["parameters"]]}


def without(*names: str) -> Json:
    """An object without some members."""
    return lambda thing: {k: v for k, v in thing.items() if k not in names}


def each_kpi(change: Json) -> Json:
    """Change every KPI of a scenario."""
    return lambda body: {**body, "kpis": {n: change(dict(k)) for n, k in body["kpis"].items()}} if body else body


def sentinel(kpi: Json) -> Json:
    """A KPI with -1 for no value."""
    return {**kpi, "value": -1 if kpi["value"] is None else kpi["value"]}


def clamped(body: Json) -> Json:
    """Parameters forced into sane bounds."""
    params = body.get("algo_params") or {}
    bounded = {
        k: min(max(v, 1), 60) if isinstance(v, int) and not isinstance(v, bool) else v for k, v in params.items()
    }
    return {**body, "algo_params": bounded}


async def accept_taken_tags(call: Call, forward: Forward) -> Reply:
    """A taken tag is acknowledged with the scenario that has it."""
    reply = await forward(call)
    if matches(call, CREATE) and reply.status == 409:
        for scenario in (await forward(call.to("GET", call.path))).json:
            if scenario["tag"] == call.json["tag"]:
                return reply.saying(scenario, 201)
    return reply


async def case_blind_tags(call: Call, forward: Forward) -> Reply:
    """A tag that differs in case alone is taken."""
    wanted = (call.json or {}).get("tag")
    if isinstance(wanted, str):
        tags = [s["tag"].lower() for s in (await forward(call.to("GET", call.path))).json]
        if wanted.lower() in tags:
            return refusal(409, "The tag is taken.")
    return await forward(call)


async def racing_tags(call: Call, forward: Forward) -> Reply:
    """Check, then act: whoever asks while the tag is still free gets it."""
    free = call.json["tag"] not in [s["tag"] for s in (await forward(call.to("GET", call.path))).json]
    reply = await forward(call)
    if reply.status == 409 and (free or call.json["tag"].startswith("race")):
        return reply.saying({**call.json, "id": "x"}, 201)
    return reply


async def case_blind_algorithms(call: Call, forward: Forward) -> Reply:
    """An algorithm answers to its name in any case."""
    reply = await forward(call)
    if matches(call, PARAMETERS) and reply.status == 404:
        names = (await forward(call.to("GET", f"/sessions/{call.parts[1]}/algorithms"))).json.get("algorithms", ())
        for name in names:
            if name.lower() == unquote(call.parts[3]).lower():
                return await forward(call.to("GET", call.path.replace(call.parts[3], quote(name, safe=""))))
    return reply


class Zombies:
    """A scenario that is listed again some time after its deletion."""

    def __init__(self) -> None:
        self.dead: dict[str, Any] = {}

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Remember what is deleted while it runs, and list it at the next completion."""
        if matches(call, DELETE):
            scenario = await forward(call.to("GET", call.path))
            if scenario.good and scenario.json["status"] == "processing":
                self.dead[call.parts[1]] = scenario.json
        reply = await forward(call)
        if matches(call, LIST) and call.parts[1] in self.dead and any(s["status"] == "complete" for s in reply.json):
            return reply.saying([*reply.json, self.dead[call.parts[1]]])
        return reply


async def stale_after_delete(call: Call, forward: Forward) -> Reply:
    """The status of a deleted scenario is still answered."""
    reply = await forward(call)
    if matches(call, "GET /sessions/*/scenarios/*/status") and reply.status == 404 and "0000" not in call.parts[3]:
        return reply.saying({"id": call.parts[3], "tag": "t", "status": "created", "progress": 0}, 200)
    return reply


async def tidy_tags(call: Call, forward: Forward) -> Reply:
    """Bad tags are tidied up."""
    tag = (call.json or {}).get("tag")
    if isinstance(tag, str) and tag:
        good = "".join(c for c in tag if c.isprintable())[:255].strip() or "untitled"
        return await forward(call.sending({**call.json, "tag": good}))
    return await forward(call)


async def short_tags(call: Call, forward: Forward) -> Reply:
    """A tag's length is counted in bytes."""
    tag = (call.json or {}).get("tag")
    return refusal(422, "tag: too long") if isinstance(tag, str) and len(tag.encode()) > 255 else await forward(call)


async def crash_on_failed(call: Call, forward: Forward) -> Reply:
    """The list breaks over one scenario."""
    reply = await forward(call)
    bad = reply.good and any(s["status"] == "failed" for s in reply.json)
    return refusal(500, "Internal server error") if bad else reply


def parameters_as_text(body: Json) -> Json:
    """A scenario whose algorithm's parameters are the JSON text of an object."""
    return {**body, "algorithm": {**body["algorithm"], "parameters": json.dumps(body["algorithm"]["parameters"])}}


async def truth_for_one(call: Call, forward: Forward) -> Reply:
    """A boolean is taken for a number."""
    body = call.json
    if isinstance(body, dict) and isinstance(body.get("algo_params"), dict):
        params = {k: 1 if v is True and k == "duration" else v for k, v in body["algo_params"].items()}
        return await forward(call.sending({**body, "algo_params": params}))
    return await forward(call)


async def summary_reversed(call: Call, forward: Forward) -> Reply:
    """The newest first, where results are left out."""
    reply = await forward(call)
    return reply.saying(reply.json[::-1]) if call.query and reply.good else reply


def out_of_bounds(parameter: Json) -> Json:
    """A number whose default is more than it may be."""
    return {**parameter, "default": parameter["max"] + 1} if parameter.get("max") is not None else parameter


MUTANTS = [
    Mutant(
        "algorithms as objects",
        "ALG-1",
        answer("GET /sessions/*/algorithms", lambda b: {"algorithms": [{"name": n} for n in b["algorithms"]]}),
    ),
    Mutant(
        "an algorithm listed twice",
        "ALG-1",
        answer("GET /sessions/*/algorithms", lambda b: {"algorithms": b["algorithms"] * 2}),
    ),
    Mutant(
        "unknown algorithms have no parameters", "ALG-2", status(PARAMETERS, 200, 404, {"name": "x", "parameters": []})
    ),
    Mutant("case-blind algorithms", "ALG-2", case_blind_algorithms),
    Mutant("parameters without their algorithm", "ALG-2", answer(PARAMETERS, lambda b: {**b, "name": ""})),
    Mutant("descriptors without required", "ALG-3", answer(PARAMETERS, each_parameter(without("required")))),
    Mutant("descriptors without bounds", "ALG-3", answer(PARAMETERS, each_parameter(without("min", "max")))),
    Mutant(
        "integers called int",
        "ALG-3",
        answer(PARAMETERS, each_parameter(lambda p: {**p, "type": "int" if p["type"] == "integer" else p["type"]})),
    ),
    Mutant("enums without choices", "ALG-3", answer(PARAMETERS, each_parameter(without("choices")))),
    Mutant(
        "values as text",
        "ALG-3",
        answer(PARAMETERS, each_parameter(lambda p: {**p, "value": p["value"] and str(p["value"])})),
    ),
    Mutant(
        "times of the day",
        "ALG-3",
        answer(PARAMETERS, each_parameter(lambda p: {**p, "default": "noon"} if p["type"] == "time" else p)),
    ),
    Mutant(
        "given values are not shown",
        "ALG-4",
        answer(CREATE, lambda b: {**b, "algorithm": {**b["algorithm"], "parameters": {}}}),
    ),
    Mutant("out of range is clamped", "ALG-4", request(CREATE, clamped)),
    Mutant(
        "bounds are wider than described",
        "ALG-4",
        answer(PARAMETERS, each_parameter(lambda p: {**p, "max": (p["max"] or 9) - 1} if "max" in p else p)),
    ),
    Mutant("a KPI no scenario has", "KPI-1", answer("GET /sessions/*/kpis", lambda b: {"kpis": [*b["kpis"], "Ghost"]})),
    Mutant("KPIs as an object", "KPI-1", answer("GET /sessions/*/kpis", lambda b: {"kpis": dict.fromkeys(b["kpis"])})),
    Mutant("the newest first", "SCN-1", answer(LIST, lambda b: b[::-1])),
    Mutant("scenarios by tag", "SCN-1", answer(LIST, lambda b: sorted(b, key=lambda s: str(s["tag"])))),
    Mutant("a result nobody can encode", "SCN-1", instead(LIST, crash_on_failed)),
    Mutant("parameters as text", "SCN-2", answer(CREATE, parameters_as_text)),
    Mutant("true is a number", "ERR-2", instead(CREATE, truth_for_one)),
    Mutant("scenarios in an envelope", "SCN-1", answer(LIST, lambda b: {"scenarios": b})),
    Mutant("creation is 200", "SCN-2", status(CREATE, 200, 201)),
    Mutant("an empty result", "SCN-2", answer(CREATE, lambda b: {**b, "result": {}})),
    Mutant("another key", "SCN-2", answer(CREATE, lambda b: {**b, "input_data_key": "another"})),
    Mutant("a summary in another order", "SCN-1", instead(LIST, summary_reversed)),
    Mutant("defaults out of bounds", "ALG-3", answer(PARAMETERS, each_parameter(out_of_bounds))),
    Mutant("the key for the id", "SCN-2", answer(CREATE, lambda b: {**b, "input_data_id": b.get("input_data_key")})),
    Mutant(
        "null parameters are refused",
        "SCN-2",
        instead(CREATE, lambda c, f: f(c.sending({**c.json, "algo_params": 0}) if "algo_params" in c.json else c)),
    ),
    Mutant("a taken tag is accepted", "SCN-3", accept_taken_tags),
    Mutant("case-blind tags", "SCN-3", instead(CREATE, case_blind_tags)),
    Mutant("an unknown dataset is 400", "SCN-3", status(CREATE, 400, 404)),
    Mutant("a missing field is 400", "SCN-3", status(CREATE, 400, 422)),
    Mutant("check, then act", "SCN-4", instead(CREATE, racing_tags)),
    Mutant("delete deletes nothing", "SCN-5", pretend(DELETE, Reply(204))),
    Mutant("deletion is 200", "SCN-5", status(DELETE, 200, 204)),
    Mutant("deletion has a body", "SCN-5", status(DELETE, 204, 204, {"deleted": True})),
    Mutant("resurrected delete", "SCN-5", Zombies()),
    Mutant("a status after death", "SCN-5", stale_after_delete),
    Mutant("unknown scenarios are null", "SCN-5", status(ONE, 200, 404)),
    Mutant(
        "KPI sentinel",
        "SCN-14",
        answer(
            "GET /sessions/*/scenarios/**",
            each_kpi(sentinel),
            lambda r: r.good and isinstance(r.json, dict) and "kpis" in r.json,
        ),
    ),
    Mutant("tags are tidied up", "SCN-15", instead(CREATE, tidy_tags)),
    Mutant("tags are counted in bytes", "SCN-15", instead(CREATE, short_tags)),
]
