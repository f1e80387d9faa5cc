"""Runs on a Dask cluster: on its workers, each in a process of its own that can be killed.

Cancelling a Dask task does not stop what it is at, and a task that kills its worker is tried on others. So the task
only watches: the run is in a child process of the Dask worker, as on one machine. What it logs, that worker logs.
"""

from __future__ import annotations

import logging
import threading
import uuid
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from algomancy_data import Dataset
from algomancy_scenario.basealgorithm import RunCancelled
from algomancy_scenario.running.control import RunControl, RunFailure, RunKilled
from algomancy_scenario.running.executor import RemoteExecutor, RunLimits, pickled_source
from algomancy_scenario.running.isolated import Parcel
from algomancy_scenario.running.processes import WorkerPool
from algomancy_utils.worker_process import UnreadableCallError

if TYPE_CHECKING:
    from distributed import Client, Future

_log = logging.getLogger(__name__)
_MOST_RUNS = 1_000
_TURNS = 2  # A run whose worker is lost is begun once more.
_LOOK_SECONDS = 0.5
_CONNECT_SECONDS = 2
_KEPT_PROCESSES = 4
_WORKERS_LOST = "The run's worker was lost, and so was the one that tried again."


class DaskExecutor(RemoteExecutor):
    """Has the workers of a Dask cluster do the runs.

    While the scheduler cannot be reached, runs wait; they go on when it is back. The package `distributed` is needed
    here, and this package and the project's own modules on the cluster's workers.

    Args:
        address: The scheduler, such as `tcp://10.0.0.5:8786`.
        workers: How many runs are handed to the cluster at the same time; as many as it has workers for, when `None`.
        limits: How far they may go.

    Raises:
        ImportError: `distributed` is not installed.
    """

    kind = "dask"

    def __init__(self, address: str, workers: int | None, limits: RunLimits) -> None:
        import distributed  # noqa: F401 - missing, it is to be missed at the start

        super().__init__(workers or _MOST_RUNS, limits)
        self._address = address
        self._most = workers
        self._connecting = threading.Lock()
        self._client: Any = None
        self._topic = f"algomancy-{uuid.uuid4()}"
        self._watched: dict[int, _Watched] = {}
        self._scattered: weakref.WeakKeyDictionary[Dataset, Future[Any]] = weakref.WeakKeyDictionary()
        self._closed = threading.Event()
        # At once, so that the first run need not wait for it, and the log tells early that the address is wrong.
        threading.Thread(target=self._connect, name="algomancy-dask-connect", daemon=True).start()

    @property
    def workers(self) -> int:
        """How many runs the cluster does at the same time; 0 while it cannot be reached."""
        client = self._client
        try:
            there = 0 if client is None else sum(client.nthreads().values())
        except Exception:
            there = 0
        return there if self._most is None else min(self._most, there)

    def shutdown(self) -> None:
        """Take no more jobs and let go of the cluster; never waits for a job."""
        super().shutdown()
        self._closed.set()
        threading.Thread(target=self._drop, args=(self._client,), name="algomancy-dask-close", daemon=True).start()

    def send(self, parcel: Parcel, dataset: Dataset, control: RunControl) -> tuple[bytes, bytes]:
        """Have the cluster carry out a job, and wait for its end; the loss of two workers is a failure, too."""
        watched = self._watched[parcel.number] = _Watched(control)
        waiting = False
        try:
            while True:
                client = self._connected(lambda: control.stopped)
                try:
                    return self._attempt(client, parcel, dataset, watched)
                except _ClusterLostError as error:
                    if not waiting:
                        _log.warning("The run of scenario '%s' waits for the Dask cluster: %s", parcel.tag, error)
                    waiting = True
                    self._drop(client)
        finally:
            del self._watched[parcel.number]

    def _attempt(self, client: Client, parcel: Parcel, dataset: Dataset, watched: _Watched) -> tuple[bytes, bytes]:
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        ended = threading.Event()
        try:
            # A fresh key for each run: one that was cancelled and is asked for again is done twice.
            future = client.submit(
                perform_on_worker,
                parcel,
                self._data(client, dataset),
                self._topic,
                self.limits.cancel_grace,
                key=f"algomancy-run-{uuid.uuid4()}",
                pure=False,
                retries=0,
            )
            try:
                watched.control.when_stopped(lambda: self._stop(client, parcel.number, ended))
                future.add_done_callback(lambda _: ended.set())
                while not ended.wait(_LOOK_SECONDS):
                    if watched.turns > _TURNS:
                        raise RunKilled(_WORKERS_LOST)
                if watched.control.stopped:
                    raise RunCancelled
                outcome: tuple[bytes, bytes] | None = future.result()
            finally:
                with suppress(RuntimeError):  # The client may have been closed meanwhile.
                    future.cancel()
        except (RunFailure, UnreadableCallError):
            raise
        except KilledWorker:
            raise RunKilled(_WORKERS_LOST) from None
        except (CancelledError, CommClosedError, OSError) as error:
            raise _ClusterLostError(str(error)) from None
        except Exception as error:
            _log.warning("The cluster failed scenario '%s'.", parcel.tag, exc_info=error)
            raise RunFailure(f"The cluster could not do the run: {error}") from None
        if outcome is None:
            raise RunCancelled
        return outcome

    def _data(self, client: Client, dataset: Dataset) -> Future[Any]:
        """Return the data of a dataset as the cluster holds it: it is sent there once."""
        with self._connecting:
            future = self._scattered.get(dataset)
            if future is None or future.client is not client or future.status != "finished":
                future = client.scatter(pickled_source(dataset), hash=False)
                self._scattered[dataset] = future
            return future

    def _stop(self, client: Client, number: int, ended: threading.Event) -> None:
        """Tell the cluster to stop a run, from a thread of its own: the one that cancels does not wait."""

        def tell() -> None:
            with suppress(Exception):
                client.run(stop_on_worker, self._topic, number, on_error="ignore")
            ended.set()

        threading.Thread(target=tell, name="algomancy-cancel", daemon=True).start()

    def _connect(self) -> None:
        with suppress(RunCancelled):
            self._connected(lambda: False)

    def _connected(self, stopped: Callable[[], bool]) -> Client:
        """Return the line to the scheduler, waiting for as long as it cannot be had."""
        from distributed import Client

        told = False
        while True:
            if stopped() or self._closed.is_set():
                raise RunCancelled
            if self._connecting.acquire(timeout=_LOOK_SECONDS):
                try:
                    if self._client is None:
                        self._client = Client(
                            self._address, name="algomancy", timeout=_CONNECT_SECONDS, set_as_default=False
                        )
                        self._client.subscribe_topic(self._topic, self._hear)
                    return self._client
                except OSError as error:
                    if not told:
                        _log.warning("The Dask scheduler at %s cannot be reached: %s", self._address, error)
                    told = True
                finally:
                    self._connecting.release()
            self._closed.wait(_LOOK_SECONDS)

    def _drop(self, client: Client | None) -> None:
        with self._connecting:
            if client is None or self._client is not client:
                return
            self._client = None
            self._scattered.clear()
        with suppress(Exception):
            client.close(timeout=_CONNECT_SECONDS)
        self._closed.wait(_LOOK_SECONDS)

    def _hear(self, event: tuple[Any, dict[str, Any]]) -> None:
        _, said = event
        watched = self._watched.get(said["run"])
        if watched is not None:
            watched.hear(said)


class _ClusterLostError(Exception):
    """The scheduler cannot be reached any more."""


class _Watched:
    """A run that the cluster is at, as the server sees it."""

    def __init__(self, control: RunControl) -> None:
        self.control = control
        self.turns = 0

    def hear(self, said: dict[str, Any]) -> None:
        if "begun" in said:
            self.turns += 1
        else:
            with suppress(RunCancelled):
                self.control.report(said["progress"])


class _OnWorker:
    """The runs of one Dask worker: they share its child processes."""

    def __init__(self, grace: float) -> None:
        self.pool = WorkerPool(_KEPT_PROCESSES, grace)
        self.controls: dict[tuple[str, int], _Relay] = {}
        self.stopped_early: deque[tuple[str, int]] = deque(maxlen=_MOST_RUNS)


class _Relay(RunControl):
    """The control of a run on a Dask worker: tells the server of its progress, and may be told to stop it."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._tell = tell

    def hear(self, progress: float) -> None:
        self._tell({"progress": progress})


def perform_on_worker(parcel: Parcel, source: bytes, topic: str, grace: float) -> tuple[bytes, bytes] | None:
    """Carry a job out in a child process of the Dask worker that calls this.

    Args:
        parcel: The job.
        source: Its data, pickled.
        topic: Under which the server listens.
        grace: Seconds between asking the run to stop and killing its process.

    Returns:
        Result and KPIs, encoded; `None` when the run was stopped.

    Raises:
        RunFailure: It came to nothing.
        UnreadableCallError: Classes or data cannot be had on this worker.
    """
    from distributed import get_worker

    worker: Any = get_worker()
    runs: _OnWorker = vars(worker).setdefault("algomancy_runs", _OnWorker(grace))

    def tell(said: dict[str, Any]) -> None:
        worker.log_event(topic, {"run": parcel.number, **said})

    name = (topic, parcel.number)
    control = runs.controls[name] = _Relay(tell)
    if name in runs.stopped_early:
        control.stop()
    over = threading.Event()
    threading.Thread(target=_watch, args=(worker, worker.get_current_task(), control, over), daemon=True).start()
    tell({"begun": True})
    try:
        return runs.pool.perform(parcel, lambda: source, control)
    except RunCancelled:
        return None
    finally:
        over.set()
        del runs.controls[name]


def _watch(worker: Any, key: str, control: _Relay, over: threading.Event) -> None:  # noqa: ANN401 - Dask's worker
    """Stop a run that nobody waits for any more: it was given up, or its server is gone. Dask lets it run on."""
    while not over.wait(_LOOK_SECONDS):
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            control.stop()
            return


def stop_on_worker(topic: str, number: int, dask_worker: Any = None) -> None:  # noqa: ANN401 - Dask hands itself in
    """Stop a run on the Dask worker that calls this, or see to it that it does not begin."""
    runs: _OnWorker | None = vars(dask_worker).get("algomancy_runs")
    if runs is None:
        return
    control = runs.controls.get((topic, number))
    if control is None:
        runs.stopped_early.append((topic, number))
    else:
        control.stop()
