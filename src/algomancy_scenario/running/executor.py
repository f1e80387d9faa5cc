"""Where runs happen: a port, and the threads that are its simplest implementation."""

from __future__ import annotations

import itertools
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from algomancy_data import Dataset
from algomancy_scenario.running.job import Job, RunControl, carry_out
from algomancy_scenario.running.outcome import Outcome

_log = logging.getLogger(__name__)
_THREADS_PER_CPU = 2
_FEWEST_THREADS = 4


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
    """Daemon threads, started when there is work for them and kept for the next. They never keep the process alive.

    Args:
        max_threads: How many jobs run at the same time; abandoned ones do not count.
        run_timeout: How many seconds a run may take; as long as it likes when left out.
    """

    kind = "threads"

    def __init__(self, max_threads: int | None = None, run_timeout: float | None = None) -> None:
        self.run_timeout = run_timeout
        self.workers = max_threads or max(_FEWEST_THREADS, _THREADS_PER_CPU * (os.cpu_count() or 1))
        self._work = threading.Condition(threading.Lock())
        self._waiting: OrderedDict[_Ticket, Callable[[], None]] = OrderedDict()
        self._threads = 0
        self._idle = 0
        self._made = itertools.count(1)
        self._closed = False

    @property
    def threads(self) -> int:
        """How many threads there are, those with abandoned jobs not counted."""
        return self._threads

    def perform(self, job: Job, dataset: Dataset, control: RunControl) -> Outcome:
        """Carry a job out in the calling thread."""
        return carry_out(job, dataset.source, control)

    def submit(self, job: Callable[[], None]) -> RunTicket:
        """Have a job run as soon as it may have a thread; returns at once."""
        ticket = _Ticket(self)
        with self._work:
            if self._closed:
                ticket.over = True
            else:
                self._waiting[ticket] = job
        self._add_thread()
        return ticket

    def shutdown(self) -> None:
        """Take no more jobs and drop those that wait; never waits for a job."""
        with self._work:
            self._closed = True
            for ticket in self._waiting:
                ticket.over = True
            self._waiting.clear()
            self._work.notify_all()

    def abandon(self, ticket: _Ticket) -> None:
        """Give a job up: drop it if it has not begun, else let another one run besides."""
        with self._work:
            if ticket.over:
                return
            ticket.over = True
            if self._waiting.pop(ticket, None) is None:
                self._threads -= 1
        self._add_thread()

    def _add_thread(self) -> None:
        """Wake a thread for what waits, or start another one."""
        with self._work:
            if self._idle >= len(self._waiting):
                self._work.notify()
                return
            if self._threads >= self.workers:
                return
            self._threads += 1
        try:
            threading.Thread(target=self._serve, name=f"algomancy-run-{next(self._made)}", daemon=True).start()
        except RuntimeError:
            # The job goes on waiting; the next thread that there is takes it.
            _log.exception("The system refuses to start another worker thread.")
            with self._work:
                self._threads -= 1

    def _serve(self) -> None:
        ticket = self._do_next(None)
        while ticket is not None:
            ticket = self._do_next(ticket)

    def _do_next(self, ended: _Ticket | None) -> _Ticket | None:
        """Do a job; a function of its own so that an idle thread holds on to nothing of the last one."""
        taken = self._next(ended)
        if taken is None:
            return None
        ticket, job = taken
        try:
            job()
        except BaseException:
            _log.exception("A run ended in an error of the server's own.")
        return ticket

    def _next(self, ended: _Ticket | None) -> tuple[_Ticket, Callable[[], None]] | None:
        """Return what a thread is to do after what it has done, `None` when it is to end."""
        with self._work:
            if ended is not None:
                if ended.over:
                    return None  # It was abandoned, and its place is given to another.
                ended.over = True
            self._idle += 1
            while not self._waiting and not self._closed:
                self._work.wait()
            self._idle -= 1
            if not self._waiting:
                self._threads -= 1
                return None
            return self._waiting.popitem(last=False)


class _Ticket:
    """Stands for a job without holding on to it: whoever submitted the job may keep this."""

    def __init__(self, executor: ThreadExecutor) -> None:
        self._executor = executor
        self.over = False

    def abandon(self) -> None:
        self._executor.abandon(self)
