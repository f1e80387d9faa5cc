"""Runs in processes of their own: each may take a core, crash, and be killed, and nobody else notices."""

from __future__ import annotations

import itertools
import logging
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from algomancy_data import Dataset
from algomancy_scenario.basealgorithm import RunCancelled
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.running.executor import RunTicket, ThreadExecutor
from algomancy_scenario.running.isolated import Parcel, carry_out_isolated
from algomancy_scenario.running.job import Job, RunControl, RunFailure, carry_out
from algomancy_scenario.scenario import Outcome
from algomancy_utils import NotFoundError
from algomancy_utils.worker_process import UnreadableCallError, WorkerEndedError, WorkerProcess

_log = logging.getLogger(__name__)
_NICENESS = 10  # With busy workers at this level, a status request waits 1 to 5 ms at worst; at 0, up to 200.
_KEPT_DATASETS = 8


class ProcessExecutor:
    """Worker processes, started when there is work for them and kept for the next run.

    Waiting for a worker process is left to a thread each. An algorithm that cannot travel to another process, or says
    `isolated = False`, runs in that thread; the log says so once.

    Args:
        workers: How many runs there are at the same time; the number of cores when left out.
        cancel_grace: Seconds between asking a run to stop and killing its process.
        memory_limit: Bytes that a run may take beyond what its process has at the start; no limit when left out.
        run_timeout: How many seconds a run may take; as long as it likes when left out.
    """

    kind = "processes"

    def __init__(
        self,
        workers: int | None = None,
        cancel_grace: float = 1.0,
        memory_limit: int | None = None,
        run_timeout: float | None = None,
    ) -> None:
        self.run_timeout = run_timeout
        self.workers = workers or os.cpu_count() or 1
        self._threads = ThreadExecutor(self.workers)
        self._cancel_grace = cancel_grace
        self._memory_limit = memory_limit
        self._packer = Packer()
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._closed = False

    def submit(self, job: Callable[[], None]) -> RunTicket:
        """Have a job run as soon as a worker is free; returns at once."""
        return self._threads.submit(job)

    def perform(self, job: Job, dataset: Dataset, control: RunControl) -> Outcome:
        """Carry a job out in a worker process and wait for its end.

        Raises:
            RunFailure: It came to nothing; the death of its process included.
            RunCancelled: It was stopped.
        """
        parcel = self._packer.parcel(job, dataset, self._memory_limit)
        if parcel is None:
            return carry_out(job, dataset.source, control)
        try:
            with self._worker() as worker:
                ended = worker.perform(parcel, lambda: self._packer.source_of(dataset), control, self._cancel_grace)
        except UnreadableCallError as error:
            self._packer.keep_here(job, error)
            return carry_out(job, dataset.source, control)
        except WorkerEndedError as ended_early:
            if control.stopped:
                raise RunCancelled from None
            raise RunFailure(f"The run's process ended: {ended_early}.") from None
        if ended is None:
            raise RunCancelled
        return Outcome(*ended)

    def shutdown(self) -> None:
        """Take no more jobs and end the workers that have none; never waits for a job."""
        self._threads.shutdown()
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    @contextmanager
    def _worker(self) -> Iterator[_Worker]:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is None or not worker.alive:
            worker = _Worker()
        try:
            yield worker
        finally:
            with self._lock:
                # One more than there are places may be about while a cancelled run has not come to its end.
                kept = worker.alive and not self._closed and len(self._idle) < self.workers
                if kept:
                    self._idle.append(worker)
            if not kept:
                worker.close()


class Packer:
    """Makes of a job what can be sent to another process, and knows which jobs cannot."""

    def __init__(self) -> None:
        self._classes: weakref.WeakKeyDictionary[Catalog, dict[str, bytes]] = weakref.WeakKeyDictionary()
        self._here: set[str] = set()
        self._handles: weakref.WeakKeyDictionary[Dataset, int] = weakref.WeakKeyDictionary()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def parcel(self, job: Job, dataset: Dataset, memory_limit: int | None) -> Parcel | None:
        """Return what is to be sent, or `None` for a job that must stay in this process."""
        if job.algo_name in self._here:
            return None
        try:
            algorithm = job.catalog.algorithms.get_class(job.algo_name)
        except NotFoundError as error:
            raise RunFailure(str(error)) from None
        if not getattr(algorithm, "isolated", True):
            self.keep_here(job, "it says so")
            return None
        try:
            classes = self._packed(job, algorithm)
        # What is pickled is the user's: that may raise anything.
        except Exception as error:
            self.keep_here(job, error)
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
            memory_limit=memory_limit,
        )

    def source_of(self, dataset: Dataset) -> bytes:
        """Return the data of a dataset, pickled.

        Raises:
            UnreadableCallError: Its class cannot be pickled.
        """
        try:
            return _dumps(dataset.source)
        except Exception as error:
            raise UnreadableCallError(error) from None

    def keep_here(self, job: Job, reason: object) -> None:
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
            known[job.algo_name] = _dumps((job.algo_name, algorithm, job.catalog.kpi_classes))
        return known[job.algo_name]


class _Worker:
    """A worker process, and which datasets it has."""

    def __init__(self) -> None:
        self._process = WorkerProcess(_NICENESS)
        self._datasets: OrderedDict[int, None] = OrderedDict()
        self.alive = True

    def perform(
        self, parcel: Parcel, source: Callable[[], bytes], control: RunControl, grace: float
    ) -> tuple[bytes, bytes] | None:
        """Carry a job out; `None` when it let itself be stopped."""
        sent = None if parcel.dataset in self._datasets else source()
        turn = _Turn(self._process, parcel.number, grace)
        control.when_stopped(turn.stop)
        self._datasets[parcel.dataset] = None
        self._datasets.move_to_end(parcel.dataset)
        forgotten = [self._datasets.popitem(last=False)[0] for _ in range(len(self._datasets) - _KEPT_DATASETS)]
        call = _dumps((carry_out_isolated, (parcel, sent, forgotten, logging.getLogger().getEffectiveLevel())))
        try:
            ended: tuple[bytes, bytes] | None = self._process.run(call, lambda note: _hear(note, control))
            return ended
        except RunFailure:
            raise
        except BaseException:
            self.alive = False
            raise
        finally:
            if not turn.over():
                self.alive = False

    def close(self) -> None:
        self._process.close()


class _Turn:
    """One run in a worker: told to stop, it is killed when it has not stopped by itself within the grace period."""

    def __init__(self, process: WorkerProcess, number: int, grace: float) -> None:
        self._process = process
        self._number = number
        self._grace = grace
        self._lock = threading.Lock()
        self._over = False
        self._killed = False

    def stop(self) -> None:
        self._process.send(self._number)
        timer = threading.Timer(self._grace, self._kill)
        timer.daemon = True
        timer.start()

    def over(self) -> bool:
        """Say that the run has ended; tell whether its process still lives."""
        with self._lock:
            self._over = True
            return not self._killed

    def _kill(self) -> None:
        with self._lock:
            if not self._over:
                self._killed = True
                self._process.kill()


def _hear(note: Any, control: RunControl) -> None:  # noqa: ANN401 - progress or a log record
    if isinstance(note, logging.LogRecord):
        logging.getLogger(note.name).handle(note)
        return
    try:
        control.report(note)
    except RunCancelled:
        return  # The worker is told by its own way.


def _dumps(value: object) -> bytes:
    import cloudpickle

    document: bytes = cloudpickle.dumps(value)
    return document
