"""Random sequences of requests, compared step by step with a model of the contract."""

from __future__ import annotations

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from algomancy_conformance.budget import ShrinkBudget
from algomancy_conformance.checks import clause
from algomancy_conformance.model import ContractMachine
from algomancy_conformance.run import Run

STEPS = 20
SHRINK_SECONDS = 10


@clause(
    "SES-3", "SES-4", "SES-5", "SES-6", "SES-7", "SES-10", "DAT-1", "DAT-3", "DAT-4", "DAT-5", "DAT-6", "DAT-7",
    "SCN-1", "SCN-2", "SCN-3", "SCN-5", "SCN-6", "SCN-7", "SCN-10", "GEN-9",
    layer="model",
)  # fmt: skip
def test_target_agrees_with_the_model(run: Run) -> None:
    """Whatever is created, copied, renamed, derived, uploaded, run, reset and deleted, target and model agree."""
    world = run.world
    _ = world.fast  # found now, not within an example

    class Machine(ContractMachine):
        pass

    Machine.world = world
    Machine.budget = ShrinkBudget(SHRINK_SECONDS)
    hypothesis.seed(run.options.seed)(Machine)
    how = settings(
        max_examples=run.options.examples * 3 // 2 + 1,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    with Machine.budget.kept():
        run_state_machine_as_test(Machine, settings=how)
