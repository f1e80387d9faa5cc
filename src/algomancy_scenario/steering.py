"""Servers whose time, ids and runs somebody else has in hand, and what is in a server as plain data.

It is what a sandbox asks of a backend beyond the port that all backends have.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import copy_context
from copy import copy
from datetime import datetime
from typing import Any, Protocol

import orjson

from algomancy_data import Dataset, DataSource
from algomancy_data.encoding import encode_json
from algomancy_scenario.algorithmfactory import AlgorithmFactory, stored_params
from algomancy_scenario.basealgorithm import RunCancelled
from algomancy_scenario.core_configuration import CoreConfig, core_of
from algomancy_scenario.kpifactory import Catalog, encode_kpis
from algomancy_scenario.persistence.port import MemorySessionStore, MemoryStore, NewSession, StoredSession
from algomancy_scenario.persistence.scenario_record import UNFINISHED, ScenarioRecord, ScenarioStatus, keep_json
from algomancy_scenario.running.control import RunControl, RunFailure
from algomancy_scenario.running.executor import RunTicket
from algomancy_scenario.running.job import Job, carry_out
from algomancy_scenario.running.outcome import Outcome
from algomancy_scenario.sessionmanager import SessionManager
from algomancy_utils import BaseParameterSet, EmptyParameters, NotFoundError, ParameterError
from algomancy_utils.runtime import Runtime, random_id, use_runtime, utc_now

Location = tuple[str | int, ...]
"""Where in a document something stands: the keys and indices that lead there."""


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


class StateError(ValueError):
    """A document breaks a rule.

    Args:
        message: Which one, for a person.
        location: Where.
    """

    def __init__(self, message: str, location: Location) -> None:
        super().__init__(message)
        self.location = location


def use_steering(steering: Steering) -> AbstractContextManager[None]:
    """Take time and ids from whoever steers, for this thread or task while the context lasts."""
    return use_runtime(Runtime(steering.now, steering.new_id))


def open_sessions(cfg: Any, steering: Steering, saved: Sequence[NewSession]) -> SessionManager:  # noqa: ANN401
    """Return a server in memory that somebody steers.

    Args:
        cfg: The configuration, or anything that has its fields.
        steering: Who that is.
        saved: What is in it at the start; a session `main` when there is nothing.
    """
    core = copy(core_of(cfg))
    autocreate, core.autocreate = core.autocreate, core.autocreate and not saved
    with use_steering(steering):
        sessions = SessionManager.from_config(core, store=_SavedStore(core, saved), executor=SteeredExecutor(steering))
    # What was saved is all there is at the start, whatever is created automatically from then on.
    core.autocreate = autocreate
    for each in sessions.list_sessions():
        sessions.get_scenario_manager(each["id"]).toggle_autocreate(autocreate)
    return sessions


def save_sessions(sessions: SessionManager) -> tuple[NewSession, ...]:
    """Return what is in a server now, for servers to share: nothing in it changes; what is running is queued in it."""
    saved = []
    for each in sessions.list_sessions():
        datasets, records = sessions.get_scenario_manager(each["id"]).snapshot()
        saved.append(NewSession(each["id"], each["display_name"], tuple(datasets), tuple(records)))
    return tuple(saved)


def read_sessions(cfg: Any, document: Sequence[Mapping[str, Any]]) -> tuple[NewSession, ...]:  # noqa: ANN401
    """Return sessions that are described as the HTTP API shows them.

    Args:
        cfg: The configuration, or anything that has its fields.
        document: Of each session `display_name`, `datasets` and `scenarios`; `id` of sessions and scenarios, and the
            times of these, may be left out.

    Raises:
        StateError: A rule is broken; its location begins with the number of the session.
    """
    core = core_of(cfg)
    reader = _Reader(core)
    saved: list[NewSession] = []
    for number, described in enumerate(document):
        for member in ("id", "display_name"):
            if described.get(member) and any(getattr(each, member) == described[member] for each in saved):
                raise StateError(f"Another session has the {member} '{described[member]}'.", (number, member))
        saved.append(reader.session(described, number))
    return tuple(saved)


class _SavedStore(MemoryStore):
    """Keeps nothing, and begins with what was saved."""

    def __init__(self, core: CoreConfig, saved: Sequence[NewSession]) -> None:
        super().__init__()
        self._core = core
        self._saved = saved

    def load(self) -> list[StoredSession]:
        return [
            StoredSession(
                each.id, each.display_name, MemorySessionStore(), self._own(each.datasets), {}, each.scenarios
            )
            for each in self._saved
        ]

    def _own(self, datasets: Iterable[Dataset]) -> list[Dataset]:
        """Return datasets that are this server's alone, where a run could change what others see."""
        kind = self._core.data_object_type
        return [each if kind is DataSource else Dataset.of_json(each.json, kind, each.key) for each in datasets]


class _Reader:
    """Makes sessions of what describes them.

    Args:
        core: The configuration whose algorithms and KPIs they have.
    """

    def __init__(self, core: CoreConfig) -> None:
        self._core = core
        self._catalog = Catalog(AlgorithmFactory(core.algorithms), core.kpis)
        self._ids: set[str] = set()

    def session(self, described: Mapping[str, Any], number: int) -> NewSession:
        datasets: dict[str, Dataset] = {}
        for index, payload in enumerate(described.get("datasets", ())):
            where: Location = (number, "datasets", index)
            try:
                dataset = Dataset.of_json(encode_json(payload), self._core.data_object_type)
            # The class may be the user's own, and its `from_json` may raise anything.
            except Exception as error:
                raise StateError(f"The dataset cannot be read: {error}", where) from None
            if dataset.key in datasets:
                raise StateError(f"Another dataset of the session has the key '{dataset.key}'.", where)
            datasets[dataset.key] = dataset
        records: list[ScenarioRecord] = []
        tags: set[str] = set()
        waiting = sorted(
            (index for index, each in enumerate(described.get("scenarios", ())) if each["status"] in UNFINISHED),
            key=lambda index: (described["scenarios"][index]["status"] == ScenarioStatus.QUEUED, index),
        )
        for index, each in enumerate(described.get("scenarios", ())):
            where = (number, "scenarios", index)
            record = self._record(each, where, datasets, index, waiting)
            for member, value, known in (("id", record.id, self._ids), ("tag", record.tag, tags)):
                if value in known:
                    raise StateError(f"Another scenario has the {member} '{value}'.", (*where, member))
                known.add(value)
            records.append(record)
        return NewSession(
            described.get("id") or random_id(), described["display_name"], tuple(datasets.values()), tuple(records)
        )

    def _record(
        self,
        each: Mapping[str, Any],
        where: Location,
        datasets: Mapping[str, Dataset],
        index: int,
        waiting: Sequence[int],
    ) -> ScenarioRecord:
        status = ScenarioStatus(each["status"])
        key = each["input_data_key"]
        if key not in datasets:
            raise StateError(f"The session has no dataset '{key}'.", (*where, "input_data_key"))
        algorithm = each["algorithm"]
        here: Location = (*where, "algorithm", "name")
        try:
            params = self._catalog.algorithms.get_parameters(algorithm["name"])
            here = (*where, "algorithm", "parameters")
            algo_params = _stored(params, algorithm.get("parameters"))
            here = (*where, "data_parameters")
            own = (
                datasets[key].source.initialize_data_parameters() if each.get("data_parameters") else EmptyParameters()
            )
            data_params = _stored(own, each.get("data_parameters"))
        except (ParameterError, NotFoundError) as error:
            raise StateError(str(error), here) from None
        done, failed = status is ScenarioStatus.COMPLETE, status is ScenarioStatus.FAILED
        return ScenarioRecord(
            id=each.get("id") or random_id(),
            tag=each["tag"],
            sequence=index + 1,
            queue_position=waiting.index(index) + 1 if index in waiting else None,
            status=ScenarioStatus.QUEUED if status in UNFINISHED else status,
            input_data_key=key,
            input_data_id=datasets[key].id,
            algo_name=algorithm["name"],
            algo_params=algo_params,
            data_params=data_params,
            created_at=each.get("created_at") or utc_now(),
            progress=100.0 if done else each.get("progress") or 0.0 if failed else 0.0,
            started_at=_moment(each, "started_at", done or failed),
            finished_at=_moment(each, "finished_at", done or failed),
            error=self._error(each, where) if failed else None,
            result=self._result(each, where) if done else None,
            kpis=self._kpis(each.get("kpis") or {}, (*where, "kpis")) if done else None,
        )

    def _error(self, each: Mapping[str, Any], where: Location) -> str:
        error = each.get("error")
        if not error:
            raise StateError("A scenario that failed needs an error.", (*where, "error"))
        return str(error)

    def _result(self, each: Mapping[str, Any], where: Location) -> bytes:
        result = each.get("result")
        if result is None:
            raise StateError("A scenario that is complete needs a result, an object.", (*where, "result"))
        return keep_json(result)

    def _kpis(self, described: Mapping[str, Any], where: Location) -> bytes:
        for name in described:
            if name not in self._catalog.unset_kpis:
                known = ", ".join(f"'{each}'" for each in self._catalog.unset_kpis) or "none"
                raise StateError(f"KPI '{name}' is unknown; known are: {known}.", (*where, name))
        for name in self._catalog.unset_kpis:
            if described.get(name, {}).get("value") is None:
                raise StateError(f"A scenario that is complete needs a value for KPI '{name}'.", where)
        unset: dict[str, Any] = orjson.loads(self._catalog.unset_kpis_json)
        return encode_kpis(self._catalog.restore_kpis({name: {**unset[name], **described[name]} for name in unset}))


def _stored(params: BaseParameterSet, values: Mapping[str, Any] | None) -> bytes:
    params.set_validated_values(values or {})
    return stored_params(params)


def _moment(each: Mapping[str, Any], member: str, wanted: bool) -> datetime | None:
    return (each.get(member) or utc_now()) if wanted else None
