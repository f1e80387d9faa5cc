"""Mutants of the session clauses."""

from __future__ import annotations

import uuid
from dataclasses import replace
from unicodedata import normalize
from urllib.parse import unquote

from ..messages import Json
from .wire import (
    Call,
    Deviation,
    Forward,
    Mutant,
    Reply,
    answer,
    instead,
    longest,
    matches,
    pretend,
    refusal,
    refuse,
    request,
    status,
)

NOWHERE = "00000000-0000-4000-8000-00000000dead"


def renamed(old: str, new: str) -> Json:
    """A list of sessions in which one name is another."""

    def change(body: Json) -> Json:
        for session in body["sessions"]:
            session["display_name"] = new if session["display_name"] == old else session["display_name"]
        return body

    return change


async def stale_refresh(call: Call, forward: Forward) -> Reply:
    """The list from before the creation."""
    before = await forward(call.to("GET", "/sessions"))
    reply = await forward(call)
    return before.saying(before.json, 201) if matches(call, "POST /sessions") and reply.status == 201 else reply


async def same_name_twice(call: Call, forward: Forward) -> Reply:
    """A taken name is acknowledged."""
    reply = await forward(call)
    if matches(call, "POST /sessions") and reply.status == 409:
        return (await forward(call.to("GET", "/sessions"))).saying(await listing(call, forward), 201)
    return reply


async def listing(call: Call, forward: Forward) -> Json:
    """The list of sessions."""
    return (await forward(call.to("GET", "/sessions"))).json


def case_blind(route: str, field: str) -> Deviation:
    """A name that differs in case alone is taken."""

    async def act(call: Call, forward: Forward) -> Reply:
        names = [s["display_name"].lower() for s in (await listing(call, forward))["sessions"]]
        wanted = (call.json or {}).get(field)
        taken = isinstance(wanted, str) and wanted.lower() in names
        return refusal(409, "The name is taken.") if taken else await forward(call)

    return instead(route, act)


async def lost_copy(call: Call, forward: Forward) -> Reply:
    """A copy that is an empty session."""
    name = (call.json or {}).get("new_display_name")
    return await forward(call.to("POST", "/sessions", {"display_name": name}))


async def data_only_copy(call: Call, forward: Forward) -> Reply:
    """A copy without the scenarios."""
    name = (call.json or {}).get("new_display_name")
    reply = await forward(call.to("POST", "/sessions", {"display_name": name}))
    copy = next(s["id"] for s in reply.json["sessions"] if s["display_name"] == name)
    for key in (await forward(call.to("GET", f"/sessions/{call.parts[1]}/data"))).json["keys"]:
        dataset = await forward(call.to("GET", f"/sessions/{call.parts[1]}/data/{key}"))
        await forward(call.to("POST", f"/sessions/{copy}/data/from-json", dataset.json))
    return reply


class SharedCopy:
    """A copy that is its source under another id: what is done to one side shows in the other."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Send what is for the copy to its source."""
        if matches(call, "* /sessions/*/**") and call.parts[1] in self.sources:
            source = self.sources[call.parts[1]]
            rest = "/".join(call.parts[2:])
            return await forward(Call(call.method, f"/sessions/{source}/{rest}", call.query, call.headers, call.body))
        reply = await forward(call)
        if matches(call, "POST /sessions/*/copy") and reply.status == 201:
            name = call.json["new_display_name"]
            copy = next(s["id"] for s in reply.json["sessions"] if s["display_name"] == name)
            self.sources[copy] = call.parts[1]
        return reply


class Undead:
    """A session whose deletion is acknowledged and that answers on."""

    def __init__(self) -> None:
        self.hidden: set[str] = set()

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Hide deleted sessions from the list, and nothing else."""
        if matches(call, "DELETE /sessions/*") and (await forward(call.to("GET", f"{call.path}/data"))).status == 200:
            self.hidden.add(call.parts[1])
            return Reply(
                200, (await forward(call.to("GET", "/sessions"))).saying(self.seen(await listing(call, forward))).body
            )
        reply = await forward(call)
        return reply.saying(self.seen(reply.json)) if matches(call, "GET /sessions") else reply

    def seen(self, body: Json) -> Json:
        """The list without what is hidden."""
        return {**body, "sessions": [s for s in body["sessions"] if s["id"] not in self.hidden]}


class NameFirst:
    """A server that looks for the display name before the id."""

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Replace the id by that of a session so named."""
        if call.path.startswith("/sessions/"):
            wanted = unquote(call.parts[1])
            for session in (await listing(call, forward))["sessions"]:
                if session["display_name"] == wanted:
                    rest = "/".join([session["id"], *call.parts[2:]])
                    return await forward(Call(call.method, f"/sessions/{rest}", call.query, call.headers, call.body))
        return await forward(call)


class OldNames:
    """A server on which a session's old names go on working."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Remember names at each rename."""
        if matches(call, "PATCH /sessions/*"):
            for session in (await listing(call, forward))["sessions"]:
                self.names[session["display_name"]] = session["id"]
        if call.path.startswith("/sessions/") and unquote(call.parts[1]) in self.names:
            rest = "/".join([self.names[unquote(call.parts[1])], *call.parts[2:]])
            return await forward(Call(call.method, f"/sessions/{rest}", call.query, call.headers, call.body))
        return await forward(call)


async def ids_only(call: Call, forward: Forward) -> Reply:
    """A server that knows sessions by their id alone."""
    if call.path.startswith("/sessions/"):
        try:
            uuid.UUID(call.parts[1])
        except ValueError:
            return refusal(404, "There is no such session.")
    return await forward(call)


async def read_only_aliases(call: Call, forward: Forward) -> Reply:
    """A server that takes display names for reading only."""
    return await ids_only(call, forward) if call.method != "GET" else await forward(call)


async def busy_sessions_stay(call: Call, forward: Forward) -> Reply:
    """A session in which something runs is not deleted."""
    running = await forward(call.to("GET", f"{call.path}/processing"))
    return refusal(409, "A scenario is running.") if running.good and running.json else await forward(call)


class TwoWayCopy:
    """A copy whose deletions reach its source."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Delete twice."""
        reply = await forward(call)
        if matches(call, "POST /sessions/*/copy") and reply.status == 201:
            name = call.json["new_display_name"]
            copy = next(s["id"] for s in reply.json["sessions"] if s["display_name"] == name)
            self.sources[copy] = call.parts[1]
        if matches(call, "DELETE /sessions/*/data/*") and call.parts[1] in self.sources:
            await forward(call.to("DELETE", f"/sessions/{self.sources[call.parts[1]]}/data/{call.parts[3]}"))
        return reply


def each_text(change: Json) -> Json:
    """A body with every text in it changed."""
    return lambda body: {k: change(v) if isinstance(v, str) else v for k, v in body.items()}


class Leaky:
    """A server that finds a scenario from any session."""

    def __init__(self) -> None:
        self.homes: dict[str, str] = {}

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Send a request for a scenario to the session that has it."""
        parts = call.parts
        if matches(call, "* /sessions/*/scenarios/*/**") and parts[3] in self.homes:
            rest = "/".join(["sessions", self.homes[parts[3]], *parts[2:]])
            return await forward(Call(call.method, f"/{rest}", call.query, call.headers, call.body))
        reply = await forward(call)
        if matches(call, "POST /sessions/*/scenarios") and reply.status == 201:
            self.homes[reply.json["id"]] = parts[1]
        return reply


def without_controls(body: Json) -> Json:
    """Names tidied up instead of refused."""
    tidy = {
        k: "".join(c for c in v if c.isprintable())[:255].strip() or "x" for k, v in body.items() if isinstance(v, str)
    }
    return {**body, **tidy}


async def racing_names(call: Call, forward: Forward) -> Reply:
    """Check, then act: whoever asks while the name is still free gets it."""
    asked = call.json if isinstance(call.json, dict) else {}
    name = asked.get("display_name") or asked.get("new_display_name")
    free = name not in [s["display_name"] for s in (await listing(call, forward))["sessions"]]
    reply = await forward(call)
    if reply.status == 409 and free:
        return (await forward(call.to("GET", "/sessions"))).saying(await listing(call, forward), 201)
    return reply


async def case_blind_aliases(call: Call, forward: Forward) -> Reply:
    """A display name stands for its session however its letters are written."""
    reply = await forward(call)
    if reply.status != 404 or call.parts[0] != "sessions":
        return reply
    name = unquote(call.parts[1]).lower()
    named = [s["id"] for s in (await listing(call, forward))["sessions"] if s["display_name"].lower() == name]
    path = "/".join(("", "sessions", *named[:1], *call.parts[2:]))
    return await forward(replace(call, path=path)) if named else reply


async def slashes_lead_nowhere(call: Call, forward: Forward) -> Reply:
    """A display name with a slash is no address."""
    return refusal(404) if "%2F" in call.path.upper() and call.parts[0] == "sessions" else await forward(call)


MUTANTS = [
    Mutant("the default is null", "SES-1", answer("GET /sessions", lambda b: {**b, "default": None})),
    Mutant("the default is nobody", "SES-1", answer("GET /sessions", lambda b: {**b, "default": NOWHERE})),
    Mutant(
        "a list without names",
        "SES-1",
        answer("GET /sessions", lambda b: {**b, "sessions": [s["id"] for s in b["sessions"]]}),
    ),
    Mutant("the first session is Default", "SES-2", answer("GET /sessions", renamed("main", "Default"))),
    Mutant("creation is 200", "SES-3", status("POST /sessions", 200, 201)),
    Mutant("the refreshed list is stale", "SES-3", stale_refresh),
    Mutant("a taken name is accepted", "SES-4", same_name_twice),
    Mutant("names in a race", "SES-4", instead("POST /sessions", racing_names)),
    Mutant("copies in a race", "SES-4", instead("POST /sessions/*/copy", racing_names)),
    Mutant("case-blind names", "SES-4", case_blind("POST /sessions", "display_name")),
    Mutant(
        "names are trimmed to ASCII",
        "SES-4",
        request("POST /sessions", lambda b: {k: str(v).encode("ascii", "ignore").decode() for k, v in b.items()}),
    ),
    Mutant("names are normalised", "SES-4", request("POST /sessions", each_text(lambda t: normalize("NFC", t)))),
    Mutant("names are stripped", "SES-4", request("POST /sessions", each_text(lambda t: t.strip() or t))),
    Mutant("lost copy", "SES-5", instead("POST /sessions/*/copy", lost_copy)),
    Mutant("copy shares its data", "SES-5", SharedCopy()),
    Mutant("deletions in a copy reach its source", "SES-5", TwoWayCopy()),
    Mutant("copy of nothing is 409", "SES-5", status("POST /sessions/*/copy", 409, 404)),
    Mutant("rename gives a new id", "SES-6", answer("PATCH /sessions/*", lambda b: {**b, "id": str(uuid.uuid4())})),
    Mutant(
        "rename does nothing", "SES-6", pretend("PATCH /sessions/*", Reply(200, b'{"id": "x", "display_name": "x"}'))
    ),
    Mutant("rename to a taken name is 422", "SES-6", status("PATCH /sessions/*", 422, 409)),
    Mutant("deleted sessions answer on", "SES-7", Undead()),
    Mutant("busy sessions stay", "SES-7", instead("DELETE /sessions/*", busy_sessions_stay)),
    Mutant("deletion is 204", "SES-7", status("DELETE /sessions/*", 204, 200)),
    Mutant("the last one is replaced by default", "SES-8", answer("DELETE /sessions/*", renamed("main", "default"))),
    Mutant("the default is a deleted one", "SES-8", answer("DELETE /sessions/*", lambda b: {**b, "default": NOWHERE})),
    Mutant("names are aliases in any case", "SES-9", case_blind_aliases),
    Mutant("names are no aliases", "SES-9", ids_only),
    Mutant("names are aliases for reading only", "SES-9", read_only_aliases),
    Mutant("names with a slash are no aliases", "SES-9", slashes_lead_nowhere),
    Mutant("the name wins over the id", "SES-9", NameFirst()),
    Mutant("old names go on working", "SES-9", OldNames()),
    Mutant("scenarios of all sessions", "SES-10", Leaky()),
    Mutant("bad names are tidied up", "SES-11", request("POST /sessions", without_controls)),
    Mutant("a rename to 255 characters", "SES-11", refuse("PATCH /sessions/*", longest("display_name"), 422)),
    Mutant("bad names are 400", "SES-11", status("PATCH /sessions/*", 400, 422)),
    Mutant("copy without scenarios", "SES-12", instead("POST /sessions/*/copy", data_only_copy)),
    Mutant("a session without its name", "SES-13", answer("GET /sessions/*", lambda b: {"id": b["id"]})),
]
