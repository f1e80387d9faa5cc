"""The locks of a session."""

from __future__ import annotations

import threading

import pytest

from algomancy_scenario.scenarioregistry import SessionLocks
from algomancy_scenario.sessions.owners import SessionGoneError
from tests.algomancy_scenario.scenario_project import WAIT


def test_gate_lets_one_in_at_a_time() -> None:
    """The second waits until the first has left, by an exception too; the state lock is free meanwhile."""
    locks = SessionLocks()
    entered = threading.Event()

    def enter() -> None:
        with locks:
            entered.set()

    thread = threading.Thread(target=enter)

    def fail_inside() -> None:
        with locks:
            thread.start()
            assert locks.state.acquire(timeout=WAIT)
            locks.state.release()
            assert not entered.is_set()
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    thread.join(WAIT)
    assert entered.is_set()


def test_closed_gate_lets_nobody_in_and_nobody_wait() -> None:
    """Whoever waited when the session went is refused."""
    locks = SessionLocks()
    refused = threading.Event()

    def enter() -> None:
        try:
            with locks:
                pass
        except SessionGoneError:
            refused.set()

    threads = [threading.Thread(target=enter) for _ in range(3)]
    with locks:
        for thread in threads:
            thread.start()
        locks.close()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()
    assert refused.is_set()
    with pytest.raises(SessionGoneError), locks:
        pass
