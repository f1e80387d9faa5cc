"""Managers of a project whose algorithms the tests control."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from algomancy_scenario import Scenario, ScenarioManager, SessionManager
from tests.algomancy_scenario.scenario_project import WAIT, Control, config, payload


@pytest.fixture
def control() -> Iterator[Control]:
    """The algorithms' control; whatever still runs at the end of the test is released."""
    control = Control()
    yield control
    control.release.set()
    control.cancelled.set()


@pytest.fixture
def open_sessions(control: Control) -> Iterator[Callable[..., SessionManager]]:
    """A function that opens a server's sessions, closed at the end of the test."""
    opened: list[SessionManager] = []

    def open_(**overrides: Any) -> SessionManager:
        opened.append(SessionManager.from_config(config(control, **overrides)))
        return opened[-1]

    yield open_
    for sessions in opened:
        sessions.close()


@pytest.fixture(params=["memory", "durable", "sqlite", "postgres"])
def sessions(request: pytest.FixtureRequest, open_sessions: Callable[..., SessionManager], tmp_path: Path) -> Any:
    """A fresh server's sessions, in memory, in a folder and in databases."""
    if request.param == "memory":
        return open_sessions()
    if request.param == "durable":
        return open_sessions(has_persistent_state=True, data_path=tmp_path)
    if request.param == "sqlite":
        return open_sessions(persistence_backend="database", data_path=tmp_path)
    return open_sessions(persistence_backend="database", database_url=request.getfixturevalue("empty_postgres"))


@pytest.fixture
def manager(sessions: SessionManager) -> ScenarioManager:
    """The first session of a fresh server, with a dataset `data`."""
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    return manager


@pytest.fixture
def run_to_end(manager: ScenarioManager) -> Callable[..., Scenario[Any]]:
    """A function that creates a scenario, runs it and waits for its end."""

    def run(algo_name: str, tag: str = "one", **params: Any) -> Scenario[Any]:
        scenario = manager.create_scenario(tag, "data", algo_name, params)
        manager.process_scenario_async(scenario)
        assert manager.wait_for_processing(WAIT)
        return scenario

    return run
