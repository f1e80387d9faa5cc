"""Good, random and bad requests made from the published document; every answer is one the document allows."""

from __future__ import annotations

import pytest

from algomancy_conformance.checks import clause_mark
from algomancy_conformance.etl_sample import find_sample
from algomancy_conformance.fuzzing import GENERAL, OPERATION_CLAUSE, Fuzzer, kinds
from algomancy_conformance.run import Run

GOOD = [
    pytest.param(name, marks=clause_mark(clause, operation=name, layer="fuzzing"), id=name)
    for name, clause in OPERATION_CLAUSE.items()
]
RANDOM = [
    pytest.param(
        name,
        live_leaf,
        good,
        marks=clause_mark(clause, *GENERAL, operation=name, layer="fuzzing"),
        id=f"{name}-{'live' if live_leaf else 'unknown'}-{'good' if good else 'bad'}",
    )
    for name, clause in OPERATION_CLAUSE.items()
    for live_leaf, good in kinds(name)
]


@pytest.fixture(scope="module")
def fuzzer(run: Run) -> Fuzzer:
    """Schemathesis, fed with ids that exist."""
    return Fuzzer.on(run.world)


@pytest.mark.parametrize("operation", GOOD)
def test_good_request_is_answered_as_documented(run: Run, fuzzer: Fuzzer, operation: str) -> None:
    """A good request succeeds, and its answer has the documented status, headers and shape."""
    fuzzer.try_good(operation, lambda: find_sample(run.world, run.world.new_session()))


@pytest.mark.parametrize(("operation", "live_leaf", "good"), RANDOM)
def test_random_request_is_answered_as_documented(fuzzer: Fuzzer, operation: str, live_leaf: bool, good: bool) -> None:
    """Whatever is sent to an operation, its answer is one the document allows."""
    fuzzer.try_random(operation, live_leaf=live_leaf, good=good)
