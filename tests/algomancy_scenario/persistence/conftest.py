"""A folder that servers are started on, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from algomancy_scenario import SessionManager
from tests.algomancy_scenario.persistence.stored_folder import Open


@pytest.fixture
def reopen(open_sessions: Callable[..., SessionManager], tmp_path: Path) -> Open:
    """A function that closes the server on the test's folder, if there is one, and starts another."""
    running: list[SessionManager] = []

    def open_() -> SessionManager:
        if running:
            running.pop().close()
        running.append(open_sessions(has_persistent_state=True, data_path=tmp_path))
        return running[-1]

    return open_


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A session folder as a user makes it: two raw datasets and nothing else."""
    folder = tmp_path / "Plant"
    for name, number in (("scenarios", 3), ("Raw", 4)):
        (folder / name).mkdir(parents=True)
        (folder / name / "items.csv").write_text(f"id\n{number}\n")
    return folder
