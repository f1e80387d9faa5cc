"""Mutants that the random layers must catch by themselves."""

from __future__ import annotations

from dataclasses import replace

from .data import DERIVE, SharedIds
from .sessions import SharedCopy, lost_copy
from .wire import Call, Forward, Mutant, Reply, answer, instead, pretend, stale, status


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


FUZZED = [
    Mutant("fuzzed: an undocumented status", "DAT-2", teapot, "fuzzing"),
    Mutant("fuzzed: long keys crash", "GEN-5", instead(DERIVE, crash_on_long_keys), "fuzzing"),
    Mutant("fuzzed: a status without progress", "SCN-8", answer(
        "GET /sessions/*/scenarios/*/status", lambda b: {k: v for k, v in b.items() if k != "progress"}), "fuzzing"),
    Mutant("fuzzed: an unknown session is empty", "GEN-1", status(
        "GET /sessions/*/kpis", 404, 404, {"detail": ["no", "such"]}), "fuzzing"),
    Mutant("fuzzed: anything is a name", "GEN-3", status("POST /sessions", 201, 422, {"sessions": []}), "fuzzing"),
]  # fmt: skip
MODELLED = [
    Mutant("modelled: lost copy", "SES-5", instead("POST /sessions/*/copy", lost_copy), "model"),
    Mutant("modelled: copy shares its data", "SES-10", SharedCopy(), "model"),
    Mutant("modelled: shared ids after derive", "DAT-4", SharedIds(), "model"),
    Mutant("modelled: stale list of datasets", "GEN-9", stale("GET /sessions/*/data"), "model"),
    Mutant("modelled: delete deletes nothing", "SCN-5", pretend("DELETE /sessions/*/scenarios/*", Reply(204)), "model"),
    Mutant("modelled: data in use is deleted", "DAT-3", status("DELETE /sessions/*/data/*", 204, 409), "model"),
]
MUTANTS = [*FUZZED, *MODELLED]
