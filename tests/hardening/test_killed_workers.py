"""The process of a run is killed, at each stage of it: no scenario is lost, stuck or run twice."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from algomancy_scenario import Scenario, ScenarioManager, SessionManager
from tests.algomancy_scenario.running.dask_cluster import Cluster
from tests.hardening.doomed_project import config, source
from tests.repository import ROOT

WAIT = 60
KILLED = "The run's process ended: killed by signal 9."
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="only Linux lists all processes")


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class Server:
    """Two durable sessions and two workers; each scenario notes in a file of its own how often it is begun.

    Args:
        folder: Where its state is.
        cluster: Where its runs are, if not in processes that it starts itself.
    """

    def __init__(self, folder: Path, cluster: Cluster | None) -> None:
        self.folder = folder
        where = config(folder) if cluster is None else config(folder, "dask", cluster.address)
        self._starters = [os.getpid()] if cluster is None else [worker.pid for worker in cluster.workers]
        self.sessions = SessionManager.from_config(where)
        self.doomed = self.sessions.get_scenario_manager("main")
        self.other = self.sessions.get_scenario_manager(self.sessions.create_new_session("other"))
        for manager in (self.doomed, self.other):
            manager.set_data("data", source())

    def begin(self, manager: ScenarioManager, algo_name: str, tag: str) -> Scenario[Any]:
        scenario = manager.create_scenario(tag, "data", algo_name, {"file": str(self.note(tag))})
        manager.process_scenario_async(scenario)
        return scenario

    def workers(self) -> list[int]:
        """The processes for runs that have not ended."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(FileNotFoundError, ProcessLookupError):  # It may end while it is looked at.
                parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                if parent in self._starters and b"worker_process" in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
        return found

    def note(self, tag: str) -> Path:
        return self.folder / f"{tag}.note"

    def begins(self, tag: str) -> list[int]:
        """The process of each begin of a scenario's run."""
        return [int(pid) for pid in self.note(tag).read_text(encoding="ascii").splitlines()]

    def wait(self) -> None:
        assert self.doomed.wait_for_processing(WAIT), "A scenario is stuck."
        assert self.other.wait_for_processing(WAIT), "A scenario is stuck."


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A Dask cluster of two workers."""
    pytest.importorskip("distributed")
    cluster = Cluster(ROOT)
    yield cluster
    cluster.stop()


@pytest.fixture(params=["processes", pytest.param("dask", marks=pytest.mark.xdist_group("dask"))])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with its state in a folder, and its runs where it has them."""
    server = Server(tmp_path, request.getfixturevalue("cluster") if request.param == "dask" else None)
    yield server
    server.sessions.close()


def kill_before_begin(server: Server, tag: str, chance: random.Random) -> Scenario[Any]:
    """The worker has the job, or gets it in this moment, and comes to nothing of it."""
    server.wait()
    idle = server.workers()
    signal_all(idle, signal.SIGSTOP)
    scenario = server.begin(server.doomed, "Noting", tag)
    threading.Event().wait(chance.uniform(0, 0.03))  # A cluster takes its time.
    signal_all(idle, signal.SIGKILL)
    return scenario


def kill_running(server: Server, tag: str, chance: random.Random) -> Scenario[Any]:
    """The algorithm is at work."""
    scenario = server.begin(server.doomed, "Endless", tag)
    end = time.monotonic() + WAIT
    while not (server.note(tag).exists() and server.begins(tag)):
        assert time.monotonic() < end, "The run does not begin."
        time.sleep(0.001)
    threading.Event().wait(chance.uniform(0, 0.01))
    signal_all(server.begins(tag), signal.SIGKILL)
    return scenario


def kill_sending(server: Server, tag: str, chance: random.Random) -> Scenario[Any]:
    """Half of the result is on the way."""
    return server.begin(server.doomed, "DyingWords", tag)


STAGES: dict[str, tuple[Callable[..., Scenario[Any]], str | None]] = {
    "before begin": (kill_before_begin, None),
    "running": (kill_running, KILLED),
    "sending the result": (kill_sending, KILLED),
}


@pytest.mark.parametrize("stage", STAGES)
def test_death_of_a_worker_ends_one_run_at_most(stage: str, server: Server, pytestconfig: pytest.Config) -> None:
    """Not begun, it is done by another worker; else its scenario fails; whatever else runs and waits is done."""
    kill, error = STAGES[stage]
    chance = random.Random(pytestconfig.getoption("--crash-seed"))
    ended: dict[str, str] = {}
    for number in range(pytestconfig.getoption("--kill-rounds")):
        beside = server.begin(server.other, "Noting", f"beside {number}")
        doomed = kill(server, f"doomed {number}", chance)
        waiting = server.begin(server.doomed, "Noting", f"waiting {number}")
        server.wait()
        assert [doomed.error, beside.error, waiting.error] == [error, None, None], f"round {number}"
        assert [len(server.begins(each.tag)) for each in (doomed, beside, waiting)] == [1, 1, 1], f"round {number}"
        ended |= {each.id: each.status for each in (doomed, beside, waiting)}
    server.sessions.close()
    reopened = SessionManager.from_config(config(server.folder))
    managers = [reopened.get_scenario_manager(name) for name in ("main", "other")]
    kept = {each.id: each.status for manager in managers for each in manager.list_scenarios()}
    reopened.close()
    assert kept == ended
