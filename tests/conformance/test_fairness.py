"""One fault is one clause's: the kit accuses nobody of what it could not find out, or need not be there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from algomancy_conformance.document import PUBLISHED_PREFIX, published_document
from algomancy_conformance.judging.verdict import Verdict
from algomancy_conformance.mutants.reference import reference_app
from algomancy_conformance.mutants.wire import (
    Call,
    Deviant,
    Deviation,
    Forward,
    Reply,
    answer,
    instead,
    matches,
    refusal,
)
from algomancy_conformance.options import Options
from algomancy_conformance.outcomes import Outcome, Untried
from algomancy_conformance.randomised import fuzzing
from algomancy_conformance.running.plugin import check_target
from algomancy_conformance.selftest import AppTarget
from algomancy_conformance.target.client import Api, Session
from algomancy_conformance.target.world import Algorithm, World

SLOW = {"name": "duration", "type": "integer", "min": 1, "max": 60}


async def not_a_number(call: Call, forward: Forward) -> Reply:
    """Whatever is missing from a dataset of the target's is NaN."""
    reply = await forward(call)
    if not matches(call, "GET /sessions/*/data/Master%20data"):
        return reply
    return Reply(reply.status, reply.body.replace(b":null", b":NaN", 1) or b"", reply.headers)


async def nothing_optional(call: Call, forward: Forward) -> Reply:
    """A server without the optional route to a session, and without a query of the list of scenarios."""
    if matches(call, "GET /sessions/*"):
        return Reply(405, b'{"detail": "No."}', {"content-type": "application/json", "allow": "DELETE, PATCH"})
    return await forward(Call(call.method, call.path, "", call.headers, call.body))


def verdict_on(deviation: Deviation, *only: str, layers: tuple[str, ...] = ("clauses",), **more: Any) -> Verdict:
    """The verdict on the reference with a deviation."""
    target = AppTarget(lambda: Deviant(reference_app(), deviation))
    try:
        return check_target(target, Options(only=only, layers=layers, seed=1, **more))
    finally:
        target.close()


def failed(verdict: Verdict) -> list[str]:
    """The clauses that failed."""
    return [c.clause.id for c in verdict.of(Outcome.FAILED)]


def test_dataset_that_is_no_json_does_not_fail_every_clause() -> None:
    """A dataset the kit cannot read is not what it works with; clauses on other things pass."""
    verdict = verdict_on(not_a_number, "DAT-3", fast="Greedy slotting")

    assert failed(verdict) == []
    assert verdict.conformant


def test_parameters_that_are_none_do_not_fail_every_clause() -> None:
    """Descriptors in the wrong place break the clauses on descriptors, and no other."""
    misplaced = answer("GET /sessions/*/algorithms/*/parameters", lambda b: {"name": b["name"], "params": []})
    verdict = verdict_on(misplaced, "ALG-1", "ALG-2", "ALG-3", "ERR-3")

    assert failed(verdict) == ["ALG-2", "ALG-3"]
    assert len(verdict.of(Outcome.PASSED)) == 2


def test_server_without_algorithms_is_untested_and_not_wrong() -> None:
    """A list of no algorithm is a list; what needs one is untested, and so no MUST is passed for free."""
    verdict = verdict_on(answer("GET /sessions/*/algorithms", lambda _: {"algorithms": []}), "ALG-1", "ALG-3", "SCN-6")

    assert failed(verdict) == []
    assert {c.clause.id: c.reasons[0] for c in verdict.of(Outcome.UNTESTED)} == dict.fromkeys(
        ["ALG-3", "SCN-6"], "the target has no algorithm"
    )
    assert verdict.exit_code == 2


def test_server_that_makes_no_sessions_is_untested_and_not_wrong() -> None:
    """A server may forbid to make sessions: nothing is said then of what needs one."""
    forbidden = instead("POST /sessions", lambda *_: _refused())
    verdict = verdict_on(forbidden, "SES-3", "SES-4", "ERR-8")

    assert failed(verdict) == []
    assert "forbids it with 403" in str(verdict.of(Outcome.UNTESTED)[0].reasons)
    assert [c.clause.id for c in verdict.of(Outcome.PASSED)] == ["ERR-8"]


async def _refused() -> Reply:
    return refusal(403, "Nobody makes sessions here.")


def test_server_without_optional_routes_is_not_wrong() -> None:
    """Absent optional routes are not offered, and a query that is optional may be ignored."""
    verdict = verdict_on(nothing_optional, "SES-13", "SCN-1", layers=("fuzzing",), examples=3, fast="Greedy slotting")

    assert [c.message for c in verdict.checks if c.outcome is Outcome.FAILED] == []
    assert {c.clause.id: c.outcome for c in verdict.clauses} == {
        "SES-13": Outcome.NOT_OFFERED,
        "SCN-1": Outcome.PASSED,
    }


def answering_slowly(route: str, seconds: float) -> Deviation:
    """`route` is answered so many seconds late."""

    async def act(call: Call, forward: Forward) -> Reply:
        await asyncio.sleep(seconds)
        return await forward(call)

    return instead(route, act)


def test_slow_status_is_not_wrong() -> None:
    """A status that takes its time is no fault: the run that is watched is one that can be seen nevertheless."""
    slow = answering_slowly("GET /sessions/*/scenarios/*/status", 0.6)
    verdict = verdict_on(slow, "SCN-9", "SCN-11", fast="Greedy slotting", slow="Slow")

    assert [c.message for c in verdict.checks if c.outcome is Outcome.FAILED] == []
    assert verdict.conformant


def test_slow_route_is_tried_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a route answers so slowly that not all random requests can be made, the verdict says how many were."""
    monkeypatch.setattr(fuzzing, "SECONDS_A_CASE", 0.2)
    slow = answering_slowly("GET /sessions/*/kpis", 0.5)
    verdict = verdict_on(slow, "KPI-1", layers=("fuzzing",), examples=5, fast="Greedy slotting")

    assert verdict.conformant
    (said,) = verdict.clauses[0].untried_parts
    assert re.fullmatch(r"of \d random requests \d were made: `GET \S+/kpis` answers slowly", said), said


@pytest.fixture
def world(reference: AppTarget, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world of slow algorithms whose runs are not run: one told how long it takes ends in time."""
    api = Api(reference.url)
    world = World(api, Options(seed=1))
    world.__dict__["algorithms"] = {"Anneal": [SLOW], "Slow by nature": []}
    tried: list[Algorithm] = []

    def ends_as(_: World, __: Session, algorithm: Algorithm, seconds: float = 20) -> str:
        tried.append(algorithm)
        return "complete" if algorithm.params else "processing"

    monkeypatch.setattr(World, "_ends_as", ends_as)
    world.__dict__["tried"] = tried
    yield world
    api.close()


def test_fast_is_a_slow_one_told_to_hurry(world: World) -> None:
    """Where every algorithm is slow with its defaults, one with a duration is told the shortest."""
    assert world.fast == Algorithm("Anneal", {"duration": 1})


def test_slow_is_one_that_proves_it(world: World) -> None:
    """A parameter that sounds like a duration is no proof: an algorithm that ends too soon is not slow."""
    with pytest.raises(Untried, match="--slow"):
        world.slow(5)


def test_search_in_vain_is_not_repeated(world: World) -> None:
    """What could not be found once is not looked for again at every check."""
    for _ in range(3):
        with pytest.raises(Untried, match="--slow"):
            world.slow(5)

    assert len(world.__dict__["tried"]) == 1


def test_request_is_bad_by_the_published_document_alone() -> None:
    """That good requests have scalars in the cells of a dataset makes an object there no fault (GEN-3)."""
    url = "http://127.0.0.1:8051"
    published = published_document()["components"]["schemas"]["TablePayload"]

    def described(*, plain_cells: bool) -> object:
        operation = fuzzing.load_operations(url, PUBLISHED_PREFIX, plain_cells=plain_cells)["add_dataset_from_json"]
        return operation.schema.raw_schema["components"]["schemas"]["TablePayload"]

    assert described(plain_cells=False) == published
    assert described(plain_cells=True) != published
