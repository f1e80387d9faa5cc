"""The hardening tests import their project and their crash driver from this folder."""

from __future__ import annotations

import pytest

_SECONDS_PER_ROUND = 20
_ROUNDS = {
    "test_kill_9_loses_nothing_acknowledged": "--crash-rounds",
    "test_kill_9_of_one_server_of_two_loses_nothing": "--crash-rounds",
    "test_death_of_a_worker_ends_one_run_at_most": "--kill-rounds",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the tests that kill time for as many rounds as are wanted."""
    for item in items:
        option = _ROUNDS.get(item.name.partition("[")[0])
        if option is not None:
            item.add_marker(pytest.mark.timeout(_SECONDS_PER_ROUND * (config.getoption(option) + 3)))
