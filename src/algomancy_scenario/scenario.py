"""A scenario: one algorithm, one dataset, one set of parameters, and in time one result."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from algomancy_scenario.keyperformanceindicator import BaseKPI
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.kept_json import keep_json, keep_plain_json
from algomancy_scenario.persistence.scenario_record import ScenarioRecord, ScenarioStatus
from algomancy_utils import BaseParameterSet, NotFoundError, ParameterError

__all__ = ["Outcome", "Scenario", "ScenarioState", "ScenarioStatus"]

_log = logging.getLogger(__name__)
_UNREAD: Any = object()


class Outcome:
    """What a successful run gave: result and KPIs, encoded once, and as objects.

    Args:
        result_json: The result, encoded.
        kpis_json: The `kpis` member of the scenario object, encoded.
        result: The result as the algorithm returned it; made from its JSON when first asked for if left out.
        kpis: The KPIs that were computed; likewise.
    """

    __slots__ = ("_kpis", "_result", "kpis_json", "result_json")

    def __init__(
        self,
        result_json: bytes,
        kpis_json: bytes,
        result: Any = _UNREAD,  # noqa: ANN401 - the user's own result class
        kpis: Mapping[str, BaseKPI] | None = None,
    ) -> None:
        self.result_json = result_json
        self.kpis_json = kpis_json
        self._result = result
        self._kpis = kpis

    def result(self, catalog: Catalog, algo_name: str) -> Any:  # noqa: ANN401 - the user's own result class
        """Return the result object; a stored one is rebuilt through the algorithm's `result_class` if it has one."""
        if self._result is _UNREAD:
            self._result = _rebuild_result(self.result_json, catalog, algo_name)
        return self._result

    def kpis(self, catalog: Catalog) -> Mapping[str, BaseKPI]:
        """Return the KPIs with their values."""
        if self._kpis is None:
            self._kpis = catalog.restore_kpis(orjson.loads(self.kpis_json))
        return self._kpis


class ScenarioState(NamedTuple):
    """Everything about a scenario that changes. Replaced as a whole, so that a reader never sees half a change."""

    status: ScenarioStatus = ScenarioStatus.CREATED
    progress: float = 0.0
    revision: int = 0
    queue_position: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    outcome: Outcome | None = None


class Scenario:
    """A scenario of a session, as its [`ScenarioManager`][algomancy_scenario.ScenarioManager] keeps it.

    Read it as you like, from any thread; only the manager changes it.

    Args:
        record: What it is and how it stands.
        catalog: The algorithms and KPIs of the configuration.
    """

    # Few objects each: it is their number, over all scenarios, that the garbage collector takes its time for.
    __slots__ = ("_catalog", "_document", "_record", "_state", "_status_document")

    def __init__(self, record: ScenarioRecord, catalog: Catalog) -> None:
        # The result belongs to the state: a reset lets go of it.
        self._record = record if record.result is None else replace(record, result=None, kpis=None)
        self._catalog = catalog
        outcome = None
        if record.status is ScenarioStatus.COMPLETE and record.result is not None and record.kpis is not None:
            outcome = Outcome(record.result, record.kpis)
        self._state = ScenarioState(
            status=record.status,
            progress=record.progress,
            queue_position=record.queue_position,
            started_at=record.started_at,
            finished_at=record.finished_at,
            error=record.error,
            outcome=outcome,
        )
        self._document: tuple[ScenarioState, bytes] | None = None
        self._status_document: tuple[ScenarioState, bytes] | None = None

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
        return self._catalog.algorithms.restore_parameters(self.algo_name, self._record.algo_params)

    @property
    def stored_params(self) -> tuple[bytes, bytes]:
        """The values of the algorithm's parameters and of the dataset's own, each as JSON."""
        return self._record.algo_params, self._record.data_params

    @property
    def result(self) -> Any:  # noqa: ANN401 - the user's own result class
        """The result object when complete, `{"error": message}` when failed, else `None`."""
        state = self._state
        if state.outcome is not None:
            return state.outcome.result(self._catalog, self.algo_name)
        return None if state.error is None else {"error": state.error}

    @property
    def kpis(self) -> Mapping[str, BaseKPI]:
        """The KPIs by name; without values as long as there is no result."""
        outcome = self._state.outcome
        return self._catalog.unset_kpis if outcome is None else outcome.kpis(self._catalog)

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

    def to_json_bytes(self) -> bytes:
        """Return the scenario object as JSON; made once for each state."""
        return self._bytes_of(self._state)

    def summary_json_bytes(self) -> bytes:
        """Return the scenario object without its `result`, as JSON."""
        return self._encode(self._state, with_result=False)

    def record(self, state: ScenarioState) -> ScenarioRecord:
        """Return what is to be stored for the scenario in a state, be it the present one or one to come.

        Args:
            state: The state. One that is processing is stored as queued.
        """
        known = self._record
        running = state.status is ScenarioStatus.PROCESSING
        return ScenarioRecord(
            id=known.id,
            tag=known.tag,
            sequence=known.sequence,
            queue_position=state.queue_position,
            status=ScenarioStatus.QUEUED if running else state.status,
            input_data_key=known.input_data_key,
            input_data_id=known.input_data_id,
            algo_name=known.algo_name,
            algo_params=known.algo_params,
            data_params=known.data_params,
            created_at=known.created_at,
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

    def _bytes_of(self, state: ScenarioState) -> bytes:
        cached = self._document
        if cached is not None and cached[0] is state:
            return cached[1]
        document = self._encode(state, with_result=True)
        self._document = (state, document)
        return document

    def _encode(self, state: ScenarioState, *, with_result: bool) -> bytes:
        known = self._record
        outcome = state.outcome
        result: Any = None if state.error is None else {"error": state.error}
        if outcome is not None:
            result = orjson.Fragment(outcome.result_json)
        content = {
            "id": known.id,
            "tag": known.tag,
            "input_data_id": known.input_data_id,
            "input_data_key": known.input_data_key,
            "kpis": orjson.Fragment(self._catalog.unset_kpis_json if outcome is None else outcome.kpis_json),
            "algorithm": {"name": known.algo_name, "parameters": orjson.Fragment(known.algo_params)},
            "data_parameters": orjson.Fragment(known.data_params),
            "status": state.status.value,
            "progress": state.progress,
            "created_at": known.created_at,
            "started_at": state.started_at,
            "finished_at": state.finished_at,
            "error": state.error,
        }
        if with_result:
            content["result"] = result
        return keep_plain_json(content)


def join_documents(scenarios: list[tuple[Scenario, ScenarioState]]) -> bytes:
    """Return a JSON array of scenario objects, each as it stood in the state given with it."""
    return b"[" + b",".join([scenario._bytes_of(state) for scenario, state in scenarios]) + b"]"


def _rebuild_result(document: bytes, catalog: Catalog, algo_name: str) -> Any:  # noqa: ANN401 - the user's own class
    try:
        result_class = catalog.algorithms.get_class(algo_name).result_class
    except NotFoundError:
        result_class = None
    if result_class is not None:
        try:
            return result_class.from_json(document.decode())
        except Exception:
            _log.exception("The stored result of algorithm '%s' could not be rebuilt; it is kept as data.", algo_name)
    return orjson.loads(document)


def stored_params(values: BaseParameterSet) -> bytes:
    """Return the values of a parameter set as a scenario keeps them.

    Raises:
        ParameterError: A value cannot be said in JSON.
    """
    try:
        return keep_json(values.get_json_values())
    except ValueError as error:
        raise ParameterError(str(error)) from error
