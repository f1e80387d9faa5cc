"""A scenario: one algorithm, one dataset, one set of parameters, and in time one result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic

import orjson

from algomancy_data import BaseDataSource
from algomancy_scenario.algorithmfactory import stored_params
from algomancy_scenario.basealgorithm import ALGORITHM
from algomancy_scenario.keyperformanceindicator import BaseKPI
from algomancy_scenario.persistence.scenario_record import (
    UNFINISHED,
    ScenarioRecord,
    ScenarioStatus,
    keep_json,
    keep_plain_json,
)
from algomancy_scenario.running.outcome import Outcome, ScenarioState, StoredOutcome
from algomancy_scenario.sessions.owners import Detached, ScenarioOwner
from algomancy_utils import BaseParameterSet, Logger
from algomancy_utils.runtime import random_id, utc_now

__all__ = ["Scenario", "ScenarioState", "ScenarioStatus"]


class Scenario(Generic[ALGORITHM]):
    """A scenario, read from any thread.

    Those of a session are made, changed and stored by its [`ScenarioManager`][algomancy_scenario.ScenarioManager];
    one made here belongs to nobody and runs where it is told to.

    Args:
        tag: What it is called.
        input_data: Its data.
        kpis: Its KPIs by name, without values.
        algorithm: Its algorithm, with parameters.
        provided_id: Its id; a fresh one when left out.
        data_params: The values of the data's own parameters; the defaults when left out.
    """

    # Few objects each: it is their number, over all scenarios, that the garbage collector takes its time for.
    __slots__ = ("_document", "_owner", "_record", "_state", "_status_document")

    def __init__(
        self,
        tag: str,
        input_data: BaseDataSource,
        kpis: Mapping[str, BaseKPI],
        algorithm: ALGORITHM,
        provided_id: str | None = None,
        data_params: BaseParameterSet | None = None,
    ) -> None:
        params = input_data.initialize_data_parameters() if data_params is None else data_params
        record = ScenarioRecord(
            id=random_id() if provided_id is None else provided_id,
            tag=tag,
            sequence=0,
            queue_position=None,
            status=ScenarioStatus.CREATED,
            input_data_key=input_data.name,
            input_data_id=input_data.id,
            algo_name=algorithm.name,
            algo_params=stored_params(algorithm.params),
            data_params=stored_params(params),
            created_at=utc_now(),
        )
        self._set_up(record, Detached.of(input_data, kpis, algorithm, params))

    @classmethod
    def of_record(cls, record: ScenarioRecord, owner: ScenarioOwner) -> Scenario[Any]:
        """Return a scenario that is described, or stored, already.

        Args:
            record: What it is and how it stands.
            owner: Whom it belongs to.
        """
        made = cls.__new__(cls)
        made._set_up(record, owner)
        return made

    def _set_up(self, record: ScenarioRecord, owner: ScenarioOwner) -> None:
        # The result belongs to the state: a reset lets go of it.
        self._record = record if record.result is None else replace(record, result=None, kpis=None)
        self._owner = owner
        self._state = self.state_of(record)
        self._document: tuple[ScenarioState, bytes] | None = None
        self._status_document: tuple[ScenarioState, bytes] | None = None

    def state_of(self, record: ScenarioRecord) -> ScenarioState:
        """Return how the scenario stands by what is stored of it."""
        outcome: Outcome | StoredOutcome | None = None
        if record.status is ScenarioStatus.COMPLETE and record.kpis is not None:
            whole = None if record.result is None else Outcome(record.result, record.kpis)
            outcome = self._owner.stored_outcome(record.id, record.kpis, whole)
        return ScenarioState(
            status=record.status,
            progress=record.progress,
            queue_position=record.queue_position,
            started_at=record.started_at,
            finished_at=record.finished_at,
            error=record.error,
            outcome=outcome,
        )

    @property
    def owner(self) -> ScenarioOwner:
        """Whom it belongs to."""
        return self._owner

    @property
    def id(self) -> str:
        """Its identifier."""
        return self._record.id

    @property
    def tag(self) -> str:
        """Its tag, unique within the session."""
        return self._record.tag

    @property
    def sequence(self) -> int:
        """Its place in the order of creation."""
        return self._record.sequence

    @property
    def status(self) -> ScenarioStatus:
        """Where it stands."""
        return self._state.status

    @property
    def progress(self) -> float:
        """How far its run is, from 0 to 100."""
        return self._state.progress

    @property
    def revision(self) -> int:
        """A number that grows with every change of the scenario."""
        return self._state.revision

    @property
    def error(self) -> str | None:
        """Why it failed."""
        return self._state.error

    @property
    def input_data_key(self) -> str:
        """The key of its dataset."""
        return self._record.input_data_key

    @property
    def input_data_id(self) -> str:
        """The id of its dataset."""
        return self._record.input_data_id

    @property
    def algo_name(self) -> str:
        """The name of its algorithm."""
        return self._record.algo_name

    @property
    def created_at(self) -> datetime:
        """When it was created."""
        return self._record.created_at

    @property
    def started_at(self) -> datetime | None:
        """When its last run started."""
        return self._state.started_at

    @property
    def finished_at(self) -> datetime | None:
        """When its last run ended."""
        return self._state.finished_at

    @property
    def algo_params(self) -> BaseParameterSet:
        """The parameters of its algorithm, each time in a set of their own.

        Raises:
            NotFoundError: The scenario was stored by a configuration whose algorithm this one does not have.
            ParameterError: The values stored are not valid for the algorithm as it is now.
        """
        return self._owner.catalog.algorithms.restore_parameters(self.algo_name, self._record.algo_params)

    @property
    def algorithm_description(self) -> str:
        """The parameters of its algorithm, as text."""
        return self.algo_params.serialize()

    @property
    def data_source(self) -> BaseDataSource:
        """Its data.

        Raises:
            NotFoundError: They are not there any more.
        """
        return self._owner.dataset_of(self).source

    @property
    def data_params(self) -> BaseParameterSet:
        """The data's own parameters with the values it gives to them, each time in a set of their own.

        Raises:
            NotFoundError: The data are not there any more.
            ParameterError: The values stored are not valid for the data as they are now.
        """
        return self._owner.catalog.algorithms.restore_data_parameters(self.data_source, self._record.data_params)

    @property
    def stored_params(self) -> tuple[bytes, bytes]:
        """The values of the algorithm's parameters and of the dataset's own, each as JSON."""
        return self._record.algo_params, self._record.data_params

    @property
    def result(self) -> Any:  # noqa: ANN401 - the user's own result class
        """The result object when complete, `{"error": message}` when failed, else `None`."""
        state = self._state
        if state.outcome is not None:
            return state.outcome.result(self._owner.catalog, self.algo_name)
        return None if state.error is None else {"error": state.error}

    @property
    def kpis(self) -> Mapping[str, BaseKPI]:
        """The KPIs by name; without values as long as there is no result."""
        outcome = self._state.outcome
        return self._owner.catalog.unset_kpis if outcome is None else outcome.kpis(self._owner.catalog)

    def is_completed(self) -> bool:
        """Tell whether it has a result."""
        return self.status is ScenarioStatus.COMPLETE

    def set_queued(self) -> None:
        """Put it in the queue of its session; see `ScenarioManager.process_scenario_async`."""
        self._owner.queue(self)

    def process(self, logger: Logger | None = None) -> None:
        """Run it and wait for its end: by its session in its turn, without one in this thread.

        Args:
            logger: Where to report to.
        """
        self._owner.run(self, logger)

    def cancel(self, logger: Logger | None = None) -> None:
        """End it as failed if it is queued or processing, and tell `logger`; otherwise change nothing."""
        if self.status in UNFINISHED:
            self._owner.cancel(self)
            if logger is not None:
                logger.log(f"Scenario '{self.tag}' was cancelled.")

    def refresh(self, logger: Logger | None = None) -> None:
        """Take it back to `created`, without result, KPI values and progress, and tell `logger`."""
        self._owner.reset(self)
        if logger is not None:
            logger.log(f"Scenario '{self.tag}' was reset.")

    def compute_kpis(self) -> None:
        """Compute the KPIs anew from the result that is there.

        Raises:
            ValueError: There is no result.
            KpiError: A KPI cannot be computed.
        """
        if self._state.outcome is None:
            raise ValueError(f"Scenario '{self.tag}' has no result.")
        for kpi in self.kpis.values():
            kpi.compute_and_check(self.result)

    def status_json_bytes(self) -> bytes:
        """Return `id`, `tag`, `status` and `progress` as JSON (contract SCN-8); made once for each state."""
        state = self._state
        cached = self._status_document
        if cached is not None and cached[0] is state:
            return cached[1]
        document = keep_json({"id": self.id, "tag": self.tag, "status": state.status.value, "progress": state.progress})
        self._status_document = (state, document)
        return document

    def to_dict(self) -> dict[str, Any]:
        """Return the scenario object of the contract, as plain JSON values."""
        content: dict[str, Any] = orjson.loads(self.to_json_bytes())
        return content

    def __str__(self) -> str:
        return f"Scenario: {self.tag} ({self.algo_name} [{self.progress:.0f}%]: {self.algorithm_description})"

    @property
    def at_hand(self) -> bool:
        """Whether `to_json_bytes` need not read a result from the store now."""
        outcome = self._state.outcome
        return outcome is None or outcome.at_hand

    def to_json_bytes(self, state: ScenarioState | None = None) -> bytes:
        """Return the scenario object as JSON; made once for each state that is kept in memory.

        Args:
            state: How it stood; as it stands now when left out.
        """
        state = state or self._state
        cached = self._document
        if cached is not None and cached[0] is state:
            return cached[1]
        document = self._encode(state, with_result=True)
        if not isinstance(state.outcome, StoredOutcome):
            self._document = (state, document)
        return document

    def summary_json_bytes(self) -> bytes:
        """Return the scenario object without its `result`, as JSON."""
        return self._encode(self._state, with_result=False)

    def record(self, state: ScenarioState) -> ScenarioRecord:
        """Return what is to be stored for the scenario in a state, be it the present one or one to come.

        Args:
            state: The state. One that is processing is stored as queued.
        """
        running = state.status is ScenarioStatus.PROCESSING
        return replace(
            self._record,
            queue_position=state.queue_position,
            status=ScenarioStatus.QUEUED if running else state.status,
            progress=0.0 if running else state.progress,
            started_at=state.started_at,
            finished_at=state.finished_at,
            error=state.error,
            result=None if state.outcome is None else state.outcome.result_json,
            kpis=None if state.outcome is None else state.outcome.kpis_json,
        )

    @property
    def state(self) -> ScenarioState:
        """How the scenario stands."""
        return self._state

    def next_state(self, **changes: Any) -> ScenarioState:  # noqa: ANN401 - any member of the state
        """Return the present state with some members changed and the revision counted up; nothing is published."""
        state = self._state
        return state._replace(revision=state.revision + 1, **changes)

    def publish(self, state: ScenarioState) -> None:
        """Make a state the present one. For the manager, under its lock."""
        self._state = state

    def _encode(self, state: ScenarioState, *, with_result: bool) -> bytes:
        known = self._record
        outcome = state.outcome
        content = {
            "id": known.id,
            "tag": known.tag,
            "input_data_id": known.input_data_id,
            "input_data_key": known.input_data_key,
            "kpis": orjson.Fragment(self._owner.catalog.unset_kpis_json if outcome is None else outcome.kpis_json),
            "algorithm": {"name": known.algo_name, "parameters": orjson.Fragment(known.algo_params)},
            "data_parameters": orjson.Fragment(known.data_params),
            "status": state.status.value,
            "progress": state.progress,
            "created_at": known.created_at,
            "started_at": state.started_at,
            "finished_at": state.finished_at,
            "error": state.error,
        }
        if with_result and outcome is not None:
            content["result"] = orjson.Fragment(outcome.result_json)
        elif with_result:
            content["result"] = None if state.error is None else {"error": state.error}
        return keep_plain_json(content)
