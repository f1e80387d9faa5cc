"""All sessions of a server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from algomancy_data import DataManager, Dataset
from algomancy_data.reading.offload import WORKER
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.directory import DirectoryStore
from algomancy_scenario.persistence.memory import MemoryStore
from algomancy_scenario.persistence.port import SessionStore, StateStore, StoredSession
from algomancy_scenario.persistence.raw_datasets import RawDataset, raw_folders
from algomancy_scenario.persistence.scenario_record import ScenarioRecord, ScenarioStatus
from algomancy_scenario.running.dask import DaskExecutor
from algomancy_scenario.running.executor import RunExecutor, ThreadExecutor
from algomancy_scenario.running.processes import ProcessExecutor
from algomancy_scenario.scenariomanager import ScenarioManager
from algomancy_scenario.sessions.locks import SessionGoneError
from algomancy_utils import NotFoundError, PreconditionError, Runtime

_log = logging.getLogger(__name__)
_FIRST_NAME = "main"


@dataclass(slots=True)
class _Session:
    id: str
    display_name: str
    manager: ScenarioManager


class SessionManager:
    """The sessions of a server; there is always at least one.

    All methods may be called from any thread. As in a `ScenarioManager`, a write mutex lets one change in at a time
    and a state lock guards the dictionaries, so look-ups never wait for a disk.

    Args:
        config: The configuration.
        store: Where sessions are stored; chosen by the configuration when left out.
        executor: Where scenarios run, shared by all sessions; chosen by the configuration when left out.
        runtime: Clock and identifiers.

    Raises:
        ValueError: Another server uses the data folder.
    """

    nonblocking = True
    """Look-ups are answered from memory and may be called on an event loop."""

    def __init__(
        self,
        config: CoreConfig,
        *,
        store: StateStore | None = None,
        executor: RunExecutor | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self._config = config
        self._catalog = Catalog(config.algorithms, config.kpis)
        self._runtime = runtime or Runtime()
        self._etl = DataManager(config.etl_factory, config.schemas, config.data_object_type, limits=config.read_limits)
        self._store = store or _open_store(config, self._runtime)
        self._executor = executor or _make_executor(config)
        self._write = threading.Lock()
        self._state = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._ids_by_name: dict[str, str] = {}
        self._revision = 0
        self._closed = False
        try:
            self._load()
        except BaseException:
            self.close()
            raise

    @classmethod
    def from_config(cls, cfg: CoreConfig) -> SessionManager:
        """Return the sessions of a configuration: those stored, or a fresh one named `main`.

        Args:
            cfg: The configuration.

        Raises:
            ValueError: Another server uses the data folder.
        """
        return cls(cfg)

    # ------------------------------------------------------------------ look-ups

    @property
    def sessions_revision(self) -> int:
        """A number that grows whenever the list of sessions or the default changes."""
        return self._revision

    @property
    def start_session_id(self) -> str:
        """The id of the default session: `main` at the start, or the oldest; when it is deleted, likewise."""
        return self._default

    def list_sessions(self) -> list[dict[str, str]]:
        """Return `id` and `display_name` of each session, in order of creation."""
        with self._state:
            return [{"id": s.id, "display_name": s.display_name} for s in self._sessions.values()]

    def has_session(self, id_or_name: str) -> bool:
        """Tell whether there is a session of this id or name."""
        return self._find(id_or_name) is not None

    def get_scenario_manager(self, id_or_name: str) -> ScenarioManager:
        """Return the manager of a session. An id wins over an equal name.

        Raises:
            NotFoundError: There is no such session.
        """
        return self._known(id_or_name).manager

    def get_display_name(self, session_id: str) -> str:
        """Return the name of a session.

        Raises:
            NotFoundError: There is no session of this id.
        """
        session = self._sessions.get(session_id)
        if session is None:
            raise _unknown(session_id)
        return session.display_name

    def resolve_id_by_display_name(self, display_name: str) -> str | None:
        """Return the id of the session of this name, `None` when there is none."""
        return self._ids_by_name.get(display_name)

    def open_session(self, id_or_name: str) -> tuple[str, ScenarioManager]:
        """Return the id and the manager of a session. An id wins over an equal name.

        Raises:
            NotFoundError: There is no such session.
        """
        session = self._known(id_or_name)
        return session.id, session.manager

    @staticmethod
    def end_helpers() -> None:
        """End the process that reads large files, which all managers share; the next large file starts another."""
        WORKER.close()

    def resolve_id(self, id_or_name: str) -> str:
        """Return the id of a session. An id wins over an equal name.

        Raises:
            NotFoundError: There is no such session.
        """
        return self._known(id_or_name).id

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
        _check_name(display_name)
        with self._write:
            self._refuse_if_closed()
            self._refuse_if_taken(display_name)
            session = self._make(display_name)
            self._publish(session)
        return session.id

    def copy_session(self, source: str, display_name: str) -> str:
        """Create a session with the datasets and scenarios another one has now.

        Scenarios get new ids; results are kept, unfinished scenarios are `created` in the copy.

        Args:
            source: Id or name of the session to copy.
            display_name: The name of the copy.

        Returns:
            The id of the copy.

        Raises:
            NotFoundError: There is no such session.
            ValueError: The name is blank.
            PreconditionError: The name is taken.
        """
        _check_name(display_name)
        self._refuse_if_taken(display_name)
        datasets, records = self._known(source).manager.core.snapshot()
        if self._store.durable:
            # Encoding is work, and may be the user's code: it is done before the mutex is taken.
            datasets = [dataset for dataset in datasets if _is_readable(dataset)]
        copied = [self._copied(record) for record in records]
        with self._write:
            self._refuse_if_closed()
            self._known(source)
            self._refuse_if_taken(display_name)
            session = self._make(display_name, datasets, copied)
            self._publish(session)
        return session.id

    def rename_session(self, id_or_name: str, display_name: str) -> None:
        """Give a session another name; its id stays.

        Args:
            id_or_name: The session.
            display_name: Its new name; its own is allowed.

        Raises:
            NotFoundError: There is no such session.
            ValueError: The name is blank.
            PreconditionError: Another session has the name.
        """
        _check_name(display_name)
        with self._write:
            self._refuse_if_closed()
            session = self._known(id_or_name)
            if session.display_name == display_name:
                return
            self._refuse_if_taken(display_name)
            self._store.rename_session(session.id, display_name)
            with self._state:
                del self._ids_by_name[session.display_name]
                session.display_name = display_name
                self._ids_by_name[display_name] = session.id
                self._revision += 1

    def delete_session(self, id_or_name: str) -> None:
        """Delete a session with everything in it; its run, if there is one, is stopped.

        Deleting the last one leaves a fresh session named `main`, with the datasets that a new server starts with.

        Args:
            id_or_name: The session.

        Raises:
            NotFoundError: There is no such session.
        """
        self._known(id_or_name)
        # Reading files is work, and the user's code: it is done before the mutex is taken, but for a race.
        new_id = self._runtime.new_id()
        initial = self._initial(new_id) if len(self._sessions) == 1 else None
        with self._write:
            self._refuse_if_closed()
            session = self._known(id_or_name)
            successor = None
            if len(self._sessions) == 1:
                datasets = self._initial(new_id) if initial is None else initial
                successor = self._make(_FIRST_NAME, datasets, session_id=new_id)

            def forget() -> None:
                self._store.delete_session(session.id)
                with self._state:
                    del self._sessions[session.id]
                    del self._ids_by_name[session.display_name]
                    if successor is not None:
                        self._insert(successor)
                    self._choose_default()
                    self._revision += 1

            # The session's writers are locked out while it goes: none of them is told that something was kept.
            session.manager.core.retire(forget)

    def close(self) -> None:
        """Stop every run, refuse every further change and let go of the data folder; returns at once."""
        with self._write:
            if self._closed:
                return
            self._closed = True
            sessions = list(self._sessions.values())
        for session in sessions:
            with suppress(SessionGoneError):
                session.manager.core.retire()
        self._executor.shutdown()
        self._store.close()

    # ------------------------------------------------------------------ inside

    def _load(self) -> None:
        for stored in self._store.load():
            self._insert(self._restored(stored))
        if not self._sessions:
            session_id = self._runtime.new_id()
            self._insert(self._make(_FIRST_NAME, self._initial(session_id), session_id=session_id))
        self._choose_default()
        for session in self._sessions.values():
            session.manager.core.resume()

    def _restored(self, stored: StoredSession) -> _Session:
        manager = self._manager(stored.store)
        datasets: dict[str, Dataset] = {
            key: RawDataset(key, folder, stored.id, self._etl.prepare_etl)
            for key, folder in stored.raw_datasets.items()
        }
        # A dataset that was stored under the key of raw files has taken their place.
        datasets |= {dataset.key: dataset for dataset in stored.datasets}
        manager.core.restore([datasets[key] for key in sorted(datasets)], stored.scenarios)
        return _Session(stored.id, stored.display_name, manager)

    def _initial(self, session_id: str) -> list[Dataset]:
        """Return the datasets of a fresh first session."""
        path = self._config.initial_data_path
        folders = {} if path is None else raw_folders(Path(path))
        datasets: list[Dataset] = [
            RawDataset(key, folder, session_id, self._etl.prepare_etl) for key, folder in folders.items()
        ]
        return [dataset for dataset in datasets if _is_readable(dataset)] if self._store.durable else datasets

    def _make(
        self,
        display_name: str,
        datasets: Iterable[Dataset] = (),
        records: Iterable[ScenarioRecord] = (),
        session_id: str | None = None,
    ) -> _Session:
        """Make a session and store it, with everything in it; nobody knows it yet."""
        session_id = session_id or self._runtime.new_id()
        datasets, records = list(datasets), list(records)
        documents = {dataset.key: dataset.json for dataset in datasets} if self._store.durable else {}
        manager = self._manager(self._store.create_session(session_id, display_name, documents, records))
        manager.core.restore(datasets, records)
        return _Session(session_id, display_name, manager)

    def _manager(self, store: SessionStore) -> ScenarioManager:
        return ScenarioManager(
            self._config,
            catalog=self._catalog,
            executor=self._executor,
            runtime=self._runtime,
            store=store,
            durable=self._store.durable,
        )

    def _copied(self, record: ScenarioRecord) -> ScenarioRecord:
        unfinished = record.status in (ScenarioStatus.QUEUED, ScenarioStatus.PROCESSING)
        if not unfinished:
            return replace(record, id=self._runtime.new_id())
        return replace(
            record,
            id=self._runtime.new_id(),
            status=ScenarioStatus.CREATED,
            queue_position=None,
            started_at=None,
        )

    def _publish(self, session: _Session) -> None:
        with self._state:
            self._insert(session)
            self._revision += 1

    def _insert(self, session: _Session) -> None:
        self._sessions[session.id] = session
        self._ids_by_name[session.display_name] = session.id

    def _choose_default(self) -> None:
        if getattr(self, "_default", None) not in self._sessions:
            self._default = self._ids_by_name.get(_FIRST_NAME) or next(iter(self._sessions))

    def _find(self, id_or_name: str) -> _Session | None:
        session = self._sessions.get(id_or_name)
        if session is None:
            session_id = self._ids_by_name.get(id_or_name)
            session = None if session_id is None else self._sessions.get(session_id)
        return session

    def _known(self, id_or_name: str) -> _Session:
        session = self._find(id_or_name)
        if session is None:
            raise _unknown(id_or_name)
        return session

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise PreconditionError("The server is shutting down.")

    def _refuse_if_taken(self, display_name: str) -> None:
        if display_name in self._ids_by_name:
            raise PreconditionError(f"Another session is named '{display_name}' already.")


def _unknown(id_or_name: str) -> NotFoundError:
    return NotFoundError(f"Session '{id_or_name}' does not exist.")


def _check_name(display_name: str) -> None:
    if not isinstance(display_name, str) or not display_name.strip():
        raise ValueError("The name of a session must be a text that is not blank.")
    try:
        display_name.encode()
    except UnicodeEncodeError:
        raise ValueError("The name holds half of a surrogate pair, which is no character.") from None


def _is_readable(dataset: Dataset) -> bool:
    """Encode a dataset; tell whether that worked: raw files may turn out to be none."""
    try:
        _ = dataset.json
    except NotFoundError as error:
        _log.warning("A new session goes without a dataset: %s", error)
        return False
    return True


def _open_store(config: CoreConfig, runtime: Runtime) -> StateStore:
    if config.store_kind == "json":
        return DirectoryStore(Path(config.data_path), config.data_object_type, runtime)
    return MemoryStore()


def _make_executor(config: CoreConfig) -> RunExecutor:
    if config.executor == "processes":
        return ProcessExecutor(config.workers, config.cancel_grace, config.run_memory_limit, config.run_timeout)
    if config.executor == "dask":
        return DaskExecutor(
            config.dask_address or "", config.workers, config.cancel_grace, config.run_memory_limit, config.run_timeout
        )
    return ThreadExecutor(config.workers, config.run_timeout)
