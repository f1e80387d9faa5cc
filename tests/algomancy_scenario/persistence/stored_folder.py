"""What the tests of the data folder share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from algomancy_scenario import ScenarioManager, SessionManager
from tests.algomancy_scenario.scenario_project import payload

Open = Callable[[], SessionManager]
"""Closes the server on the test's folder, if there is one, and starts another."""


def main(sessions: SessionManager) -> ScenarioManager:
    """The default session with a dataset `data`."""
    manager = sessions.get_scenario_manager(sessions.start_session_id)
    if not manager.has_data("data"):
        manager.add_datasource_from_json(payload("data"))
    return manager


def files(folder: Path) -> list[str]:
    """The files below a folder, but for the lock."""
    found = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.endswith(".lock"))
