"""Runs in processes of their own: what they do, and what their deaths do not."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from algomancy_scenario import RunCancelled, ScenarioManager, SessionManager
from algomancy_scenario.running.control import RunControl
from algomancy_scenario.running.executor import RunLimits
from algomancy_scenario.running.job import Job
from algomancy_scenario.running.processes import ProcessExecutor
from tests.algomancy_scenario.running.isolated_project import (
    ALGORITHMS,
    CountedSource,
    Steered,
    begin,
    config,
    finish,
    source,
)
from tests.algomancy_scenario.scenario_project import WAIT, Answer, until
from tests.repository import ROOT


@pytest.fixture
def open_isolated() -> Iterator[Callable[..., SessionManager]]:
    """A function that opens sessions whose runs have processes of their own; closed at the end of the test."""
    opened: list[SessionManager] = []

    def open_(**overrides: Any) -> SessionManager:
        opened.append(SessionManager.from_config(config(**overrides)))
        opened[-1].get_scenario_manager("main").set_data("data", source())
        return opened[-1]

    yield open_
    for sessions in opened:
        sessions.close()


@pytest.fixture
def isolated(open_isolated: Callable[..., SessionManager]) -> ScenarioManager:
    """The first session of such a server, with a dataset `data` and one worker."""
    return open_isolated().get_scenario_manager("main")


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has asked for its exit code counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_run_has_a_process_of_its_own_that_the_next_run_takes_over(isolated: ScenarioManager) -> None:
    """Result and KPIs come back from another process, which is kept."""
    first, second = finish(isolated, "WhichProcess"), finish(isolated, "WhichProcess", "two")
    assert (first.status, first.error) == ("complete", None)
    assert isinstance(first.result, Answer)
    assert first.result.answer == first.kpis["Answer"].value != os.getpid()
    assert second.result.answer == first.result.answer


def test_class_of_a_script_travels(open_isolated: Callable[..., SessionManager]) -> None:
    """An algorithm that no module holds is sent as it is."""

    class Local(Steered):
        def run(self, data: Any) -> Answer:
            return Answer(data.id, os.getpid())

    manager = open_isolated(algorithms={"Local": Local}).get_scenario_manager("main")
    assert finish(manager, "Local").kpis["Answer"].value != os.getpid()


SCRIPT = """
import multiprocessing, os
from tests.algomancy_scenario.running.isolated_project import Steered, begin, config, source
from tests.algomancy_scenario.scenario_project import Answer
from algomancy_scenario import SessionManager

def square(x):
    return x * x

class Pooled(Steered):
    result_class = Answer

    def run(self, data):
        with multiprocessing.get_context(self.params["folder"]).Pool(1) as pool:
            return Answer(data.id, sum(pool.map(square, [3, 4])))

if __name__ == "__main__":
    sessions = SessionManager.from_config(config(algorithms={"Pooled": Pooled}))
    manager = sessions.get_scenario_manager("main")
    manager.set_data("data", source())
    for method in multiprocessing.get_all_start_methods():
        scenario = begin(manager, "Pooled", method, method)
        manager.wait_for_processing()
        print(scenario.error or scenario.result.answer)
    sessions.close()
"""


@pytest.mark.timeout(4 * WAIT)  # As many runs as there are ways, each of which steps back behind all else.
def test_run_of_a_script_may_have_processes_of_its_own(tmp_path: Path) -> None:
    """A function of the script is found by the processes that `multiprocessing` starts, whichever way it does."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=3 * WAIT)
    assert ended.stdout.split() == ["25"] * len(multiprocessing.get_all_start_methods()), ended.stderr


def test_working_directory_and_environment_that_a_run_changes_are_its_own(isolated: ScenarioManager) -> None:
    """The next run in the same process finds both as the first one did."""
    first, second = finish(isolated, "Wandering"), finish(isolated, "Wandering", "two")
    assert (first.error, second.error) == (None, None)
    assert first.result.answer == second.result.answer


@pytest.mark.parametrize(
    ("algo_name", "error"),
    [
        ("Segfault", "The run's process ended: killed by signal 11."),
        ("Exiting", "The run's process ended: exit code 3."),
    ],
)
def test_process_that_dies_fails_its_scenario_only(isolated: ScenarioManager, algo_name: str, error: str) -> None:
    """The scenario says what happened, and the next run gets another process."""
    dead, after = begin(isolated, algo_name), begin(isolated, "WhichProcess", "two")
    assert isolated.wait_for_processing(WAIT)
    assert (dead.status, dead.error, dead.result) == ("failed", error, {"error": error})
    assert after.status == "complete"


def process_of(manager: ScenarioManager) -> int:
    """The process that carries out the manager's runs."""
    return int(finish(manager, "WhichProcess").kpis["Answer"].value or 0)


def test_log_tells_where_a_process_crashed(
    isolated: ScenarioManager, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Which scenario it was, and on standard error the line of the user's code."""
    finish(isolated, "Segfault", "doomed")
    assert "Scenario 'doomed' failed: the run's process ended: killed by signal 11." in caplog.messages
    assert 'isolated_project.py", line' in capfd.readouterr().err


def test_worker_that_died_between_two_runs_harms_neither(isolated: ScenarioManager) -> None:
    """The next run gets another process."""
    pid = process_of(isolated)
    os.kill(pid, signal.SIGKILL)
    after = finish(isolated, "WhichProcess", "two")
    assert (after.status, after.error) == ("complete", None)
    assert after.kpis["Answer"].value != pid


def test_run_that_never_reports_is_killed_when_cancelled(
    open_isolated: Callable[..., SessionManager], tmp_path: Path
) -> None:
    """Its process is gone after the grace period, and the queue has gone on before."""
    manager = open_isolated(cancel_grace=0.05).get_scenario_manager("main")
    deaf = begin(manager, "Deaf", folder=tmp_path)
    until((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    after = begin(manager, "WhichProcess", "two")
    manager.cancel_scenario(deaf.id)
    assert manager.wait_for_processing(WAIT)
    assert (deaf.status, deaf.error, after.status) == ("failed", "Cancelled", "complete")
    assert after.kpis["Answer"].value != pid
    until(lambda: is_gone(pid))


def test_run_that_reports_ends_when_cancelled_and_leaves_its_process_to_the_next(
    open_isolated: Callable[..., SessionManager], tmp_path: Path
) -> None:
    """Progress arrives while it runs; `set_progress` raises once it is cancelled."""
    manager = open_isolated(cancel_grace=WAIT).get_scenario_manager("main")
    pid = process_of(manager)
    reporting = begin(manager, "Reporting", "two", tmp_path)
    until(lambda: reporting.progress == 40)
    manager.cancel_scenario(reporting.id)
    until(lambda: finish(manager, "WhichProcess", f"after {time.monotonic_ns()}").kpis["Answer"].value == pid)
    assert reporting.error == "Cancelled"


def test_run_that_is_stopped_before_it_is_sent_leaves_its_dataset_to_be_sent(isolated: ScenarioManager) -> None:
    """The worker that was meant for it does not count as having the dataset."""

    class Control(RunControl):
        def hear(self, progress: float) -> None:
            """It is nobody's."""

    stopped = Control()
    stopped.stop()
    scenario = isolated.create_scenario("one", "data", "WhichProcess", {"folder": ""})
    owner, executor = scenario.owner, ProcessExecutor(1, RunLimits())
    dataset = owner.dataset_of(scenario)
    job = Job(owner.catalog, scenario.tag, scenario.algo_name, *scenario.stored_params, scenario.id)
    try:
        with pytest.raises(RunCancelled):
            executor.perform(job, dataset, stopped)
        assert executor.perform(job, dataset, Control()).result_json
    finally:
        executor.shutdown()


def test_run_that_ends_in_an_error_of_the_server_fails_and_the_queue_goes_on(
    open_isolated: Callable[..., SessionManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing stays processing for ever, whatever goes wrong."""
    manager = open_isolated().get_scenario_manager("main")
    carry_out = ProcessExecutor.perform

    def break_once(self: ProcessExecutor, job: Job, *more: Any) -> Any:
        if job.tag == "one":
            raise KeyError(10)
        return carry_out(self, job, *more)

    monkeypatch.setattr(ProcessExecutor, "perform", break_once)
    broken, after = begin(manager, "WhichProcess"), begin(manager, "WhichProcess", "two")
    assert manager.wait_for_processing(WAIT)
    assert (broken.status, broken.error) == ("failed", "The server could not carry out the run.")
    assert after.status == "complete"


def test_run_goes_on_when_all_processes_are_told_to_end(isolated: ScenarioManager, tmp_path: Path) -> None:
    """As a service manager does that stops a server: it is for the server to say what becomes of its runs."""
    pid = process_of(isolated)
    reporting = begin(isolated, "Reporting", "two", tmp_path)
    until(lambda: reporting.progress == 40)
    os.killpg(pid, signal.SIGTERM)
    (tmp_path / "go").touch()
    assert isolated.wait_for_processing(WAIT)
    assert (reporting.status, reporting.kpis["Answer"].value) == ("complete", pid)


def test_users_cancel_is_called_in_the_process_of_the_run(
    open_isolated: Callable[..., SessionManager], tmp_path: Path
) -> None:
    """An algorithm can interrupt its solver."""
    manager = open_isolated(cancel_grace=WAIT).get_scenario_manager("main")
    scenario = begin(manager, "Interruptible", folder=tmp_path)
    until((tmp_path / "running").exists)
    manager.delete_scenario(scenario.id)
    until((tmp_path / "cancelled").exists)


@pytest.mark.parametrize(
    ("algo_name", "reason"), [("AtHome", "it says so"), ("Untransportable", "cannot pickle")], ids=["asked for", "lock"]
)
def test_algorithm_that_cannot_travel_runs_in_a_thread_and_the_log_says_why_once(
    isolated: ScenarioManager, caplog: pytest.LogCaptureFixture, algo_name: str, reason: str
) -> None:
    """Nobody's project stops working because of where runs happen."""
    for tag in ("one", "two"):
        assert finish(isolated, algo_name, tag).kpis["Answer"].value == os.getpid()
    said = [record.getMessage() for record in caplog.records if "in a thread of the server" in record.getMessage()]
    assert len(said) == 1
    assert reason in said[0]


def test_dataset_is_sent_to_a_worker_once_and_a_run_changes_its_own_copy(isolated: ScenarioManager) -> None:
    """Five runs that each empty the table all find three rows."""
    finish(isolated, "Spoiling")
    before = CountedSource.packed
    rows = [finish(isolated, "Spoiling", f"{number}").kpis["Answer"].value for number in range(5)]
    assert rows == [3] * 5
    assert CountedSource.packed == before


def test_dataset_that_was_replaced_is_sent_again(isolated: ScenarioManager) -> None:
    """A run works on what the key means when it starts."""
    scenario = finish(isolated, "Spoiling")
    isolated.delete_scenario(scenario.id)
    isolated.set_data("data", source(rows=5))
    assert finish(isolated, "Spoiling").kpis["Answer"].value == 5


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux bounds the memory of a process.")
def test_run_that_takes_too_much_memory_fails_with_the_limit(open_isolated: Callable[..., SessionManager]) -> None:
    """The process goes on: what the run took is given back."""
    manager = open_isolated(run_memory_limit=200_000_000).get_scenario_manager("main")
    assert finish(manager, "Hungry").error == "There was not enough memory. A run may take 200,000,000 bytes."
    assert finish(manager, "WhichProcess", "two").status == "complete"


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_run_that_takes_too_long_fails_with_the_limit(
    open_isolated: Callable[..., SessionManager], tmp_path: Path, executor: str
) -> None:
    """Wherever it runs; the queue goes on."""
    manager = open_isolated(executor=executor, run_timeout=0.2).get_scenario_manager("main")
    late, after = begin(manager, "Reporting", folder=tmp_path), begin(manager, "Talking", "two")
    until(lambda: late.status == "failed")
    assert late.error == "The run was stopped: it took longer than the 0.2 seconds allowed."
    until(lambda: after.status in ("complete", "failed"))


def test_what_a_run_logs_is_logged_by_the_server(isolated: ScenarioManager, caplog: pytest.LogCaptureFixture) -> None:
    """Under its own name and level."""
    finish(isolated, "Talking")
    assert ("planner", 30, "Solver says hello") in caplog.record_tuples


def test_workers_end_with_the_sessions(open_isolated: Callable[..., SessionManager]) -> None:
    """Closing leaves no process behind."""
    sessions = open_isolated()
    pid = process_of(sessions.get_scenario_manager("main"))
    sessions.close()
    until(lambda: is_gone(pid))


_SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tests.algomancy_scenario.running.isolated_project import config, source
from algomancy_scenario import SessionManager
manager = SessionManager.from_config(config()).get_scenario_manager("main")
manager.set_data("data", source())
scenario = manager.create_scenario("one", "data", sys.argv[3], {"folder": sys.argv[2]})
manager.process_scenario_async(scenario)
manager.wait_for_processing()
"""


@pytest.mark.parametrize("algo_name", ["Deaf", "Calling"], ids=["busy worker", "its solver"])
def test_worker_and_its_solver_end_when_the_server_is_killed(tmp_path: Path, algo_name: str) -> None:
    """Even those that are busy and hear nothing."""
    server = subprocess.Popen([sys.executable, "-c", _SERVER, str(ROOT), str(tmp_path), algo_name])
    until((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    assert not is_gone(pid)
    server.send_signal(signal.SIGKILL)
    server.wait()
    until(lambda: is_gone(pid))


@pytest.mark.parametrize("dies", [False, True], ids=["cancelled", "crashed"])
def test_solver_ends_with_the_run_that_called_it(
    open_isolated: Callable[..., SessionManager], tmp_path: Path, dies: bool
) -> None:
    """A program that an algorithm started outlives neither the cancelling nor the crash of its run."""
    manager = open_isolated(cancel_grace=0.05).get_scenario_manager("main")
    if dies:
        (tmp_path / "die").touch()
    scenario = begin(manager, "Calling", folder=tmp_path)
    until((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    if not dies:
        manager.cancel_scenario(scenario.id)
    until(lambda: is_gone(pid))
    assert manager.wait_for_processing(WAIT)
    assert scenario.error == ("The run's process ended: killed by signal 6." if dies else "Cancelled")


def test_every_algorithm_of_the_project_is_tried() -> None:
    """No algorithm of the project is there for nothing."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in ALGORITHMS if json.dumps(name) not in text] == []
