"""What happens in a worker process: a run's job comes in as a parcel, its result goes out."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import QueueHandler
from types import FunctionType
from typing import Any

from algomancy_data.reading.offload import within_memory
from algomancy_scenario.basealgorithm import RunCancelled
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.running.control import RunControl, RunFailure, describe
from algomancy_scenario.running.job import Job, carry_out
from algomancy_scenario.running.telemetry import carried_on
from algomancy_utils.worker_process import Port, UnreadableCallError

_REPORT_SECONDS = 0.025


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


def carry_out_isolated(
    port: Port, parcel: Parcel, source: bytes | None, forgotten: list[int], log_level: int
) -> tuple[bytes, bytes] | None:
    """Carry out a job in this process.

    Args:
        port: The line to the server.
        parcel: The job.
        source: The data, pickled, if this process does not have it yet.
        forgotten: Numbers of datasets that are wanted no more.
        log_level: From which level on the server wants to hear what is logged.

    Returns:
        Result and KPIs, encoded; `None` when the run was stopped.

    Raises:
        RunFailure: It came to nothing.
        UnreadableCallError: Classes or data cannot be had in this process.
    """
    port.note(0.0)  # So the server knows that the run has begun.
    for number in forgotten:
        port.kept.pop(number, None)
    try:
        catalog = _catalog_of(parcel.classes)
        if source is not None:
            port.kept[parcel.dataset] = pickle.loads(source)
    # Unpickling imports the user's modules, which may raise anything.
    except Exception as error:
        raise UnreadableCallError(f"{type(error).__name__}: {error}") from None
    job = Job(catalog, parcel.tag, parcel.algo_name, parcel.algo_params, parcel.data_params)
    control = _IsolatedControl(port, parcel.number)
    with _logged_by_the_server(port, log_level), carried_on(parcel.context), _surroundings_kept(), control:
        try:
            outcome = _limited(parcel.memory_limit, carry_out, job, port.kept[parcel.dataset], control)
        except RunCancelled:
            return None
        except RunFailure as failure:
            if parcel.memory_limit is None or str(failure) != describe(MemoryError()):
                raise
            raise RunFailure(f"{failure} A run may take {parcel.memory_limit:,} bytes.") from None
    return outcome.result_json, outcome.kpis_json


@functools.lru_cache(maxsize=32)
def _catalog_of(classes: bytes) -> Catalog:
    name, algorithm, kpis = pickle.loads(classes)
    for member in vars(algorithm).values():
        # A run that uses `multiprocessing` refers to its script's functions by name, to be found in `__main__`.
        if isinstance(member, FunctionType) and member.__globals__["__name__"] == "__main__":
            vars(sys.modules["__main__"]).update(member.__globals__)
    return Catalog({name: algorithm}, kpis)


@contextmanager
def _surroundings_kept() -> Iterator[None]:
    """Leave the working directory and the environment to the next run as they were."""
    directory, environment = os.open(".", os.O_RDONLY), dict(os.environ)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # The run may have closed what was open.
            os.fchdir(directory)
            os.close(directory)
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)


def _limited(limit: int | None, function: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401 - whatever it returns
    return function(*args) if limit is None else within_memory(limit, function, *args)


class _IsolatedControl(RunControl):
    """The run's control in its own process: hears that it is to stop, and tells the progress now and then.

    Telling it is left to a thread of its own: `set_progress` costs the run next to nothing, however often it is called.
    """

    def __init__(self, port: Port, number: int) -> None:
        super().__init__()
        self._port = port
        self._number = number
        self._progress = self._told = 0.0
        self._over = threading.Event()
        self._teller: threading.Thread | None = None

    def __enter__(self) -> _IsolatedControl:
        self._port.on_message = self._stop
        return self

    def __exit__(self, *_: object) -> None:
        self._port.on_message = None
        self._over.set()
        if self._teller is not None:
            self._teller.join()

    def hear(self, progress: float) -> None:
        self._progress = progress
        if self._teller is None:
            self._teller = threading.Thread(target=self._tell, daemon=True)
            self._teller.start()

    def _stop(self, number: int) -> None:
        if number == self._number:
            self.stop()

    def _tell(self) -> None:
        while True:
            if self._progress != self._told:
                self._told = self._progress
                self._port.note(self._told)
            if self._over.wait(_REPORT_SECONDS):
                return


class _ToServer(QueueHandler):
    def __init__(self, port: Port) -> None:
        super().__init__(port)  # type: ignore[arg-type]  # only enqueue() uses it

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.note(record)  # type: ignore[attr-defined]


@contextmanager
def _logged_by_the_server(port: Port, level: int) -> Iterator[None]:
    """Hand what is logged to the server, whose handlers and files it is meant for."""
    root, handler = logging.getLogger(), _ToServer(port)
    root.setLevel(level)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
