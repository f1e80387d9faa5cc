"""The scenarios that a demonstration starts with, so that there is something to compare."""

from __future__ import annotations

from typing import Any

from algomancy_scenario import ScenarioStatus, SessionManager

SAMPLE_RUNS: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("As it is", "Slow", {"duration": 1}),
    ("Greedy", "Greedy slotting", None),
    ("Random, seed 7", "Random slotting", {"seed": 7}),
    ("Fails on purpose", "Failing", {"mode": "no result"}),
)
"""Tag, algorithm and parameters of each: three that end well, and one that fails."""


def add_sample_runs(sessions: SessionManager) -> None:
    """Create the sample scenarios in the default session, run them, and wait for their end: a second or two.

    Args:
        sessions: A fresh backend of the example.
    """
    manager = sessions.get_scenario_manager(sessions.start_session_id)
    for tag, algorithm, parameters in SAMPLE_RUNS:
        scenario = manager.create_scenario(tag, "Master data", algorithm, parameters)
        if scenario.status == ScenarioStatus.CREATED:  # otherwise `autorun` has queued it
            manager.process_scenario_async(scenario)
    manager.wait_for_processing()
