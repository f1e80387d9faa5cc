"""What is sent to another process: jobs and datasets, packed so that each travels once."""

from __future__ import annotations

import itertools
import logging
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from algomancy_data import Dataset
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.running.failures import RunFailure
from algomancy_scenario.running.job import Job, RunControl, carry_out
from algomancy_scenario.running.outcome import Outcome
from algomancy_scenario.running.telemetry import carrier_of_current
from algomancy_utils import NotFoundError
from algomancy_utils.worker_process import UnreadableCallError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parcel:
    """A job as it is sent to a worker.

    Attributes:
        number: Tells this run from all others.
        classes: Algorithm and KPIs, pickled.
        tag: Tag of the scenario, for the log.
        algo_name: The algorithm's name.
        algo_params: The values of its parameters, as JSON.
        data_params: The values of the dataset's own parameters, as JSON.
        dataset: The number of the dataset among those the worker has, or gets with it.
        memory_limit: Bytes that the run may take beyond what the process has; `None` for no limit.
        context: What OpenTelemetry carries along, so that what the run's process tells is below the run's span.
    """

    number: int
    classes: bytes
    tag: str
    algo_name: str
    algo_params: bytes
    data_params: bytes
    dataset: int
    memory_limit: int | None
    context: dict[str, str]


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
        if not algorithm.isolated:
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
            context=carrier_of_current(),
        )

    def carry_out_by(
        self,
        send: Callable[[Parcel], Outcome],
        job: Job,
        dataset: Dataset,
        control: RunControl,
        memory_limit: int | None,
    ) -> Outcome:
        """Carry a job out elsewhere, or in this thread where it cannot travel.

        Args:
            send: Has another process carry out what it is given.
            job: The job.
            dataset: Its data.
            control: Who has asked for it.
            memory_limit: Bytes that the run may take elsewhere; `None` for no limit.

        Raises:
            RunFailure: It came to nothing.
            RunCancelled: It was stopped.
        """
        parcel = self.parcel(job, dataset, memory_limit)
        if parcel is not None:
            try:
                return send(parcel)
            except UnreadableCallError as error:
                self.keep_here(job, error)
        return carry_out(job, dataset.source, control)

    def source_of(self, dataset: Dataset) -> bytes:
        """Return the data of a dataset, pickled.

        Raises:
            UnreadableCallError: Its class cannot be pickled.
        """
        try:
            return dumps(dataset.source)
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
            known[job.algo_name] = dumps((job.algo_name, algorithm, job.catalog.kpis.templates))
        return known[job.algo_name]


def dumps(value: object) -> bytes:
    """Return a value pickled; classes that no module holds travel as they are."""
    import cloudpickle

    document: bytes = cloudpickle.dumps(value)
    return document
