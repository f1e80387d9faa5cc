"""A run that does not want to end holds up nobody: not the next scenario, not its session, not the server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from algomancy_scenario import ScenarioManager, SessionManager
from tests.hardening.crash import payload
from tests.hardening.hardened_project import Stubborn, build_config

WAIT = 20


@pytest.fixture
def sessions() -> Iterator[SessionManager]:
    """A fresh server's sessions in memory; stubborn runs end with the test."""
    Stubborn.started.clear()
    Stubborn.release.clear()
    sessions = SessionManager.from_config(build_config(executor="threads"))
    yield sessions
    Stubborn.release.set()
    sessions.close()
    for thread in run_threads():
        thread.join(WAIT)


def run_threads() -> list[threading.Thread]:
    """The threads that runs are on."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("algomancy-run")]


def stubborn_session(sessions: SessionManager, name: str) -> ScenarioManager:
    """A new session in which a stubborn scenario has started."""
    manager = sessions.get_scenario_manager(sessions.create_new_session(name))
    manager.add_datasource_from_json(json.dumps(payload("data", 1)))
    Stubborn.started.clear()
    manager.process_scenario_async(manager.create_scenario("stubborn", "data", "Stubborn"))
    assert Stubborn.started.wait(WAIT)
    return manager


def test_pool_outlives_any_number_of_abandoned_runs(sessions: SessionManager) -> None:
    """Forty sessions deleted amid stubborn runs take no worker from the next one; released, their threads end."""
    others = set(run_threads())  # Those of earlier tests may end at any time.
    for number in range(40):
        stubborn_session(sessions, f"doomed {number}")
        sessions.delete_session(f"doomed {number}")
    assert len(set(run_threads()) - others) >= 40
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(json.dumps(payload("data", 1)))
    scenario = manager.create_scenario("after", "data", "Instant")
    manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    assert scenario.status == "complete"
    Stubborn.release.set()
    deadline = time.monotonic() + WAIT
    while len(own := set(run_threads()) - others) > 4 and time.monotonic() < deadline:
        own.pop().join(0.01)
    assert len(own) <= 4


def test_server_closes_at_once_whatever_runs(sessions: SessionManager) -> None:
    """With stubborn runs on every worker and more waiting, closing waits for none of them."""
    others = set(run_threads())  # Those of earlier tests may end at any time.
    managers = [stubborn_session(sessions, f"busy {number}") for number in range(4)]
    for manager in managers:
        for number in range(20):
            manager.process_scenario_async(manager.create_scenario(f"waiting {number}", "data", "Stubborn"))
    sessions.close()
    assert len(set(run_threads()) - others) >= 4
    assert all(manager.wait_for_processing(0) for manager in managers)
    assert all(manager.currently_processing is None for manager in managers)


def test_worker_survives_whatever_is_raised(sessions: SessionManager) -> None:
    """A hundred scenarios that raise `SystemExit` fail one after the other on a few threads."""
    before = set(run_threads())
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(json.dumps(payload("data", 1)))
    for number in range(100):
        manager.process_scenario_async(manager.create_scenario(f"exit {number}", "data", "Exits"))
    assert manager.wait_for_processing(WAIT)
    assert {scenario.status for scenario in manager.list_scenarios()} == {"failed"}
    assert len(set(run_threads()) - before) <= 4
