"""A run as a job that can travel: the user's code, and everything that can go wrong in it."""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
from dataclasses import dataclass

from algomancy_data import BaseDataSource
from algomancy_data.encoding import EncodingError
from algomancy_scenario.basealgorithm import BaseAlgorithm, RunCancelled
from algomancy_scenario.keyperformanceindicator import BaseKPI, KpiError
from algomancy_scenario.kpifactory import Catalog, encode_kpis
from algomancy_scenario.persistence.scenario_record import keep_json
from algomancy_scenario.result import BaseScenarioResult
from algomancy_scenario.running.control import RunControl, RunFailure, describe
from algomancy_scenario.running.outcome import Outcome

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What is to be done, without the data it is done with.

    Attributes:
        catalog: The algorithms and KPIs of the configuration.
        tag: Tag of the scenario, for the log.
        algo_name: The algorithm's name.
        algo_params: The values of its parameters, as JSON.
        data_params: The values of the dataset's own parameters, as JSON.
        scenario_id: Id of the scenario, for whoever tells runs apart.
    """

    catalog: Catalog
    tag: str
    algo_name: str
    algo_params: bytes
    data_params: bytes
    scenario_id: str = ""


def carry_out(job: Job, source: BaseDataSource, control: RunControl) -> Outcome:
    """Run a scenario's algorithm in this thread and compute its KPIs.

    Args:
        job: What is to be done.
        source: The data; the run works on a view of it, and changes nobody else's.
        control: Who has asked for it.

    Returns:
        Result and KPIs, encoded and as objects.

    Raises:
        RunFailure: The user's code raised or gave something that cannot be used.
        RunCancelled: The run was stopped.
    """
    try:
        algorithm = _algorithm_of(job, source)
        algorithm._on_progress = control.report
        control.when_stopped(lambda: _call_cancel(algorithm))
        result = _run(algorithm, source.view())
        if not isinstance(result, BaseScenarioResult):
            raise RunFailure(f"Algorithm '{job.algo_name}' returned no result.")
        kpis = job.catalog.kpis.create_all()
        for name, kpi in kpis.items():
            _compute(name, kpi, result)
        return _encode(result, kpis)
    except RunFailure:
        raise
    except RunCancelled:
        if control.stopped:
            raise
        raise RunFailure("The algorithm cancelled itself.") from None
    # Nothing the user's code raises may end the worker, SystemExit and KeyboardInterrupt included.
    except BaseException as error:
        if not control.stopped:
            _log.warning("Scenario '%s' failed.", job.tag, exc_info=error)
        raise RunFailure(describe(error)) from None
    finally:
        # Else each would keep the other, and whatever the algorithm keeps, until the garbage collector comes by.
        if not control.stopped:
            control.when_stopped(None)


def _algorithm_of(job: Job, source: BaseDataSource) -> BaseAlgorithm:
    params = job.catalog.algorithms.restore_parameters(job.algo_name, job.algo_params)
    data_params = job.catalog.algorithms.restore_data_parameters(source, job.data_params)
    return job.catalog.algorithms.make(job.algo_name, params, data_params)


def _call_cancel(algorithm: BaseAlgorithm) -> None:
    cancel = getattr(algorithm, "cancel", None)
    if not callable(cancel):
        return

    def call() -> None:
        try:
            cancel()
        except BaseException:
            _log.warning("The cancel() of algorithm '%s' failed.", algorithm.name, exc_info=True)

    threading.Thread(target=call, name="algomancy-cancel", daemon=True).start()


def _run(algorithm: BaseAlgorithm, data: BaseDataSource) -> object:
    process = os.getpid()
    try:
        return algorithm.run(data)
    finally:
        # A child that the algorithm forked must not go on as a second server and write into the first one's folder.
        if os.getpid() != process:
            os._exit(0 if sys.exc_info()[0] is None else 1)


def _compute(name: str, kpi: BaseKPI, result: BaseScenarioResult) -> None:
    try:
        kpi.compute_and_check(result)
    except (KpiError, RunCancelled):
        raise
    except BaseException as error:
        raise RunFailure(f"KPI '{name}' cannot be computed: {describe(error)}") from error
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
