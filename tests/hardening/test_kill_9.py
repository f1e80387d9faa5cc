"""Upstream: after `kill -9` no dataset, scenario or result survives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hardening.crash import crash_repeatedly, temporary_files


def test_kill_9_loses_nothing_acknowledged(
    tmp_path: Path, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed at random moments under concurrent writes, a server finds everything it acknowledged, and no leftovers."""
    rounds, seed = pytestconfig.getoption("--crash-rounds"), pytestconfig.getoption("--crash-seed")
    outcome = crash_repeatedly(tmp_path, rounds=rounds, seed=seed)
    with capsys.disabled():
        print(f"\ncrash test: {outcome} (replay: --crash-rounds {rounds} --crash-seed {seed})")
    assert outcome.lost == []
    assert outcome.acknowledged > rounds
    assert temporary_files(tmp_path) == []
