"""Runs that somebody else has in hand: how long they seem to take, and what comes of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextvars import copy_context
from datetime import datetime
from typing import Any, Protocol

import orjson

from algomancy_data import Dataset
from algomancy_scenario.basealgorithm import RunCancelled
from algomancy_scenario.kpifactory import Catalog, encode_kpis
from algomancy_scenario.persistence.scenario_record import keep_json
from algomancy_scenario.running.control import RunControl, RunFailure
from algomancy_scenario.running.executor import RunTicket
from algomancy_scenario.running.job import Job, carry_out
from algomancy_scenario.running.outcome import Outcome


class Steering(Protocol):
    """Whoever has the time, the ids and the runs of a server in hand."""

    def now(self) -> datetime:
        """The present time, aware, in UTC."""

    def new_id(self) -> str:
        """An identifier never given before."""

    def submit(self, job: Callable[[], None]) -> RunTicket:
        """Have a run done in a thread."""

    def play(self, scenario_id: str, tag: str, work: Work) -> Mapping[str, Any]:
        """Let a run take its time; called in its thread, and returns when it is to end, or has been stopped.

        Returns:
            How it ends: with `error`, a sentence; or with `result` and `kpis`, values by name. What is left out comes
            from the algorithm, which then has `work` to do.
        """


class SteeredExecutor:
    """Asks whoever steers the server what becomes of each run; algorithms work in threads.

    Args:
        steering: Who that is.
    """

    kind = "threads"
    run_timeout: float | None = None
    workers = 1_000

    def __init__(self, steering: Steering) -> None:
        self._steering = steering

    def submit(self, job: Callable[[], None]) -> RunTicket:
        """Have a run done in a thread."""
        return self._steering.submit(job)

    def perform(self, job: Job, dataset: Dataset, control: RunControl) -> Outcome:
        """Let a run take its time, and give what is to come of it.

        Raises:
            RunFailure: It is to fail, or the algorithm failed.
            RunCancelled: It was stopped.
        """
        work = Work(lambda own: carry_out(job, dataset.source, own), control)
        control.when_stopped(work.stop)
        ending = self._steering.play(job.scenario_id, job.tag, work)
        control.when_stopped(None)  # Raises where the run was stopped.
        if ending.get("error"):
            raise RunFailure(ending["error"])
        return _outcome(job.catalog, ending, work)

    def shutdown(self) -> None:
        """There is nothing to let go of."""


class Work(RunControl):
    """What the algorithm of a run does, in a thread of its own from when it is wanted; and the control of its job.

    Args:
        carry_out: Does it.
        control: Who has asked for the run.

    Attributes:
        heard: Whether the progress that the algorithm reports counts.
        done: Whether it has ended.
        wake: Called when it has ended or the run is to stop.
    """

    def __init__(self, carry_out: Callable[[RunControl], Outcome], control: RunControl) -> None:
        super().__init__()
        self.heard = True
        self.done = False
        self.wake: Callable[[], None] = lambda: None
        self._carry_out = carry_out
        self._control = control
        self._thread: threading.Thread | None = None
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None

    @property
    def begun(self) -> bool:
        """Whether it has been wanted."""
        return self._thread is not None

    def begin(self) -> None:
        """Start it, if it has not been started."""
        if self._thread is None:
            context = copy_context()
            self._thread = threading.Thread(target=context.run, args=(self._do,), name="algomancy-work", daemon=True)
            self._thread.start()

    def outcome(self) -> Outcome:
        """Wait for its end, and return what it gave.

        Raises:
            RunFailure: It came to nothing.
            RunCancelled: It was stopped.
        """
        self.begin()
        if self._thread is not None:
            self._thread.join()
        if self._outcome is None:
            raise self._error or RunCancelled()
        return self._outcome

    def tell(self, progress: float) -> None:
        """Say how far the run is, in place of the algorithm.

        Raises:
            RunCancelled: The run is no longer wanted.
        """
        self._control.report(progress)

    def hear(self, progress: float) -> None:
        """Take note of what the algorithm reports, if it counts."""
        if self.heard:
            self._control.report(progress)

    def stop(self) -> None:
        """Have it stop, and whoever waits for it look up."""
        super().stop()
        self.wake()

    def _do(self) -> None:
        try:
            self._outcome = self._carry_out(self)
        except BaseException as error:
            self._error = error
        self.done = True
        self.wake()


def _outcome(catalog: Catalog, ending: Mapping[str, Any], work: Work) -> Outcome:
    result, values = ending.get("result"), ending.get("kpis") or {}
    worked = None if result is not None and values.keys() >= catalog.unset_kpis.keys() else work.outcome()
    kpis = orjson.loads(catalog.unset_kpis_json if worked is None else worked.kpis_json)
    for name in kpis.keys() & values.keys():
        kpis[name]["value"] = values[name]
    if worked is not None and result is None:
        return Outcome(worked.result_json, encode_kpis(catalog.restore_kpis(kpis)))
    return Outcome(keep_json(result), encode_kpis(catalog.restore_kpis(kpis)))
