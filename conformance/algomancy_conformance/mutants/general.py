"""Mutants of the general clauses, the error table and the meta routes."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace

from ..messages import Json
from .data import DERIVE, SharedIds
from .sessions import SharedCopy, lost_copy
from .wire import (
    Call,
    Deviation,
    Forward,
    Mutant,
    Reply,
    answer,
    header,
    instead,
    matches,
    pretend,
    refusal,
    request,
    stale,
    status,
    text,
)

PLAIN = (
    f"{sys.executable} -m algomancy_conformance.target.serving "
    "algomancy_conformance.mutants.reference:reference_app --port {port}"
)
"""The reference behind a web server that knows no limits."""
SCENARIOS = "POST /sessions/*/scenarios"
FROM_JSON = "POST /sessions/*/data/from-json"


def with_status(code: int) -> Json:
    """A test for answers of one status."""
    return lambda reply: reply.status == code


async def list_detail(call: Call, forward: Forward) -> Reply:
    """The framework's own 422: a list of complaints."""
    reply = await forward(call)
    return reply.saying({"detail": [{"loc": ["body"], "msg": "bad"}]}) if reply.status == 422 else reply


async def plain_router_errors(call: Call, forward: Forward) -> Reply:
    """405 as plain text."""
    reply = await forward(call)
    if reply.status != 405:
        return reply
    return Reply(405, b"Method Not Allowed", {**reply.headers, "content-type": "text/plain"})


async def refuse_unknown_members(call: Call, forward: Forward) -> Reply:
    """422 for a member nobody knows."""
    known = {
        "display_name",
        "new_display_name",
        "tag",
        "dataset_key",
        "algo_name",
        "algo_params",
        "data_params",
        "new_key",
    }
    body = call.json
    if isinstance(body, dict) and call.path[-9:] != "from-json" and set(body) - known:
        return refusal(422, "Extra inputs are not permitted.")
    return await forward(call)


async def crash_on_nul(call: Call, forward: Forward) -> Reply:
    """500 for a NUL in a body or a path."""
    return (
        refusal(500, "Internal server error") if b"\\u0000" in call.body or "%00" in call.path else await forward(call)
    )


async def echo_nan(call: Call, forward: Forward) -> Reply:
    """Missing numbers of datasets as NaN."""
    reply = await forward(call)
    if matches(call, "GET /sessions/*/data/*"):
        return replace(reply, body=reply.body.replace(b'"volume":null', b'"volume":NaN'))
    return reply


async def strange_charset(call: Call, forward: Forward) -> Reply:
    """500 for a charset nobody knows."""
    sent = dict(call.headers).get(b"content-type", b"")
    return refusal(500, "Internal server error") if b"no-such-charset" in sent else await forward(call)


async def text_for_parameters(call: Call, forward: Forward) -> Reply:
    """Parameters in a string mean none."""
    body = call.json
    if isinstance(body, dict) and isinstance(body.get("algo_params"), str):
        return await forward(call.sending({**body, "algo_params": None}))
    return await forward(call)


async def document_twice(call: Call, forward: Forward) -> Reply:
    """An OpenAPI document with the liveness probe below the prefix."""
    reply = await forward(call)
    if not matches(call, "GET ~/openapi.json"):
        return reply
    document = reply.json
    document["paths"]["/api/v1/health"] = document["paths"]["/health"]
    return reply.saying(document)


async def leak_trace(call: Call, forward: Forward) -> Reply:
    """The traceback in the body of a 500."""
    reply = await forward(call)
    return refusal(500, "Traceback (most recent call last): KeyError: 'x'") if reply.status == 500 else reply


async def late_listing(call: Call, forward: Forward) -> Reply:
    """A scenario that is acknowledged and listed half a second later."""
    if matches(call, "POST /sessions/*/data/*/derive") and isinstance(call.json, dict):
        reply = await forward(replace(call, body=b"{}"))
        if reply.status == 422 and call.json.get("new_key", "").startswith("variant"):
            asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(forward(call)))
            return Reply(201, json.dumps({"keys": []}).encode())
    return await forward(call)


async def no_schema_for_deletion(call: Call, forward: Forward) -> Reply:
    """An OpenAPI document without the deletion of scenarios."""
    reply = await forward(call)
    if not matches(call, "GET ~/openapi.json"):
        return reply
    document = reply.json
    for item in document["paths"].values():
        if item.get("delete", {}).get("operationId") == "delete_scenario":
            del item["delete"]
    return reply.saying(document)


def without_enum_value(document: Json) -> Json:
    """The document, with the status `failed` forgotten."""
    return json.loads(json.dumps(document).replace('"failed"', '"ended"'))


async def let_strangers_write(call: Call, forward: Forward) -> Reply:
    """A cross-site write is refused, and done all the same."""
    reply = await forward(call)
    if reply.status == 403:
        kept = tuple(h for h in call.headers if h[0] not in (b"origin", b"sec-fetch-site"))
        await forward(replace(call, headers=kept))
    return reply


def in_own_zone(body: Json) -> Json:
    """A scenario whose times have an offset instead of Z."""
    return {k: v.replace("Z", "+01:00") if k.endswith("_at") and isinstance(v, str) else v for k, v in body.items()}


class Forgetful:
    """A server that does not know a scenario for a moment after it was made: the first look at it is a 404."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Answer 404 at the first look."""
        if matches(call, "GET /sessions/*/scenarios/*/**") and call.path not in self.seen:
            self.seen.add(call.path)
            return refusal(404, "There is no such scenario.")
        return await forward(call)


# What the random layers must catch by themselves.


async def teapot(call: Call, forward: Forward) -> Reply:
    """A status nobody documents, for names with a digit."""
    reply = await forward(call)
    return replace(reply, status=418) if reply.status == 404 and any(c.isdigit() for c in call.path[-8:]) else reply


async def crash_on_long_keys(call: Call, forward: Forward) -> Reply:
    """500 for a long new key."""
    key = (call.json or {}).get("new_key") if isinstance(call.json, dict) else None
    if isinstance(key, str) and len(key) > 8:
        return Reply(500, b'{"detail": "Internal server error"}')
    return await forward(call)


def one_etag(route: str) -> Deviation:
    """What `route` gives has the same ETag for ever."""

    async def act(call: Call, forward: Forward) -> Reply:
        if dict(call.headers).get(b"if-none-match") == b'"1"':
            return Reply(304, headers={"etag": '"1"'})
        reply = await forward(call)
        return replace(reply, headers={**reply.headers, "etag": '"1"'})

    return instead(route, act)


MUTANTS = [
    Mutant("422 with a list as detail", "GEN-1", list_detail),
    Mutant("405 as plain text", "GEN-1", plain_router_errors),
    Mutant("404 with a second member", "GEN-1", answer("* /**", lambda b: {**b, "status": 404}, with_status(404))),
    Mutant("errors with an empty detail", "GEN-1", answer("* /**", lambda _: {"detail": ""}, with_status(409))),
    Mutant("errors with an empty detail on 400", "GEN-1", answer("* /**", lambda _: {"detail": ""}, with_status(400))),
    Mutant("NaN in datasets", "GEN-2", echo_nan),
    Mutant("JSON sent as text", "GEN-2", header("content-type", "text/plain", "GET /sessions/*/data")),
    Mutant("malformed JSON is 400", "GEN-3", status("POST /sessions", 400, 422)),
    Mutant("422 does not name the field", "GEN-3", answer("* /**", lambda _: {"detail": "Bad."}, with_status(422))),
    Mutant(
        "numbers are taken for names",
        "GEN-3",
        request("PATCH /sessions/*", lambda b: {k: str(v) for k, v in b.items()}),
    ),
    Mutant("parameters as text", "GEN-3", instead(SCENARIOS, text_for_parameters)),
    Mutant("unknown members are refused", "GEN-4", refuse_unknown_members),
    Mutant("NUL crashes", "GEN-5", crash_on_nul),
    Mutant("a strange charset crashes", "GEN-5", strange_charset),
    Mutant("400 becomes 500", "GEN-5", status(FROM_JSON, 500, 400)),
    Mutant("missing Allow", "GEN-6", header("allow", None)),
    Mutant("Allow lists one method", "GEN-6", header("allow", "GET", when=with_status(405))),
    Mutant("405 becomes 404", "GEN-6", status("* /**", 404, 405)),
    Mutant("missing Location", "GEN-7", header("location", None, SCENARIOS)),
    Mutant("Location leads nowhere", "GEN-7", header("location", "/api/v1/nothing", FROM_JSON)),
    Mutant(
        "no CORS header on errors", "GEN-8", header("access-control-allow-origin", None, when=lambda r: r.status >= 400)
    ),
    Mutant("no CORS header on 500", "GEN-8", header("access-control-allow-origin", None, when=with_status(500))),
    Mutant("no CORS header on 409", "GEN-8", header("access-control-allow-origin", None, when=with_status(409))),
    Mutant("stale list of datasets", "GEN-9", stale("GET /sessions/*/data")),
    Mutant("stale list of sessions", "GEN-9", stale("GET /sessions")),
    Mutant("writes show half a second later", "GEN-9", late_listing),
    Mutant("a long head is read", "GEN-10", factory=PLAIN),
    Mutant("ETags are no use", "GEN-11", status("GET /sessions/**", 200, 304)),
    Mutant("a list has one ETag for ever", "GEN-11", one_etag("GET /sessions/*/scenarios")),
    Mutant("a dataset's key is its ETag", "GEN-11", one_etag("GET /sessions/*/data/*")),
    Mutant("times of the server's own zone", "GEN-12", answer("GET /sessions/*/scenarios/*", in_own_zone)),
    Mutant("acknowledged and then unknown", "GEN-9", Forgetful()),
    Mutant("bad payload is 422", "ERR-1", status(FROM_JSON, 422, 400)),
    Mutant("parameter errors are 422", "ERR-2", status(SCENARIOS, 422, 400)),
    Mutant("unknown parameters are ignored", "ERR-2", request(SCENARIOS, lambda b: {**b, "algo_params": None})),
    Mutant("precondition is 400", "ERR-3", status("DELETE /sessions/*/data/*", 400, 409)),
    Mutant("unknown is 400", "ERR-4", status("* /**", 400, 404)),
    Mutant("an upload to nowhere is 400", "ERR-4", status("POST /sessions/*/etl", 400, 404)),
    Mutant("no processing in no session", "ERR-4", status("GET /sessions/*/processing", 200, 404)),
    Mutant("conflict is 400", "ERR-4", status("* /**", 400, 409)),
    Mutant("a KeyError is 404", "ERR-5", status("* /**", 404, 500)),
    Mutant("a traceback in the body", "ERR-5", leak_trace),
    Mutant("validation is 400", "ERR-6", status("* /**", 400, 422)),
    Mutant("too long is 400", "ERR-7", status("* /**", 400, 413)),
    Mutant("cross-site writes are 403 and done", "ERR-8", let_strangers_write),
    Mutant("health without sessions", "MET-1", answer("GET ~/health", lambda b: {**b, "sessions": []})),
    Mutant("health says healthy", "MET-1", answer("GET ~/health", lambda b: {**b, "status": "healthy"})),
    Mutant(
        "health knows the first session only",
        "MET-1",
        answer("GET ~/health", lambda b: {**b, "sessions": b["sessions"][:1]}),
    ),
    Mutant("an invalid document", "MET-2", answer("GET ~/openapi.json", lambda b: {**b, "info": {}}), "document"),
    Mutant(
        "a document of version 3.0",
        "MET-2",
        answer("GET ~/openapi.json", lambda b: {**b, "openapi": "3.0.3"}),
        "document",
    ),
    Mutant("no docs", "MET-3", status("GET ~/docs", 404, 200)),
    Mutant("health outside the prefix only", "MET-4", status("GET /health", 404, 200)),
    Mutant("health is documented twice", "MET-4", document_twice),
    Mutant("docs from a CDN", "MET-5", text("GET ~/docs", lambda b: b.replace(b'src="', b'src="https://cdn.example'))),
    Mutant("an operation is not documented", "MET-6", no_schema_for_deletion, "document"),
    Mutant("an enum value is not documented", "MET-6", answer("GET ~/openapi.json", without_enum_value), "document"),
    Mutant("fuzzed: an undocumented status", "DAT-2", teapot, "fuzzing"),
    Mutant("fuzzed: long keys crash", "GEN-5", instead(DERIVE, crash_on_long_keys), "fuzzing"),
    Mutant(
        "fuzzed: a status without progress",
        "SCN-8",
        answer("GET /sessions/*/scenarios/*/status", lambda b: {k: v for k, v in b.items() if k != "progress"}),
        "fuzzing",
    ),
    Mutant(
        "fuzzed: an unknown session is empty",
        "GEN-1",
        status("GET /sessions/*/kpis", 404, 404, {"detail": ["no", "such"]}),
        "fuzzing",
    ),
    Mutant("fuzzed: anything is a name", "GEN-3", status("POST /sessions", 201, 422, {"sessions": []}), "fuzzing"),
    Mutant("modelled: lost copy", "SES-5", instead("POST /sessions/*/copy", lost_copy), "model"),
    Mutant("modelled: copy shares its data", "SES-10", SharedCopy(), "model"),
    Mutant("modelled: shared ids after derive", "DAT-4", SharedIds(), "model"),
    Mutant("modelled: stale list of datasets", "GEN-9", stale("GET /sessions/*/data"), "model"),
    Mutant("modelled: delete deletes nothing", "SCN-5", pretend("DELETE /sessions/*/scenarios/*", Reply(204)), "model"),
    Mutant("modelled: data in use is deleted", "DAT-3", status("DELETE /sessions/*/data/*", 204, 409), "model"),
]
