"""Where runs happen: a port, threads as its simplest implementation, and what sends runs to other processes."""

from __future__ import annotations

import itertools
import logging
import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from algomancy_data import Dataset
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.running.control import RunControl, RunFailure
from algomancy_scenario.running.isolated import Parcel
from algomancy_scenario.running.job import Job, carry_out
from algomancy_scenario.running.outcome import Outcome
from algomancy_scenario.running.telemetry import carrier_of_current
from algomancy_utils import NotFoundError
from algomancy_utils.worker_process import UnreadableCallError

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
    """Daemon threads, as many as there is work for. They never keep the process alive.

    Args:
        workers: How many jobs run at the same time; abandoned ones do not count.
        run_timeout: How many seconds a run may take; as long as it likes when left out.

    Attributes:
        threads: How many threads there are, those with abandoned jobs not counted.
    """

    kind = "threads"

    def __init__(self, workers: int | None = None, run_timeout: float | None = None) -> None:
        self.run_timeout = run_timeout
        self.workers = workers or max(_FEWEST_THREADS, _THREADS_PER_CPU * (os.cpu_count() or 1))
        self.threads = 0
        self._lock = threading.Lock()
        self._waiting: OrderedDict[_Ticket, Callable[[], None]] = OrderedDict()
        self._numbers = itertools.count(1)
        self._closed = False

    def perform(self, job: Job, dataset: Dataset, control: RunControl) -> Outcome:
        """Carry a job out in the calling thread."""
        return carry_out(job, dataset.source, control)

    def submit(self, job: Callable[[], None]) -> RunTicket:
        """Have a job run as soon as it may have a thread; returns at once."""
        ticket = _Ticket(self)
        with self._lock:
            ticket.over = self._closed
            if not self._closed:
                self._waiting[ticket] = job
        self._add_thread()
        return ticket

    def shutdown(self) -> None:
        """Take no more jobs and drop those that wait; never waits for a job."""
        with self._lock:
            self._closed = True
            for ticket in self._waiting:
                ticket.over = True
            self._waiting.clear()

    def abandon(self, ticket: _Ticket) -> None:
        """Give a job up: drop it if it has not begun, else let another one run besides."""
        with self._lock:
            if ticket.over:
                return
            ticket.over = True
            if self._waiting.pop(ticket, None) is None:
                self.threads -= 1
        self._add_thread()

    def _add_thread(self) -> None:
        """Start a thread for what waits, if there may be another one."""
        with self._lock:
            if not self._waiting or self.threads >= self.workers:
                return
            self.threads += 1
        try:
            threading.Thread(target=self._serve, name=f"algomancy-run-{next(self._numbers)}", daemon=True).start()
        except RuntimeError:
            # The job goes on waiting; the next thread that there is takes it.
            _log.exception("The system refuses to start another worker thread.")
            with self._lock:
                self.threads -= 1

    def _serve(self) -> None:
        """Do one job after the other until none waits."""
        ended: _Ticket | None = None
        while (taken := self._next(ended)) is not None:
            ended, job = taken
            try:
                job()
            except BaseException:
                _log.exception("A run ended in an error of the server's own.")

    def _next(self, ended: _Ticket | None) -> tuple[_Ticket, Callable[[], None]] | None:
        """Return what a thread is to do after what it has done, `None` when it is to end."""
        with self._lock:
            if ended is not None:
                if ended.over:
                    return None  # It was abandoned, and its place is given to another.
                ended.over = True
            if not self._waiting:
                self.threads -= 1
                return None
            return self._waiting.popitem(last=False)


class _Ticket:
    """Stands for a job without holding on to it: whoever submitted the job may keep this."""

    def __init__(self, executor: ThreadExecutor) -> None:
        self._executor = executor
        self.over = False

    def abandon(self) -> None:
        self._executor.abandon(self)


@dataclass(frozen=True)
class RunLimits:
    """How far runs in other processes may go.

    Attributes:
        cancel_grace: Seconds between asking a run to stop and killing its process.
        memory: Bytes that a run may take beyond what its process has at the start; `None` for any number.
        seconds: How many seconds a run may take; `None` for as long as it likes.
    """

    cancel_grace: float = 1.0
    memory: int | None = None
    seconds: float | None = None


class RemoteExecutor(ABC):
    """Has a thread wait for each run, and another process do it.

    An algorithm that cannot travel to another process, or says `isolated = False`, runs in that thread; the log says so
    once.

    Args:
        threads: How many runs are waited for at the same time.
        limits: How far they may go.
    """

    def __init__(self, threads: int, limits: RunLimits) -> None:
        self.limits = limits
        self.run_timeout = limits.seconds
        self._threads = ThreadExecutor(threads)
        self._classes: weakref.WeakKeyDictionary[Catalog, dict[str, bytes]] = weakref.WeakKeyDictionary()
        self._here: set[str] = set()
        self._handles: weakref.WeakKeyDictionary[Dataset, int] = weakref.WeakKeyDictionary()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @abstractmethod
    def send(self, parcel: Parcel, dataset: Dataset, control: RunControl) -> tuple[bytes, bytes]:
        """Have another process carry out a job, and wait for its end.

        Returns:
            Result and KPIs, encoded.

        Raises:
            RunFailure: It came to nothing; the death of its process included.
            RunCancelled: It was stopped.
            UnreadableCallError: Its classes or its data cannot be had in another process.
        """

    def submit(self, job: Callable[[], None]) -> RunTicket:
        """Have a job run as soon as a worker is free; returns at once."""
        return self._threads.submit(job)

    def perform(self, job: Job, dataset: Dataset, control: RunControl) -> Outcome:
        """Carry a job out in another process, or in this thread where it cannot travel, and wait for its end."""
        parcel = self._parcel(job, dataset)
        if parcel is not None:
            try:
                return Outcome(*self.send(parcel, dataset, control))
            except UnreadableCallError as error:
                self._keep_here(job, error)
        return carry_out(job, dataset.source, control)

    def shutdown(self) -> None:
        """Take no more jobs; never waits for a job."""
        self._threads.shutdown()

    def _parcel(self, job: Job, dataset: Dataset) -> Parcel | None:
        """Return what is to be sent, or `None` for a job that must stay in this process."""
        if job.algo_name in self._here:
            return None
        try:
            algorithm = job.catalog.algorithms.get_class(job.algo_name)
        except NotFoundError as error:
            raise RunFailure(str(error)) from None
        if not algorithm.isolated:
            self._keep_here(job, "it says so")
            return None
        try:
            classes = self._packed(job, algorithm)
        # What is pickled is the user's: that may raise anything.
        except Exception as error:
            self._keep_here(job, error)
            return None
        with self._lock:
            handle = self._handles.get(dataset) or next(self._numbers)
            self._handles[dataset] = handle
        return Parcel(
            number=next(self._numbers),
            classes=classes,
            tag=job.tag,
            algo_name=job.algo_name,
            algo_params=job.algo_params,
            data_params=job.data_params,
            dataset=handle,
            memory_limit=self.limits.memory,
            context=carrier_of_current(),
        )

    def _keep_here(self, job: Job, reason: object) -> None:
        """Have an algorithm run in this process from now on."""
        with self._lock:
            told = job.algo_name in self._here
            self._here.add(job.algo_name)
        if not told:
            _log.warning(
                "Algorithm '%s' runs in a thread of the server, not in a process of its own: %s.", job.algo_name, reason
            )

    def _packed(self, job: Job, algorithm: type[Any]) -> bytes:
        known = self._classes.setdefault(job.catalog, {})
        if job.algo_name not in known:
            known[job.algo_name] = _dumps((job.algo_name, algorithm, job.catalog.kpis.templates))
        return known[job.algo_name]


def pickled_source(dataset: Dataset) -> bytes:
    """Return the data of a dataset, pickled.

    Raises:
        UnreadableCallError: Its class cannot be pickled.
    """
    try:
        return _dumps(dataset.source)
    except Exception as error:
        raise UnreadableCallError(error) from None


def _dumps(value: object) -> bytes:
    """Return a value pickled; classes that no module holds travel as they are."""
    import cloudpickle

    document: bytes = cloudpickle.dumps(value)
    return document
