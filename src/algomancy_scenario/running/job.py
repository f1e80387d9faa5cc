"""One run of one scenario: the user's code, and everything that can go wrong in it."""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from algomancy_data import BaseDataSource
from algomancy_data.encoding import EncodingError
from algomancy_scenario.basealgorithm import BaseAlgorithm, RunCancelled
from algomancy_scenario.keyperformanceindicator import BaseKPI, KpiError
from algomancy_scenario.kpifactory import Catalog, encode_kpis
from algomancy_scenario.persistence.kept_json import keep_json
from algomancy_scenario.result import BaseScenarioResult
from algomancy_scenario.running.executor import RunTicket
from algomancy_scenario.scenario import Outcome, Scenario
from algomancy_utils import BaseParameterSet

_log = logging.getLogger(__name__)
_LONGEST_MESSAGE = 2_000


class RunFailure(Exception):
    """A run came to nothing; the message says why, in words for the person."""


RunInput = tuple[BaseDataSource, BaseParameterSet]
"""The data of a scenario and the data's own parameters: the run's, to change as it likes."""


class RunListener(Protocol):
    """Whoever keeps the state of the scenarios."""

    def report_progress(self, run: Run, progress: float) -> None:
        """Take note of the progress of a run.

        Raises:
            RunCancelled: The run is no longer wanted.
        """


class Run:
    """A scenario's turn on a worker thread.

    What it reports counts only as long as its session holds it to be the current one.

    Args:
        scenario: The scenario to run.
        listener: Who is told about its progress.

    Attributes:
        ticket: The run at the executor's; `None` before it is handed over.
        frozen: Whether its reports are ignored for the moment.
    """

    def __init__(self, scenario: Scenario, listener: RunListener) -> None:
        self.scenario = scenario
        self.ticket: RunTicket | None = None
        self.frozen = False
        self._listener = listener
        self._lock = threading.Lock()
        self._algorithm: BaseAlgorithm | None = None
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether the run has been told to stop."""
        return self._stopped

    def perform(self, catalog: Catalog, load: Callable[[Scenario], RunInput]) -> Outcome:
        """Run the scenario's algorithm and compute its KPIs.

        Args:
            catalog: The algorithms and KPIs of the configuration.
            load: Gives the data of a scenario and its parameters.

        Returns:
            Result and KPIs, encoded.

        Raises:
            RunFailure: The user's code raised or gave something that cannot be used.
            RunCancelled: The run was stopped.
        """
        scenario = self.scenario
        try:
            data, data_params = load(scenario)
            algorithm = catalog.algorithms.create(scenario.algo_name, scenario.algo_params, data_params)
            self._attach(algorithm)
            result = _run(algorithm, data)
            if not isinstance(result, BaseScenarioResult):
                raise RunFailure(f"Algorithm '{scenario.algo_name}' returned no result.")
            kpis = catalog.make_kpis()
            for name, kpi in kpis.items():
                _compute(name, kpi, result)
            return _encode(result, kpis)
        except RunFailure:
            raise
        except RunCancelled:
            if self._stopped:
                raise
            raise RunFailure("The algorithm cancelled itself.") from None
        # Nothing the user's code raises may end the worker, SystemExit and KeyboardInterrupt included.
        except BaseException as error:
            if not self._stopped:
                _log.warning("Scenario '%s' failed.", scenario.tag, exc_info=error)
            raise RunFailure(describe(error)) from None
        finally:
            # Else each would keep the other, and whatever the algorithm keeps, until the garbage collector comes by.
            with self._lock:
                self._algorithm = None

    def stop(self) -> None:
        """Tell the run to stop and give its worker thread up; returns at once.

        The next `set_progress` raises; the algorithm's own `cancel()`, if it has one, is called from a thread of
        its own.
        """
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            algorithm = self._algorithm
        if self.ticket is not None:
            self.ticket.abandon()
        if algorithm is not None:
            self._call_cancel(algorithm)

    def _attach(self, algorithm: BaseAlgorithm) -> None:
        algorithm._on_progress = self._report
        with self._lock:
            if self._stopped:
                raise RunCancelled
            self._algorithm = algorithm

    def _report(self, progress: float) -> None:
        if self._stopped:
            raise RunCancelled
        self._listener.report_progress(self, progress)

    def _call_cancel(self, algorithm: BaseAlgorithm) -> None:
        cancel = getattr(algorithm, "cancel", None)
        if not callable(cancel):
            return

        def call() -> None:
            try:
                cancel()
            except BaseException:
                _log.warning("The cancel() of algorithm '%s' failed.", self.scenario.algo_name, exc_info=True)

        threading.Thread(target=call, name="algomancy-cancel", daemon=True).start()


def _run(algorithm: BaseAlgorithm, data: BaseDataSource) -> object:
    process = os.getpid()
    try:
        return algorithm.run(data)
    finally:
        # A child that the algorithm forked must not go on as a second server and write into the first one's folder.
        if os.getpid() != process:
            os._exit(0 if sys.exc_info()[0] is None else 1)


def describe(error: BaseException) -> str:
    """Return what a person is told about an exception of the user's code: its text, without paths or traceback."""
    try:
        text = _text_of(error).strip()
    # An exception of the user's is the user's code: asked for its text it may raise anything.
    except BaseException:
        text = ""
    text = text or type(error).__name__
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[:_LONGEST_MESSAGE]}…"
    return text.encode("utf-8", "replace").decode()


def _text_of(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "Its code tried to end the server."
    if isinstance(error, KeyboardInterrupt):
        return "Its code interrupted itself."
    if isinstance(error, MemoryError):
        return "There was not enough memory."
    if isinstance(error, OSError) and error.strerror:
        named = isinstance(error.filename, (str, bytes))
        return f"{error.strerror}: {Path(os.fsdecode(error.filename)).name}" if named else str(error.strerror)
    if isinstance(error, KeyError) and error.args:
        return f"There is no {str(error.args[0])!r}."
    return str(error)


def _compute(name: str, kpi: BaseKPI, result: BaseScenarioResult) -> None:
    try:
        kpi.compute_and_check(result)
    except KpiError as error:
        raise RunFailure(describe(error)) from None
    except RunCancelled:
        raise
    except BaseException as error:
        _log.warning("KPI '%s' failed.", name, exc_info=error)
        raise RunFailure(f"KPI '{name}' failed: {describe(error)}") from None
    if not isinstance(kpi.value, (int, float)) or not math.isfinite(kpi.value):
        raise RunFailure(f"KPI '{name}' gave no number.")


def _encode(result: BaseScenarioResult, kpis: dict[str, BaseKPI]) -> Outcome:
    try:
        result_json = keep_json(result.to_dict())
        kpis_json = encode_kpis(kpis)
    except EncodingError as error:
        raise RunFailure(f"The result cannot be written as JSON: {error}") from None
    if result_json == b"null":
        raise RunFailure("The result has no content.")
    if not result_json.startswith(b"{"):
        raise RunFailure("The result is no object: its to_dict() must return a dict.")
    return Outcome(result_json, kpis_json, result, kpis)
