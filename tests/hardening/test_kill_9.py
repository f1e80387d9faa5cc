"""Upstream: after `kill -9` no dataset, scenario or result survives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hardening.crash import crash_repeatedly, temporary_files
from tests.hardening.crash_servers import crash_servers
from tests.hardening.hardened_project import RUNS_VARIABLE


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


def test_kill_9_of_one_server_of_two_loses_nothing(
    database_url: str,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a killed server acknowledged the other one has; its runs are done there, none twice at once, none never."""
    rounds, seed = pytestconfig.getoption("--crash-rounds"), pytestconfig.getoption("--crash-seed")
    runs = tmp_path / "runs"
    runs.mkdir()
    monkeypatch.setenv(RUNS_VARIABLE, str(runs))
    outcome = crash_servers(database_url, runs, rounds=rounds, seed=seed)
    with capsys.disabled():
        print(f"\ncrash test of two servers: {outcome} (replay: --crash-rounds {rounds} --crash-seed {seed})")
    assert (outcome.lost, outcome.twice, outcome.stuck) == ([], [], [])
    assert outcome.acknowledged > rounds
