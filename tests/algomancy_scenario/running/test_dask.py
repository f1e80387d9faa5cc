"""Runs on a Dask cluster: a scheduler and two workers on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from algomancy_scenario import ScenarioManager, SessionManager
from algomancy_scenario.running.dask import DaskExecutor
from tests.algomancy_scenario.running.dask_cluster import Cluster
from tests.algomancy_scenario.running.isolated_project import begin, config, finish, source
from tests.algomancy_scenario.scenario_project import until
from tests.repository import ROOT

pytest.importorskip("distributed")

PATIENCE = 60
pytestmark = pytest.mark.xdist_group("dask")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A running cluster."""
    cluster = Cluster(ROOT)
    yield cluster
    cluster.stop()


@pytest.fixture
def manager(cluster: Cluster) -> Iterator[ScenarioManager]:
    """The first session of a server whose runs are on the cluster, with a dataset `data`."""
    sessions = SessionManager.from_config(config(executor="dask", workers=None, dask_address=cluster.address))
    manager = sessions.get_scenario_manager("main")
    manager.set_data("data", source())
    yield manager
    sessions.close()


def test_run_is_on_a_worker_in_a_process_of_its_own(manager: ScenarioManager, cluster: Cluster) -> None:
    """Neither the server's nor a Dask worker's: what it does to its process harms neither."""
    scenario = finish(manager, "WhichProcess", seconds=PATIENCE)
    assert (scenario.status, scenario.error) == ("complete", None)
    assert scenario.kpis["Answer"].value not in {os.getpid(), *(worker.pid for worker in cluster.workers)}


def test_solver_that_crashes_is_tried_once_and_leaves_the_workers_alone(
    manager: ScenarioManager, cluster: Cluster
) -> None:
    """The scenario says what happened; no other run notices."""
    dead, after = begin(manager, "Segfault"), begin(manager, "Spoiling", "two")
    assert manager.wait_for_processing(PATIENCE)
    assert dead.error == "The run's process ended: killed by signal 11."
    assert (after.status, after.kpis["Answer"].value) == ("complete", 3)
    assert [worker.poll() for worker in cluster.workers] == [None, None]


def test_run_reports_and_is_stopped_on_its_worker(manager: ScenarioManager, tmp_path: Path) -> None:
    """Progress arrives while it runs; cancelled, the next one begins at once and the process is gone soon after."""
    reporting = begin(manager, "Reporting", folder=tmp_path)
    until(lambda: reporting.progress == 40, PATIENCE)
    manager.cancel_scenario(reporting.id)
    assert reporting.error == "Cancelled"
    deaf = begin(manager, "Deaf", "two", tmp_path)
    until((tmp_path / "pid").exists, PATIENCE)
    manager.cancel_scenario(deaf.id)
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{pid}").exists(), PATIENCE)
    assert finish(manager, "WhichProcess", "three", seconds=PATIENCE).status == "complete"


_SERVER = """
import sys
from tests.algomancy_scenario.running.isolated_project import begin, config, source
from algomancy_scenario import SessionManager
manager = SessionManager.from_config(config(executor="dask", dask_address=sys.argv[1])).get_scenario_manager("main")
manager.set_data("data", source())
begin(manager, "Deaf", folder=sys.argv[2])
manager.wait_for_processing()
"""


def test_run_ends_when_its_server_is_killed(manager: ScenarioManager, cluster: Cluster, tmp_path: Path) -> None:
    """On its worker as well, which then does those of others."""
    command = [sys.executable, "-c", _SERVER, cluster.address, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as server:
        until((tmp_path / "pid").exists, PATIENCE)
        server.kill()
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{pid}").exists(), PATIENCE)
    assert finish(manager, "WhichProcess", seconds=PATIENCE).status == "complete"


def lose_the_worker_of(run: Path, cluster: Cluster) -> None:
    """Kill the Dask worker that has started the process noted in a file, and take the note away."""
    parent = int(Path(f"/proc/{run.read_text()}/stat").read_text().split()[3])
    run.unlink()
    next(worker for worker in cluster.workers if worker.pid == parent).kill()


def test_run_whose_worker_is_lost_is_begun_once_more(
    manager: ScenarioManager, cluster: Cluster, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """The loss of a machine costs time, not the run; that of two may be the run's own doing, and is the end of it."""
    run, executor = tmp_path / "pid", manager.processor._executor
    assert isinstance(executor, DaskExecutor)
    for number in range(pytestconfig.getoption("--kill-rounds") // 3):  # Each takes seconds.
        scenario = begin(manager, "Deaf", f"lost {number}", folder=tmp_path)
        for turn in (1, 2):
            until(run.exists, PATIENCE)
            # What a worker told last may be lost with it.
            until(lambda: [each.turns for each in executor._watched.values()] == [turn], PATIENCE)  # noqa: B023
            assert scenario.status == "processing"
            lose_the_worker_of(run, cluster)
        cluster.add_workers()
        until(lambda: scenario.status == "failed", PATIENCE)  # noqa: B023
        assert scenario.error == "The run's worker was lost, and so was the one that tried again."
        assert finish(manager, "WhichProcess", f"after {number}", seconds=PATIENCE).status == "complete"
        until(lambda: not run.exists() or not Path(f"/proc/{run.read_text()}").exists(), PATIENCE)
        run.unlink(missing_ok=True)


def test_run_waits_for_a_scheduler_that_was_lost(manager: ScenarioManager, cluster: Cluster, tmp_path: Path) -> None:
    """The server answers meanwhile, and the run is done when the cluster is back."""
    scenario = begin(manager, "Reporting", folder=tmp_path)
    until(lambda: scenario.progress == 40, PATIENCE)
    cluster.stop()
    (tmp_path / "go").touch()
    assert manager.get_by_id(scenario.id) is scenario
    assert scenario.status == "processing"
    cluster.start()
    until(lambda: scenario.status == "complete", PATIENCE)
