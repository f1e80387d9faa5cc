"""All sessions of a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from algomancy_data import BaseDataSource, ETLFactory, Schema
from algomancy_data.reading.offload import WORKER
from algomancy_scenario.basealgorithm import BaseAlgorithm
from algomancy_scenario.core_configuration import CoreConfig, core_of
from algomancy_scenario.keyperformanceindicator import BaseKPI
from algomancy_scenario.persistence.port import NewSession, StateStore
from algomancy_scenario.running.executor import RunExecutor
from algomancy_scenario.running.telemetry import run_telemetry
from algomancy_scenario.scenariomanager import ScenarioManager
from algomancy_scenario.sessions.building import (
    FIRST_NAME,
    SessionBuilder,
    SessionIndex,
    check_session_name,
    copy_of,
    is_readable,
    unknown,
)
from algomancy_scenario.sessions.opening import copy_state
from algomancy_scenario.sessions.owners import SessionGoneError
from algomancy_utils import BaseParameterSet, Logger, MessageStatus, PreconditionError
from algomancy_utils.logger import SilentLogger
from algomancy_utils.runtime import random_id

if TYPE_CHECKING:
    from algomancy_scenario.sessions.replica import Replica


class SessionManager:
    """The sessions of a server; there is always at least one.

    All methods may be called from any thread. As in a `ScenarioManager`, a write mutex lets one change in at a time
    and a state lock guards the dictionaries, so look-ups never wait for a disk.

    Args beside those of a `ScenarioManager`:
        data_folder: The folder the state lives in, with a folder for each session.
        auto_create: What is `autocreate` there.
        persistence_backend: The store; it overrules `has_persistent_state` unless it is `"none"`.
        database_url: Where the database is, for the persistence backend `"database"`.
        config: The configuration, in place of all of the above.
        store: Where sessions are stored; chosen by the configuration when left out.
        executor: Where scenarios run, shared by all sessions; chosen by the configuration when left out.

    Raises:
        ValueError: Another server uses the data folder, or an argument cannot be what it was given.
    """

    nonblocking = True
    """Look-ups are answered from memory and may be called on an event loop."""

    catch_up: Callable[[], None] | None
    """Has memory be what every server of the database has acknowledged; `None` where no other server can change it."""

    def __init__(
        self,
        etl_factory: type[ETLFactory],
        kpis: Mapping[str, type[BaseKPI]],
        algorithms: Mapping[str, type[BaseAlgorithm]],
        schemas: Sequence[Schema | type[Schema]],
        data_object_type: type[BaseDataSource],
        data_folder: str | None = None,
        logger: Logger | None = None,
        scenario_save_location: str = "scenarios.json",  # noqa: ARG002 - for compatibility
        has_persistent_state: bool = False,
        save_type: str = "json",
        auto_create: bool = False,
        default_algo_name: str | None = None,
        default_param_values: Mapping[str, Any] | None = None,
        autorun: bool = False,
        persistence_backend: str = "none",
        database_url: str | None = None,
        *,
        config: CoreConfig | None = None,
        store: StateStore | None = None,
        executor: RunExecutor | None = None,
    ) -> None:
        self._config = config or CoreConfig(
            data_path="data" if data_folder is None else data_folder,
            has_persistent_state=has_persistent_state,
            save_type=save_type,
            data_object_type=data_object_type,
            persistence_backend=None if persistence_backend == "none" else persistence_backend,
            database_url=database_url,
            etl_factory=etl_factory,
            kpis=kpis,
            algorithms=algorithms,
            schemas=schemas,
            autocreate=auto_create,
            default_algo=default_algo_name,
            default_algo_params_values=default_param_values,
            autorun=autorun,
        )
        self.logger = logger or SilentLogger()
        self._builder = SessionBuilder(self._config, logger, store, executor)
        self._store = self._builder.store
        self._write = self._store.guard
        self._sessions = SessionIndex()
        self._closed = False
        self._replica: Replica | None = None
        self.catch_up: Callable[[], None] | None = None
        try:
            self._load()
        except BaseException:
            self.close()
            raise
        if (telemetry := run_telemetry()) is not None:
            telemetry.count(self)

    @classmethod
    def from_config(
        cls,
        cfg: Any,  # noqa: ANN401 - anything that has the fields
        *,
        store: StateStore | None = None,
        executor: RunExecutor | None = None,
    ) -> SessionManager:
        """Return the sessions of a configuration, or of anything that wraps one or has its fields.

        They are those stored, or a fresh one named `main`. `store` and `executor` are as in the constructor.

        Raises:
            TypeError: It is no configuration.
            ValueError: Another server uses the data folder.
        """
        core = core_of(cfg)
        return cls(
            core.etl_factory,
            core.kpis,
            core.algorithms,
            core.schemas,
            core.data_object_type,
            config=core,
            store=store,
            executor=executor,
        )

    # ------------------------------------------------------------------ look-ups

    @property
    def session_ids(self) -> list[str]:
        """The ids of the sessions, in order of creation."""
        return [session.id for session in self._sessions.all()]

    @property
    def start_session_id(self) -> str:
        """The id of the default session: the one named `main`, or the oldest."""
        return self._sessions.default

    def list_sessions(self) -> list[dict[str, str]]:
        """Return `id` and `display_name` of each session, in order of creation."""
        return [{"id": s.id, "display_name": s.display_name} for s in self._sessions.all()]

    def has_session(self, session_id: str) -> bool:
        """Tell whether there is a session of this id or name."""
        return self._sessions.find(session_id) is not None

    def get_scenario_manager(self, session_id: str) -> ScenarioManager:
        """Return the manager of a session. An id wins over an equal name.

        Raises:
            NotFoundError: There is no such session.
        """
        return self._sessions.known(session_id).manager

    def open_session(self, session_id: str) -> tuple[str, ScenarioManager]:
        """Return the id and the manager of a session. An id wins over an equal name.

        Raises:
            NotFoundError: There is no such session.
        """
        session = self._sessions.known(session_id)
        return session.id, session.manager

    def get_display_name(self, session_id: str) -> str:
        """Return the name of a session.

        Raises:
            NotFoundError: There is no session of this id.
        """
        session = self._sessions.get(session_id)
        if session is None:
            raise unknown(session_id)
        return session.display_name

    def resolve_id_by_display_name(self, display_name: str) -> str | None:
        """Return the id of the session of this name, `None` when there is none."""
        return self._sessions.id_of_name(display_name)

    def get_algorithm_parameters(self, key: str) -> BaseParameterSet:
        """Return a new set of an algorithm's parameters, each with its default; `NotFoundError` without one."""
        return self._builder.catalog.algorithms.get_parameters(key)

    def count_runs(self) -> dict[str, Any]:
        """Return how many runs there are and how many scenarios wait, over all sessions, and where runs happen."""
        counts = [session.manager.run_counts for session in self._sessions.all()]
        return {
            "executor": self._builder.executor.kind,
            "workers": self._builder.executor.workers,
            "running": sum(running for running, _ in counts),
            "queued": sum(queued for _, queued in counts),
        }

    def log(self, message: str, status: MessageStatus = MessageStatus.INFO) -> None:
        """Report something."""
        self.logger.log(message, status)

    # ------------------------------------------------------------------ changes

    def create_new_session(self, display_name: str) -> str:
        """Create an empty session.

        Args:
            display_name: Its name.

        Returns:
            Its id.

        Raises:
            ValueError: The name is blank.
            PreconditionError: The name is taken.
        """
        check_session_name(display_name)
        with self._write:
            self._refuse_if_closed()
            self._sessions.refuse_if_taken(display_name)
            return self._add(self._builder.new(display_name))

    def copy_session(self, source_id: str, new_display_name: str) -> str:
        """Create a session with the datasets and scenarios another one has now.

        Scenarios get new ids; results are kept, unfinished scenarios are `created` in the copy.

        Args:
            source_id: Id or name of the session to copy.
            new_display_name: The name of the copy.

        Returns:
            The id of the copy.

        Raises:
            NotFoundError: There is no such session.
            ValueError: The name is blank.
            PreconditionError: The name is taken.
        """
        check_session_name(new_display_name)
        self._sessions.refuse_if_taken(new_display_name)
        datasets, records = self._sessions.known(source_id).manager.snapshot()
        if self._store.durable:
            # Encoding is work, and may be the user's code: it is done before the mutex is taken.
            datasets = [dataset for dataset in datasets if is_readable(dataset)]
        copied = [copy_of(record) for record in records]
        with self._write:
            self._refuse_if_closed()
            self._sessions.known(source_id)
            self._sessions.refuse_if_taken(new_display_name)
            return self._add(self._builder.new(new_display_name, datasets, copied))

    def rename_session(self, session_id: str, new_display_name: str) -> None:
        """Give a session another name; its id stays.

        Args:
            session_id: Id or name of the session.
            new_display_name: Its new name; its own is allowed.

        Raises:
            NotFoundError: There is no such session.
            ValueError: The name is blank.
            PreconditionError: Another session has the name.
        """
        check_session_name(new_display_name)
        with self._write:
            self._refuse_if_closed()
            session = self._sessions.known(session_id)
            if session.display_name == new_display_name:
                return
            self._sessions.refuse_if_taken(new_display_name)
            self._store.rename_session(session.id, new_display_name)
            self._sessions.rename(session, new_display_name)
            session.tell_listeners(deleted=False)

    def delete_session(self, session_id: str) -> None:
        """Delete a session with everything in it; its run, if there is one, is stopped.

        Deleting the last one leaves a fresh session named `main`, with the datasets that a new server starts with.

        Args:
            session_id: Id or name of the session.

        Raises:
            NotFoundError: There is no such session.
        """
        self._sessions.known(session_id)
        # Reading files is work, and the user's code: it is done before the mutex is taken, but for a race.
        initial = self._first_session() if len(self._sessions) == 1 else None
        with self._write:
            self._refuse_if_closed()
            session = self._sessions.known(session_id)
            new = (initial or self._first_session()) if len(self._sessions) == 1 else None

            def forget() -> None:
                successor = self._store.delete_session(session.id, new)
                self._sessions.replace(session, None if successor is None else self._builder.open(successor))

            # The session's writers are locked out while it goes: none of them is told that something was kept.
            session.manager.retire(forget)
            session.tell_listeners(deleted=True)

    def close(self) -> None:
        """Stop every run, refuse every further change and let go of the data folder; returns at once."""
        with self._write:
            if self._closed:
                return
            self._closed = True
            sessions = self._sessions.all()
        if self._replica is not None:
            # The runs stay noted as this server's until its lease has run out: they may need a moment to stop.
            self._replica.close()
        for session in sessions:
            with suppress(SessionGoneError):
                session.manager.retire()
        self._builder.executor.shutdown()
        self._store.close()

    copy_state = staticmethod(copy_state)

    @staticmethod
    def end_helpers() -> None:
        """End the process that reads large files, which all managers share; the next large file starts another."""
        WORKER.close()

    # ------------------------------------------------------------------ inside

    def _load(self) -> None:
        if self._store.shared:
            self._follow()
        else:
            for stored in self._store.load():
                self._sessions.replace(None, self._builder.open(stored))
        if not self._sessions:
            first = self._first_session()
            with self._write:
                # Another server that starts at the same time may have been quicker.
                if not self._sessions:
                    self._add(first)
        for session in self._sessions.all():
            session.manager.resume()

    def _follow(self) -> None:
        """Begin to take part in what servers of one database do; what that needs comes with an extra."""
        from algomancy_scenario.persistence.database.store import DatabaseStore
        from algomancy_scenario.sessions.replica import Replica

        if not isinstance(self._store, DatabaseStore):
            raise TypeError("A store that others use is a database.")
        replica = self._replica = Replica(self._store, self._sessions, self._builder)
        self.catch_up = replica.catch_up
        replica.start()

    def _add(self, new: NewSession) -> str:
        """Store a session with everything in it, and let others see it; return its id. Call it with the mutex held."""
        session = self._builder.open(self._store.create_session(new))
        self._sessions.replace(None, session)
        return session.id

    def _first_session(self) -> NewSession:
        """Describe the session that a new server starts with."""
        session_id = random_id()
        return self._builder.new(FIRST_NAME, self._builder.initial_datasets(session_id), session_id=session_id)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise PreconditionError("The server is shutting down.")
