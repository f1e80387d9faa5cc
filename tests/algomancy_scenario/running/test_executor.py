"""The threads that runs have."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from algomancy_scenario.running.executor import ThreadExecutor
from tests.algomancy_scenario.scenario_project import WAIT


@pytest.fixture
def executor() -> Iterator[ThreadExecutor]:
    """Two jobs at a time."""
    executor = ThreadExecutor(workers=2)
    yield executor
    executor.shutdown()


class Blocker:
    """A job that runs until it is released."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.release = threading.Event()
        self.thread = threading.current_thread()

    def __call__(self) -> None:
        self.thread = threading.current_thread()
        self.started.set()
        self.release.wait(WAIT)


def runs_two_at_a_time(executor: ThreadExecutor) -> None:
    blockers = [Blocker() for _ in range(3)]
    for blocker in blockers:
        executor.submit(blocker)
    assert blockers[0].started.wait(WAIT)
    assert blockers[1].started.wait(WAIT)
    assert (executor.threads, blockers[2].started.is_set()) == (2, False)
    for blocker in blockers:
        blocker.release.set()
    assert blockers[2].started.wait(WAIT)


def test_jobs_run_in_order_on_few_threads(executor: ThreadExecutor) -> None:
    """More jobs than threads wait their turn; the threads are daemons and do not multiply."""
    blocker, done = Blocker(), threading.Event()
    order: list[int] = []
    executor.submit(blocker)
    assert blocker.started.wait(WAIT)
    for number in range(100):
        executor.submit(partial(order.append, number))
    executor.submit(done.set)
    assert done.wait(WAIT)
    assert order == list(range(100))
    assert executor.threads <= 2
    assert blocker.thread.daemon
    blocker.release.set()


def test_abandoned_job_gives_its_place_to_another(executor: ThreadExecutor) -> None:
    """Abandoning a job lets the next one start although the job goes on; when it ends, so does its thread."""
    blockers = [Blocker() for _ in range(3)]
    tickets = [executor.submit(blocker) for blocker in blockers]
    assert blockers[0].started.wait(WAIT)
    assert blockers[1].started.wait(WAIT)
    assert not blockers[2].started.is_set()
    tickets[0].abandon()
    tickets[0].abandon()
    assert blockers[2].started.wait(WAIT)
    assert executor.threads == 2
    blockers[0].release.set()
    blockers[0].thread.join(WAIT)
    assert not blockers[0].thread.is_alive()
    for blocker in blockers[1:]:
        blocker.release.set()


def test_waiting_job_that_is_abandoned_never_runs(executor: ThreadExecutor) -> None:
    """A job that has not begun is dropped."""
    blockers = [Blocker(), Blocker()]
    for blocker in blockers:
        executor.submit(blocker)
        assert blocker.started.wait(WAIT)
    ran: list[str] = []
    done = threading.Event()
    dropped = executor.submit(lambda: ran.append("dropped"))
    executor.submit(done.set)
    dropped.abandon()
    for blocker in blockers:
        blocker.release.set()
    assert done.wait(WAIT)
    assert ran == []


def test_abandoning_a_finished_job_changes_nothing(executor: ThreadExecutor) -> None:
    """As many jobs run as before, and no more."""
    done = threading.Event()
    ticket = executor.submit(done.set)
    assert done.wait(WAIT)
    ticket.abandon()
    runs_two_at_a_time(executor)


def test_job_that_raises_harms_no_other(executor: ThreadExecutor, caplog: pytest.LogCaptureFixture) -> None:
    """Even after jobs that raise `SystemExit` as many run as before; the error is logged."""

    def exit_() -> None:
        raise SystemExit(3)

    for _ in range(5):
        executor.submit(exit_)
    runs_two_at_a_time(executor)
    assert "error of the server's own" in caplog.text


def test_shut_down_executor_drops_what_waits_and_lets_its_threads_end() -> None:
    """Shutting down returns at once; waiting and later jobs never run."""
    executor = ThreadExecutor(workers=1)
    blocker = Blocker()
    ran: list[str] = []
    executor.submit(blocker)
    assert blocker.started.wait(WAIT)
    executor.submit(lambda: ran.append("waiting"))
    executor.shutdown()
    executor.submit(lambda: ran.append("late"))
    blocker.release.set()
    blocker.thread.join(WAIT)
    assert not blocker.thread.is_alive()
    assert (ran, executor.threads) == ([], 0)


def test_system_that_refuses_a_thread_delays_the_job(
    executor: ThreadExecutor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When no thread can be started the job waits for the next chance instead of failing."""
    started: list[str] = []

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    executor.submit(lambda: started.append("first"))
    monkeypatch.undo()
    done = threading.Event()
    executor.submit(done.set)
    assert done.wait(WAIT)
    assert "refuses to start" in caplog.text
    assert started == ["first"]


@pytest.mark.parametrize("threads", [1, 3])
def test_executor_has_as_many_threads_as_it_may(threads: int) -> None:
    """Jobs that block use every thread allowed and no more."""
    executor = ThreadExecutor(workers=threads)
    blockers = [Blocker() for _ in range(threads + 2)]
    for blocker in blockers:
        executor.submit(blocker)
    for blocker in blockers[:threads]:
        assert blocker.started.wait(WAIT)
    assert executor.threads == threads
    assert not any(blocker.started.is_set() for blocker in blockers[threads:])
    for blocker in blockers:
        blocker.release.set()
    for blocker in blockers:
        assert blocker.started.wait(WAIT)
    executor.shutdown()
