"""What a backend may offer is looked up by name, so the names have to be those that our own backend has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import algomancy_api
from algomancy_api.backend import ScenarioBackend, SessionBackend
from algomancy_scenario import Scenario, ScenarioManager, SessionManager

SOURCE = "\n".join(file.read_text("utf-8") for file in Path(algomancy_api.__path__[0]).rglob("*.py"))
LOOKED_UP = set(re.findall(r'optional_member\([^)]*?"(\w+)"', SOURCE)) | {"reset_scenario", "cancel_scenario"}
DOCUMENTED = {
    name
    for protocol in (SessionBackend, ScenarioBackend)
    for name in re.findall(r"`(\w+)(?:\(|`, whether)", (protocol.__doc__ or "").split("Optional:")[1])
}


@pytest.mark.parametrize("name", sorted(LOOKED_UP))
def test_optional_member_is_offered_by_the_reference_backend(name: str) -> None:
    """Each optional member that the routes look for is one of our managers' or scenarios'."""
    assert any(callable(getattr(kind, name, None)) for kind in (SessionManager, ScenarioManager, Scenario))


@pytest.mark.parametrize("name", sorted(DOCUMENTED - {"add_datasource_from_json"}))
def test_documented_optional_member_is_offered_and_used(name: str) -> None:
    """Each optional member that the ports document exists in our managers, and the routes ask for it."""
    assert any(hasattr(kind, name) for kind in (SessionManager, ScenarioManager))
    assert f'"{name}"' in SOURCE
