"""The random layers: requests made from the published document, and sequences compared with a model."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from algomancy_conformance.randomised import ShrinkBudget
from algomancy_conformance.randomised.fuzzing import GENERAL, Fuzzer, can_be_bad
from algomancy_conformance.randomised.model import ContractMachine
from algomancy_conformance.randomised.wording import OPERATION_CLAUSE
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import clause

STEPS = 20
MODEL_PARTS = 4
"""The examples are made in so many parts, each of which another process may make."""
MODEL_SHRINK_SECONDS = 10
GOOD = [
    pytest.param(name, marks=clause(promised, operation=name, layer="fuzzing"), id=name)
    for name, promised in OPERATION_CLAUSE.items()
]
RANDOM = [
    pytest.param(
        name,
        good,
        marks=clause(promised, *GENERAL, operation=name, layer="fuzzing"),
        id=f"{name}-{'good' if good else 'bad'}",
    )
    for name, promised in OPERATION_CLAUSE.items()
    for good in ((True, False) if can_be_bad(name) else (True,))
]


@pytest.fixture(scope="module")
def fuzzer(run: Run) -> Fuzzer:
    """Schemathesis, fed with ids that exist."""
    return Fuzzer.on(run.world)


@pytest.mark.parametrize("operation", GOOD)
def test_good_request_is_answered_as_documented(run: Run, fuzzer: Fuzzer, operation: str) -> None:
    """A good request succeeds, and its answer has the documented status, headers and shape."""
    fuzzer.try_good(operation, lambda: run.sample)


@pytest.mark.parametrize(("operation", "good"), RANDOM)
def test_random_request_is_answered_as_documented(fuzzer: Fuzzer, operation: str, good: bool) -> None:
    """Whatever is sent to an operation, its answer is one the document allows."""
    fuzzer.try_random(operation, good=good)


@clause(
    "SES-3", "SES-4", "SES-5", "SES-6", "SES-7", "SES-10", "DAT-1", "DAT-3", "DAT-4", "DAT-5", "DAT-6", "DAT-7",
    "SCN-1", "SCN-2", "SCN-3", "SCN-5", "SCN-6", "SCN-7", "SCN-10", "GEN-9",
    layer="model",
)  # fmt: skip
@pytest.mark.parametrize("part", range(MODEL_PARTS))
def test_target_agrees_with_the_model(run: Run, part: int) -> None:
    """Whatever is created, copied, renamed, derived, uploaded, run, reset and deleted, target and model agree."""
    world = run.world
    _ = world.fast  # found now, not within an example

    class Machine(ContractMachine):
        pass

    Machine.world = world
    Machine.budget = ShrinkBudget(MODEL_SHRINK_SECONDS)
    hypothesis.seed(run.options.seed * MODEL_PARTS + part)(Machine)
    how = settings(
        max_examples=run.options.examples * 3 // (2 * MODEL_PARTS) + 1,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    with Machine.budget.kept():
        run_state_machine_as_test(Machine, settings=how)
