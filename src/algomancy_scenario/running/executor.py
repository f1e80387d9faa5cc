"""Where runs happen: a port, and the threads that are its simplest implementation."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from algomancy_data import Dataset
from algomancy_scenario.running.job import Job, RunControl, carry_out
from algomancy_scenario.running.outcome import Outcome

_log = logging.getLogger(__name__)
_THREADS_PER_CPU = 2
_FIRST_THREADS = 4


class RunTicket(Protocol):
    """A job that was handed to an executor."""

    def abandon(self) -> None:
        """Give the job up: drop it if it has not begun, else let its worker's place be taken by another at once."""


class RunExecutor(Protocol):
    """Runs jobs somewhere else than in the calling thread, in the order in which they come.

    Attributes:
        kind: `threads`, `processes` or `dask`.
        run_timeout: How many seconds a run may take; `None` for as long as it likes.
    """

    kind: str
    run_timeout: float | None

    @property
    def workers(self) -> int:
        """How many runs it does at the same time."""

    def perform(self, job: Job, dataset: Dataset, control: RunControl) -> Outcome:
        """Carry a job out, wherever this executor does that, and wait for its end; called by what `submit` was given.

        Raises:
            RunFailure: It came to nothing.
            RunCancelled: It was stopped.
        """

    def submit(self, job: Callable[[], None]) -> RunTicket:
        """Have a job run as soon as a worker is free; returns at once."""

    def shutdown(self) -> None:
        """Take no more jobs and let idle workers go; never waits for a job."""


class ThreadExecutor:
    """A pool of daemon threads: a few from the first job on, more when there is work for them.

    Being daemons, they never keep the process alive, whatever the user's code does.

    Args:
        max_threads: How many jobs run at the same time; abandoned ones do not count.
        run_timeout: How many seconds a run may take; as long as it likes when left out.
    """

    kind = "threads"

    def __init__(self, max_threads: int | None = None, run_timeout: float | None = None) -> None:
        self.run_timeout = run_timeout
        self.workers = max_threads or max(_FIRST_THREADS, _THREADS_PER_CPU * (os.cpu_count() or 1))
        self._work = threading.Condition(threading.Lock())
        self._waiting: deque[_Job] = deque()
        self._threads = 0
        self._idle = 0
        self._closed = False
        self._made = 0

    @property
    def threads(self) -> int:
        """How many worker threads there are, abandoned ones not counted."""
        return self._threads

    def perform(self, job: Job, dataset: Dataset, control: RunControl) -> Outcome:
        """Carry a job out in the calling thread."""
        return carry_out(job, dataset.source, control)

    def submit(self, job: Callable[[], None]) -> RunTicket:
        """Have a job run as soon as a thread is free; returns at once."""
        ticket = _Job(self, job)
        with self._work:
            if self._closed:
                return ticket
            self._waiting.append(ticket)
            wanted = self._prepare_threads()
        self._start(wanted)
        return ticket

    def shutdown(self) -> None:
        """Take no more jobs and let idle threads end; never waits for a job."""
        with self._work:
            self._closed = True
            for ticket in self._waiting:
                ticket.take()
            self._waiting.clear()
            self._work.notify_all()

    def _prepare_threads(self) -> list[threading.Thread]:
        """Wake an idle thread for a waiting job, or return new ones for the caller to start once the lock is free."""
        if self._idle >= len(self._waiting):
            self._work.notify()
            return []
        # The first few are made together: else their number would hang on how quickly runs follow one another.
        wanted = min(_FIRST_THREADS, self.workers) if self._threads == 0 else 1
        wanted = min(wanted, self.workers - self._threads)
        self._threads += wanted
        return [self._thread() for _ in range(wanted)]

    def _thread(self) -> threading.Thread:
        self._made += 1
        return threading.Thread(target=self._serve, name=f"algomancy-run-{self._made}", daemon=True)

    def _start(self, threads: list[threading.Thread]) -> None:
        for thread in threads:
            try:
                thread.start()
            except RuntimeError:
                # The job stays in the queue; the next thread that is free takes it.
                _log.exception("The system refuses to start another worker thread.")
                with self._work:
                    self._threads -= 1

    def _serve(self) -> None:
        while self._serve_one():
            pass

    def _serve_one(self) -> bool:
        """Do one job; a function of its own so that an idle thread holds on to nothing of the last one."""
        ticket = self._next()
        if ticket is None:
            return False
        job = ticket.take()
        try:
            if job is not None:
                job()
        except BaseException:
            _log.exception("A run ended in an error of the server's own.")
        with self._work:
            ticket.ended = True
            return not ticket.abandoned

    def _next(self) -> _Job | None:
        with self._work:
            self._idle += 1
            while not self._waiting and not self._closed:
                self._work.wait()
            self._idle -= 1
            if self._closed:
                self._threads -= 1
                return None
            ticket = self._waiting.popleft()
            ticket.begun = True
            return ticket

    def _abandon(self, ticket: _Job) -> None:
        wanted: list[threading.Thread] = []
        with self._work:
            if ticket.abandoned or ticket.ended:
                return
            ticket.abandoned = True
            if not ticket.begun:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                    ticket.take()
                return
            self._threads -= 1
            if self._waiting and not self._closed:
                wanted = self._prepare_threads()
        self._start(wanted)


class _Job:
    __slots__ = ("_executor", "_job", "abandoned", "begun", "ended")

    def __init__(self, executor: ThreadExecutor, job: Callable[[], None]) -> None:
        self._executor = executor
        self._job: Callable[[], None] | None = job
        self.begun = False
        self.ended = False
        self.abandoned = False

    def abandon(self) -> None:
        self._executor._abandon(self)

    def take(self) -> Callable[[], None] | None:
        """Hand the job over. Whoever submitted it may keep the ticket: the two must not keep each other alive."""
        job, self._job = self._job, None
        return job
