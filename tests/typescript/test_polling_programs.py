"""The polling programs that `make typescript` compiles do what the seed's loop does, against a live server."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config

HERE = Path(__file__).parent
ORDER = {
    "tag": "my-run",
    "datasetKey": "Master data",
    "algorithm": "Slow",
    "duration": 1,
    "formOf": "Parameter showcase",
    "pauseMilliseconds": 20,
}
FORM = [
    "note: first try",
    "pickers: 1 to 20, 4",
    "walking_speed: 0.5 to 2.5, 1.4",
    "night_shift: off",
    "strategy: one of nearest, farthest, balanced, nearest",
    "zones: some of Zone A, Zone B, Zone C, Zone D, Zone E, Zone A",
    "start: 2024-03-04T07:00:00",
    "period: 2024-03-04T00:00:00 to 2024-03-29T00:00:00",
]

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules/.installed").exists(), reason="`make typescript` has not installed the compiler yet"
    ),
]


def run(*command: str) -> str:
    """Run a command in this folder and return what it prints."""
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_polling_programs_follow_a_scenario_to_its_end(serve: Callable[[Any], str]) -> None:
    """Either generator's program creates a scenario, runs it, sees it end and reads its KPIs."""
    run("make", "--no-print-directory", "build/.compiled")
    url = serve(ApiLauncher.build(build_example_config()))

    outcomes = json.loads(run("node", "run.mjs", json.dumps({**ORDER, "baseUrl": url})))

    assert set(outcomes) == {"poll_openapi_fetch", "poll_hey_api"}
    for program, outcome in outcomes.items():
        assert outcome["status"] == "complete", program
        assert outcome["progress"] == 100
        assert outcome["form"] == FORM
        assert all(isinstance(value, int | float) for value in outcome["kpis"].values())
        assert outcome["kpis"]
        assert outcome["result"]
        assert "my-run" in outcome["refusal"]
