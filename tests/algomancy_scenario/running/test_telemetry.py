"""What OpenTelemetry is told of runs, in a process that has set it up."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.repository import ROOT

PROGRAM = "tests.algomancy_scenario.running.telling"


@pytest.fixture(scope="module", params=["threads", "processes"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The spans, and what else the program prints, for runs in threads and in processes."""
    command = [sys.executable, "-m", PROGRAM, request.param, str(tmp_path_factory.mktemp("go"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return request.param, *json.loads(done.stdout)


def test_run_is_a_span_below_the_request_that_asked_for_it(told: Any) -> None:
    """Also when it waits behind the run of another request."""
    _, spans, *_ = told
    ids = {span["name"]: span["id"] for span in spans}
    for name in ("Reporting", "Traced", "Failing"):
        (run, *_) = (span for span in spans if span["name"] == f"run {name}")
        assert run["below"] == ids[f"request of {name}"]


def test_span_of_a_run_tells_algorithm_scenario_and_outcome(told: Any) -> None:
    """And why it failed."""
    executor, spans, _, traced_id, *_ = told
    (traced,) = (span for span in spans if span["name"] == "run Traced")
    assert traced["algomancy.algorithm"] == traced["algomancy.scenario.tag"] == "Traced"
    assert traced["algomancy.scenario.id"] == traced_id
    runs = [span for span in spans if span["name"].startswith("run ")]
    assert [(span["algomancy.outcome"], span["status"], span["error"]) for span in runs] == [
        ("complete", "UNSET", None),
        ("complete", "UNSET", None),
        ("failed", "ERROR", "No lorry is left."),
        *[("killed", "ERROR", "The run's process ended: killed by signal 11.")] * (executor == "processes"),
        ("cancelled", "UNSET", None),
    ]


def test_span_of_a_run_is_the_current_one_where_it_happens(told: Any) -> None:
    """In a process of its own, too: what the algorithm tells is below it."""
    _, spans, seen, *_ = told
    (traced,) = (span for span in spans if span["name"] == "run Traced")
    assert seen == traced["id"] % 2**40


def test_runs_are_counted_and_timed(told: Any) -> None:
    """By state while they last, by algorithm and outcome afterwards."""
    executor, _, _, _, during, after = told
    assert (during["algomancy.runs.running"], during["algomancy.runs.queued"]) == (1, 1)
    assert (after["algomancy.runs.running"], after["algomancy.runs.queued"]) == (0, 0)
    ended = {
        "Reporting complete": 1,
        "Traced complete": 1,
        "Failing failed": 1,
        "Reporting cancelled": 1,
        **({"Segfault killed": 1} if executor == "processes" else {}),
    }
    for name in ("algomancy.runs.ended", "algomancy.run.duration"):
        assert {key: value for key, value in after.items() if key.startswith(name)} == {
            f"{name} {what}": number for what, number in ended.items()
        }
