"""Runs of the kit against the reference, short ones: outcomes, residue, read-only, token."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import httpx
import pytest

from algomancy_conformance.clauses import Profile
from algomancy_conformance.judging.report import WRITERS
from algomancy_conformance.mutants import MUTANTS
from algomancy_conformance.mutants.reference import CRASHING
from algomancy_conformance.mutants.wire import Call
from algomancy_conformance.options import Options
from algomancy_conformance.outcomes import KitError, Outcome
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import check_target
from algomancy_conformance.selftest import AppTarget, try_mutant
from algomancy_conformance.target.client import Api

CHECKED = ("SES-1", "SES-4", "SES-7", "SCN-3", "DAT-4", "MET-1")


def everything_on(url: str) -> dict[str, Any]:
    """Sessions and the keys of their datasets."""
    sessions = httpx.get(f"{url}/api/v1/sessions").json()
    keys = {s["id"]: httpx.get(f"{url}/api/v1/sessions/{s['id']}/data").json() for s in sessions["sessions"]}
    return {**sessions, "data": keys}


def test_reference_passes_and_is_left_as_it_was(reference: AppTarget) -> None:
    """The chosen clauses pass, and the server has the sessions and datasets it had before."""
    before = everything_on(reference.url)
    verdict = check_target(reference, Options(only=CHECKED, layers=("clauses",), fast="Greedy slotting", seed=1))

    assert {c.clause.id: c.outcome for c in verdict.clauses} == dict.fromkeys(
        ["MET-1", "SES-1", "SES-4", "SES-7", "SCN-3", "DAT-4"], Outcome.PASSED
    )
    assert verdict.exit_code == 0
    assert verdict.residue == ""
    assert everything_on(reference.url) == before


def test_broken_target_is_left_as_it_was(reference: AppTarget) -> None:
    """A run full of failures leaves no residue either."""
    before = everything_on(reference.url)
    verdict = check_target(
        reference, Options(only=("SES-4", "SCN-3"), prefix="/api/v1", layers=("clauses",), fast="no such", seed=1)
    )

    assert verdict.of(Outcome.FAILED)
    assert everything_on(reference.url) == before


def test_read_only_run_sends_gets_alone(reference: AppTarget, calls: list[Call]) -> None:
    """A read-only run sends GETs only; what it could not try is untested, and so its answer is incomplete."""
    verdict = check_target(reference, Options(read_only=True, crashing=CRASHING, seed=1))

    assert {call.method for call in calls} == {"GET"}
    assert not verdict.of(Outcome.FAILED)
    assert not verdict.of(Outcome.ERROR)
    passed = {c.clause.id for c in verdict.of(Outcome.PASSED)}
    assert {"MET-1", "MET-2", "SES-1", "ALG-1", "ALG-3", "KPI-1"} <= passed
    assert "SES-3" in {c.clause.id for c in verdict.of(Outcome.UNTESTED)}
    assert verdict.exit_code == 2


def test_token_is_sent_and_told_to_nobody(reference: AppTarget, calls: list[Call]) -> None:
    """Every request carries the token, and no report of a failing run does."""
    options = Options(token="s3cret", only=("SES-1", "SES-11"), profile=Profile.REFERENCE, layers=("clauses",), seed=1)
    verdict = check_target(reference, options)

    assert {dict(call.headers).get(b"authorization") for call in calls} == {b"Bearer s3cret"}
    assert not [name for name, write in WRITERS.items() if "s3cret" in write(verdict)]


def test_wrong_prefix_is_the_target_s_failure(reference: AppTarget) -> None:
    """Where nothing answers below the prefix, clauses fail or are untested; the kit does not break."""
    verdict = check_target(reference, Options(prefix="/elsewhere", only=("SES-1", "SES-3", "SCN-2"), seed=1))

    assert verdict.exit_code == 1
    assert not verdict.of(Outcome.ERROR)
    assert {c.clause.id: c.outcome for c in verdict.clauses}["SES-1"] is Outcome.FAILED
    assert {c.clause.id: c.outcome for c in verdict.clauses}["SCN-2"] is Outcome.UNTESTED


def test_writes_to_strange_sessions_never_leave_the_kit(reference: AppTarget, calls: list[Call]) -> None:
    """A write to a session that was there before the run is refused by the client, by id and by name."""
    run = Run(reference, Options(seed=1))
    run.open()
    main = httpx.get(f"{reference.url}/api/v1/sessions").json()["default"]
    calls.clear()

    for path in (f"/sessions/{main}", "/sessions/main/data/x", "/sessions/ma%69n/scenarios/x"):
        with pytest.raises(KitError, match="not its own"):
            run.api.delete(path)
    assert calls == []
    run.close()


def test_guard_knows_the_prefix() -> None:
    """The client's guard reads the session from the path below whatever prefix there is."""
    api = Api("http://127.0.0.1:1", "/a.b/c", protected=frozenset({"main"}))

    with pytest.raises(KitError, match="not its own"):
        api.delete("/sessions/main")
    api.close()


@pytest.mark.parametrize(
    "name",
    ["422 with a list as detail", "lost copy", "case-blind tags", "progress that falls", "shared ids after derive"],
)
def test_mutant_is_caught_by_its_clause(name: str) -> None:
    """A few mutants, as the selftest runs them all."""
    finding = try_mutant(next(i for i, mutant in enumerate(MUTANTS) if mutant.name == name))

    assert finding.caught, finding.said


def test_interrupted_run_cleans_up(reference: AppTarget) -> None:
    """Ctrl-C in the middle of a run ends it with 2, and the target is as before."""
    before = everything_on(reference.url)
    command = [
        sys.executable,
        "-m",
        "algomancy_conformance",
        "run",
        reference.url,
        "--layer",
        "model",
        "--examples",
    ]
    process = subprocess.Popen(
        [*command, "500"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    deadline = time.monotonic() + 30
    while len(httpx.get(f"{reference.url}/api/v1/sessions").json()["sessions"]) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 2, errors
    assert "nothing is left behind" in errors
    assert everything_on(reference.url) == before


def test_json_of_a_verdict_can_be_read_back(reference: AppTarget) -> None:
    """The report of a real run holds each check with its sentence."""
    verdict = check_target(reference, Options(only=("SES-1",), layers=("clauses",), seed=1))
    report = json.loads(WRITERS["report.json"](verdict))

    assert report["clauses"][0]["checks"][0]["sentence"].startswith("The list holds UUIDs")
