"""What the routes may ask for is there, whichever backend stands behind them."""

from __future__ import annotations

import pytest

from algomancy_api.backend import (
    CompleteScenario,
    CompleteScenarioBackend,
    CompleteSessionBackend,
    ScenarioBackend,
    ScenarioLike,
    SessionBackend,
)
from algomancy_api.checked import CheckedBackend
from algomancy_api.checked.scenarios import CheckedScenarios
from algomancy_api.checked.values import CheckedScenario
from algomancy_scenario import Scenario, ScenarioManager, SessionManager

COMPLETE = {
    SessionManager: CompleteSessionBackend,
    CheckedBackend: CompleteSessionBackend,
    ScenarioManager: CompleteScenarioBackend,
    CheckedScenarios: CompleteScenarioBackend,
    Scenario: CompleteScenario,
    CheckedScenario: CompleteScenario,
}
REQUIRED = {SessionManager: SessionBackend, ScenarioManager: ScenarioBackend, Scenario: ScenarioLike}


def members(protocol: type) -> set[str]:
    """The names that a protocol and its bases ask for."""
    return {name for kind in protocol.__mro__ for name in vars(kind) if not name.startswith("_")} - {"register"}


@pytest.mark.parametrize(("kind", "protocol"), [*COMPLETE.items(), *REQUIRED.items()], ids=lambda kind: kind.__name__)
def test_backend_has_every_member_of_its_port(kind: type, protocol: type) -> None:
    """A name that the port documents is the name of a method or property."""
    made_in_constructor = {"id", "tag", "status", "progress"}
    assert members(protocol) - set(dir(kind)) - made_in_constructor == set()
