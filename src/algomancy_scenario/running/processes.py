"""Runs in processes of their own on this machine: each may take a core, crash and be killed, unnoticed by the rest."""

from __future__ import annotations

import logging
import os
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from algomancy_data import Dataset
from algomancy_scenario.basealgorithm import RunCancelled
from algomancy_scenario.running.control import RunControl, RunFailure, RunKilled
from algomancy_scenario.running.executor import RemoteExecutor, RunLimits, pickled_source
from algomancy_scenario.running.isolated import Parcel, carry_out_isolated
from algomancy_utils.worker_process import WorkerEndedError, WorkerProcess

_log = logging.getLogger(__name__)
_NICENESS = 10
"""Beside busy workers at this level a status request waits 1 to 5 ms at worst; at 0, up to 200.

Of a core that the server wants, too, they get a tenth.
"""
_KEPT_DATASETS = 8
_TRIES = 3


class ProcessExecutor(RemoteExecutor):
    """Has worker processes do the runs.

    Args:
        workers: How many runs there are at the same time; the number of cores when `None`.
        limits: How far they may go.
    """

    kind = "processes"

    def __init__(self, workers: int | None, limits: RunLimits) -> None:
        self.workers = workers or os.cpu_count() or 1
        super().__init__(self.workers, limits)
        self._pool = WorkerPool(self.workers, limits.cancel_grace)

    def send(self, parcel: Parcel, dataset: Dataset, control: RunControl) -> tuple[bytes, bytes]:
        """Have a worker process carry out a job, and wait for its end."""
        return self._pool.perform(parcel, lambda: pickled_source(dataset), control)

    def shutdown(self) -> None:
        """Take no more jobs and end the workers that have none; never waits for a job."""
        super().shutdown()
        self._pool.close()


class _NotBegun(Exception):
    """A worker died before it came to the run: another one can do it."""


class WorkerPool:
    """Lends worker processes to runs; any thread may use it.

    Args:
        kept: How many idle workers are kept.
        cancel_grace: Seconds between asking a run to stop and killing its process.
    """

    def __init__(self, kept: int, cancel_grace: float) -> None:
        self._kept = kept
        self._cancel_grace = cancel_grace
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._closed = False

    def perform(self, parcel: Parcel, source: Callable[[], bytes], control: RunControl) -> tuple[bytes, bytes]:
        """Carry a job out in a worker process and wait for its end.

        Args:
            parcel: The job.
            source: Gives its data, pickled, for a worker that does not have it.
            control: Who has asked for it.

        Returns:
            Result and KPIs, encoded.

        Raises:
            RunFailure: It came to nothing; the death of its process included.
            RunCancelled: It was stopped.
            UnreadableCallError: Its classes or its data cannot be had in another process.
        """
        for _ in range(_TRIES):
            try:
                with self._worker() as worker:
                    return worker.perform(parcel, source, control, self._cancel_grace)
            except _NotBegun:
                continue
        raise RunFailure("No process could be had for the run: each ended before it began.")

    def close(self) -> None:
        """End the workers that have no run, and each of the others when its run has ended."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    @contextmanager
    def _worker(self) -> Iterator[_Worker]:
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is not None and not worker.alive:
            worker.close()
            worker = None
        if worker is None:
            worker = _Worker()
        try:
            yield worker
        finally:
            with self._lock:
                # There may be more than are kept while cancelled runs have not come to their end.
                kept = worker.alive and not self._closed and len(self._idle) < self._kept
                if kept:
                    self._idle.append(worker)
            if not kept:
                worker.close()


class _Worker:
    """A worker process, and which datasets it has."""

    def __init__(self) -> None:
        self._process = WorkerProcess(_NICENESS)
        self._datasets: OrderedDict[int, None] = OrderedDict()
        self._spoiled = False

    @property
    def alive(self) -> bool:
        return not self._spoiled and self._process.alive

    def perform(
        self, parcel: Parcel, source: Callable[[], bytes], control: RunControl, grace: float
    ) -> tuple[bytes, bytes]:
        begun = False

        def hear(note: Any) -> None:  # noqa: ANN401 - progress or a log record
            nonlocal begun
            begun = True
            _hear(note, control)

        turn = _Turn(self._process, parcel.number, grace)
        control.when_stopped(turn.stop)  # Raises for a run that is stopped by now, before its dataset counts as sent.
        try:
            sent = None if parcel.dataset in self._datasets else source()
            self._datasets[parcel.dataset] = None
            self._datasets.move_to_end(parcel.dataset)
            forgotten = [self._datasets.popitem(last=False)[0] for _ in range(len(self._datasets) - _KEPT_DATASETS)]
            arguments = (parcel, sent, forgotten, logging.getLogger().getEffectiveLevel())
            call = pickle.dumps((carry_out_isolated, arguments), pickle.HIGHEST_PROTOCOL)
            ended: tuple[bytes, bytes] | None = self._process.run(call, hear)
        except RunFailure:
            raise
        except WorkerEndedError as end:
            self._spoiled = True
            if control.stopped:
                raise RunCancelled from None
            if not begun:
                raise _NotBegun from end
            _log.warning("Scenario '%s' failed: the run's process ended: %s.", parcel.tag, end)
            raise RunKilled(f"The run's process ended: {end}.") from None
        except BaseException:
            self._spoiled = True
            raise
        finally:
            if not turn.over():
                self._spoiled = True
        if ended is None:
            raise RunCancelled
        return ended

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
