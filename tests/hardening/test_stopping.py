"""Upstream: a deleted run holds the worker, deleted sessions leak threads, SystemExit kills the worker for good."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from algomancy_api import ApiLauncher
from tests.hardening.crash import durable, payload, server_process
from tests.hardening.hardened_project import Stubborn, build_config


@pytest.fixture
def server(serve: Callable[[Any], str]) -> Iterator[httpx.Client]:
    """A client of a fresh server in memory; stubborn runs end with the test."""
    Stubborn.started.clear()
    Stubborn.release.clear()
    with httpx.Client(base_url=serve(ApiLauncher.build(build_config())) + "/api/v1", timeout=30) as client:
        yield client
    Stubborn.release.set()


@dataclass(frozen=True)
class Session:
    """A session with a dataset `data`, in which scenarios are run."""

    http: httpx.Client
    path: str

    @classmethod
    def new(cls, http: httpx.Client, name: str) -> Session:
        """Create it."""
        listed = http.post("/sessions", json={"display_name": name}).raise_for_status().json()["sessions"]
        session = cls(http, next(f"/sessions/{each['id']}" for each in listed if each["display_name"] == name))
        http.post(f"{session.path}/data/from-json", json=payload("data", 1)).raise_for_status()
        return session

    def start(self, algorithm: str, tag: str = "one", **params: Any) -> str:
        """Create a scenario, run it, and give its path."""
        body = {"tag": tag, "dataset_key": "data", "algo_name": algorithm, "algo_params": params}
        created = self.http.post(f"{self.path}/scenarios", json=body).raise_for_status().json()
        path = f"{self.path}/scenarios/{created['id']}"
        self.http.post(f"{path}/run").raise_for_status()
        return path

    def outcome(self, path: str) -> dict[str, Any]:
        """The scenario, once it has ended."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            scenario: dict[str, Any] = self.http.get(path).json()
            if scenario["status"] in ("complete", "failed"):
                return scenario
            time.sleep(0.01)  # Who asks all the time takes it from the run, which steps back.
        raise TimeoutError(f"Scenario {path} has not ended.")


@pytest.mark.parametrize("how", ["delete", "cancel"])
@pytest.mark.parametrize("algorithm", ["Stubborn", "Nap"], ids=["ignores the request", "heeds the request"])
def test_stopped_run_frees_the_worker_at_once(how: str, algorithm: str, server: httpx.Client) -> None:
    """The next queued scenario runs as soon as the running one is deleted or cancelled, whether or not it obeys."""
    session = Session.new(server, "plant")
    running = session.start(algorithm, "running", **({"seconds": 600} if algorithm == "Nap" else {}))
    queued = session.start("Instant", "queued")
    if how == "delete":
        assert server.delete(running).status_code == 204
        assert server.get(f"{running}/status").status_code == 404
    else:
        assert server.post(f"{running}/cancel").status_code == 202
        assert session.outcome(running)["result"] == {"error": "Cancelled"}
    assert session.outcome(queued)["status"] == "complete"
    assert server.get(f"{session.path}/processing").json() is None


def test_abandoned_runs_late_result_is_discarded(server: httpx.Client) -> None:
    """A cancelled run that finishes all the same changes nothing."""
    session = Session.new(server, "plant")
    running = session.start("Stubborn")
    assert Stubborn.started.wait(10)
    (worker,) = [thread for thread in threading.enumerate() if Stubborn.thread == thread.ident]
    server.post(f"{running}/cancel").raise_for_status()
    cancelled = session.outcome(running)
    Stubborn.release.set()
    worker.join(10)
    assert not worker.is_alive()
    assert server.get(running).json() == cancelled


def test_system_exit_fails_the_scenario_and_not_the_worker(server: httpx.Client) -> None:
    """An algorithm that raises SystemExit is `failed`, as often as it is tried; the next one completes."""
    session = Session.new(server, "plant")
    for number in range(40):  # more than there are workers
        assert session.outcome(session.start("Exits", f"exit {number}"))["status"] == "failed"
    assert session.outcome(session.start("Instant", "after"))["status"] == "complete"


def test_deleted_sessions_leave_no_thread(server: httpx.Client) -> None:
    """Two hundred sessions, each with a run, come and go; the number of threads does not grow with them."""

    def live_and_die(number: int) -> None:
        session = Session.new(server, f"brief {number}")
        session.outcome(session.start("Instant"))
        server.delete(session.path).raise_for_status()

    for number in range(20):
        live_and_die(number)
    before = threading.active_count()
    for number in range(20, 200):
        live_and_die(number)
    assert threading.active_count() <= before


def test_deleting_a_session_stops_its_run(server: httpx.Client) -> None:
    """A session deleted with a run in it takes the run with it; other sessions go on."""
    doomed, other = Session.new(server, "doomed"), Session.new(server, "other")
    doomed.start("Stubborn")
    assert Stubborn.started.wait(10)
    assert server.delete(doomed.path).status_code == 200
    assert other.outcome(other.start("Instant"))["status"] == "complete"


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
@pytest.mark.parametrize("algorithm", ["Stubborn", "Nap"], ids=["ignores the request", "heeds the request"])
def test_shutdown_finishes_within_five_seconds(sent: signal.Signals, algorithm: str, tmp_path: Path) -> None:
    """Asked to stop while a scenario runs, the server process is gone within 5 s."""
    with server_process(**durable(tmp_path)) as (url, process), httpx.Client(base_url=f"{url}/api/v1") as http:
        params: dict[str, Any] = {"seconds": 600} if algorithm == "Nap" else {}
        path = Session.new(http, "plant").start(algorithm, **params)
        while http.get(f"{path}/status").json()["status"] != "processing":
            pass
        os.kill(process.pid, sent)
        process.wait(5)
