"""The locks of a session."""

from __future__ import annotations

import threading

import pytest
from scenario_project import WAIT

from algomancy_scenario.session_gate import SessionGate, SessionGoneError


def test_gate_lets_one_in_at_a_time() -> None:
    """The second waits until the first has left, by an exception too; the state lock is free meanwhile."""
    gate = SessionGate()
    entered = threading.Event()

    def enter() -> None:
        with gate:
            entered.set()

    thread = threading.Thread(target=enter)

    def fail_inside() -> None:
        with gate:
            thread.start()
            assert gate.state.acquire(timeout=WAIT)
            gate.state.release()
            assert not entered.is_set()
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    thread.join(WAIT)
    assert entered.is_set()


def test_closed_gate_lets_nobody_in_and_nobody_wait() -> None:
    """Whoever waited when the session went is refused."""
    gate = SessionGate()
    refused = threading.Event()

    def enter() -> None:
        try:
            with gate:
                pass
        except SessionGoneError:
            refused.set()

    threads = [threading.Thread(target=enter) for _ in range(3)]
    with gate:
        for thread in threads:
            thread.start()
        gate.close()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()
    assert refused.is_set()
    with pytest.raises(SessionGoneError), gate:
        pass
