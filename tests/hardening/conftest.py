"""The hardening tests import their project and their crash driver from this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

_SECONDS_PER_CRASH = 20


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the crash test time for as many rounds as are wanted."""
    for item in items:
        if item.name == "test_kill_9_loses_nothing_acknowledged":
            rounds = config.getoption("--crash-rounds")
            item.add_marker(pytest.mark.timeout(_SECONDS_PER_CRASH * (rounds + 3)))
