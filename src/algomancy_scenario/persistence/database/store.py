"""The sessions in a database, as the managers store them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Insert, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from algomancy_data import BaseDataSource, DataClassification, Dataset
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.database.database import Database, answering
from algomancy_scenario.persistence.database.tables import (
    Changes,
    StoredDatasetRow,
    datasets,
    read_changes,
    removed,
    scenarios,
    sessions,
    state,
)
from algomancy_scenario.persistence.datasets import StoredDataset
from algomancy_scenario.persistence.port import NewSession, StoredSession
from algomancy_scenario.persistence.scenario_record import MEMBERS, ScenarioRecord, ScenarioStatus
from algomancy_utils import NotFoundError, PreconditionError

_REMEMBERED = 10_000
"""For how many changes it is known what was removed."""


class DatabaseStore:
    """Keeps sessions in a database that other servers use, too.

    Args:
        database: The database.
        data_object_type: The class of the datasets.
        cache: Where what was read stays for a while.

    Attributes:
        on_change: Called with what others have changed, by whoever catches up.
        keep_dataset: Inserts a dataset, or changes one.
        keep_scenario: Inserts a scenario, or changes one.
    """

    durable = True
    shared = True

    def __init__(self, database: Database, data_object_type: type[BaseDataSource], cache: Cache) -> None:
        self.database = database
        self.on_change: Callable[[Changes], None] | None = None
        self.cache = cache
        self.keep_dataset = _upsert(database, datasets, "position")
        self.keep_scenario = _upsert(database, scenarios, "session_id")
        self._data_object_type = data_object_type
        self._lock = threading.RLock()
        self._depth = 0
        self._connection: Connection | None = None
        self._seen = 0
        self._revision = 0  # of the change that the guard was entered for
        self._written = False
        self._closed = False

    # ------------------------------------------------------------------ one change at a time, over all servers

    @property
    def guard(self) -> DatabaseStore:
        """The store itself: while it is entered no server changes anything else, and memory is what the database is."""
        return self

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1
        if self._depth > 1 or self._closed:
            return
        try:
            with answering():
                self._connection, self._revision = self.database.begin()
                if self._revision != self._seen + 1:
                    self._take_in(self._connection, self._revision - 1)
        except BaseException:
            self._leave()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._depth == 1 and self._written and kind is None:
            # Only now is memory what the database is: the change was published meanwhile.
            self._seen = self._revision
        self._leave()

    def catch_up(self) -> None:
        """Refresh memory, if other servers have changed the database.

        Whatever any server acknowledged before this is called is seen afterwards (contract GEN-9).
        """
        if self._closed or self.database.revision() == self._seen:
            return
        with self._lock, self.database.reading() as connection:
            self._take_in(connection, connection.execute(select(state.c.revision)).scalar_one())

    # ------------------------------------------------------------------ the store of all sessions

    def load(self) -> list[StoredSession]:
        """Return the sessions as they are now; a server hears of them as of any other change."""
        with self.database.reading() as connection:
            changes = read_changes(connection, 0)
        return [
            StoredSession(
                session_id,
                found.display_name or "",
                self.session(session_id),
                [self.dataset(session_id, row) for row in found.datasets],
                scenarios=found.scenarios,
            )
            for session_id, found in changes.sessions.items()
        ]

    def create_session(self, new: NewSession) -> StoredSession:
        """Keep a new session."""
        with self.writing() as (connection, revision):
            self._insert(connection, revision, new)
        return self._stored(new)

    def rename_session(self, session_id: str, display_name: str) -> None:
        """Keep a session's new name."""
        with self.writing() as (connection, revision):
            connection.execute(
                update(sessions).where(sessions.c.id == session_id).values(display_name=display_name, revision=revision)
            )

    def delete_session(self, session_id: str, successor: NewSession | None = None) -> StoredSession | None:
        """Forget a session."""
        with self.writing() as (connection, revision):
            for table in (scenarios, datasets):
                connection.execute(delete(table).where(table.c.session_id == session_id))
            connection.execute(delete(sessions).where(sessions.c.id == session_id))
            connection.execute(_removal(revision, session_id, "session"))
            if successor is not None:
                self._insert(connection, revision, successor)
        return None if successor is None else self._stored(successor)

    def close(self) -> None:
        """Close the database; what is changed afterwards changes memory alone."""
        with self._lock:
            self._closed = True
        self.database.close()

    # ------------------------------------------------------------------ for the sessions in it

    @contextmanager
    def writing(self) -> Any:  # noqa: ANN401 - an iterator
        """Give the connection of the guard that is entered, and the revision to write; at the end all is safe."""
        connection = self._connection
        if self._closed:
            raise PreconditionError("The server is shutting down.")
        if connection is None or self._written:
            raise RuntimeError("A change of the database needs its guard, and there is one change to each.")
        revision = self._revision
        try:
            with answering():
                yield connection, revision
                if revision % (_REMEMBERED // 10) == 0:
                    connection.execute(delete(removed).where(removed.c.revision <= revision - _REMEMBERED))
                    connection.execute(update(state).values(horizon=max(0, revision - _REMEMBERED)))
                connection.commit()
        except BaseException:
            self._connection = None
            connection.close()
            raise
        self._written = True

    def sign_of(self, scenario_id: str) -> tuple[str | None, int] | None:
        """Return which server runs a scenario and how often it has told so; with the guard entered."""
        if self._connection is None:
            return None
        query = select(scenarios.c.server, scenarios.c.beat).where(scenarios.c.id == scenario_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else (row.server, row.beat)

    def session(self, session_id: str) -> DatabaseSession:
        """Return the part of a session."""
        return DatabaseSession(self, session_id)

    def dataset(self, session_id: str, row: StoredDatasetRow, json: bytes | None = None) -> Dataset:
        """Return a dataset that is kept, to be read when asked for; its JSON, where it is at hand."""
        key = row.key
        return StoredDataset(
            key,
            row.id,
            DataClassification(row.ds_type),
            self._data_object_type,
            self.cache,
            lambda: self._read_dataset(session_id, key),
            json,
        )

    def _take_in(self, connection: Connection, revision: int) -> None:
        """Take in what others have changed up to a revision, which is all that the connection sees."""
        if revision != self._seen and self.on_change is not None:
            self.on_change(read_changes(connection, self._seen))
            self._seen = revision

    def _leave(self) -> None:
        self._depth -= 1
        connection = None
        if self._depth == 0:
            connection, self._connection = self._connection, None
            self._written = False
        try:
            # Of a connection that was cut nothing is left to be closed, and what was written is committed.
            with suppress(DBAPIError):
                if connection is not None:
                    connection.close()
        finally:
            self._lock.release()

    def _insert(self, connection: Connection, revision: int, new: NewSession) -> None:
        connection.execute(
            insert(sessions).values(id=new.id, display_name=new.display_name, position=revision, revision=revision)
        )
        for number, dataset in enumerate(new.datasets):
            connection.execute(insert(datasets), _dataset_values(new.id, dataset, revision, number))
        for record in new.scenarios:
            connection.execute(insert(scenarios), _scenario_values(new.id, record, revision))

    def _stored(self, new: NewSession) -> StoredSession:
        kept = [self.dataset(new.id, _row(dataset), dataset.json) for dataset in new.datasets]
        return StoredSession(new.id, new.display_name, self.session(new.id), kept, scenarios=new.scenarios)

    def _read_dataset(self, session_id: str, key: str) -> bytes:
        query = select(datasets.c.document).where(datasets.c.session_id == session_id, datasets.c.key == key)
        with self.database.reading() as connection:
            document: bytes | None = connection.execute(query).scalar()
        if document is None:
            raise NotFoundError(f"Dataset '{key}' does not exist any more.")
        return document


class DatabaseSession:
    """The part of one session.

    Args:
        store: The store of all.
        session_id: The session.
    """

    durable = True
    shared = True
    folder: Path | None = None

    def __init__(self, store: DatabaseStore, session_id: str) -> None:
        self.store = store
        self.cache = store.cache
        self._id = session_id

    @property
    def guard(self) -> DatabaseStore:
        """That of the store."""
        return self.store

    def save_dataset(self, dataset: Dataset) -> Dataset:
        """Keep a dataset."""
        with self.store.writing() as (connection, revision):
            connection.execute(self.store.keep_dataset, _dataset_values(self._id, dataset, revision))
        return self.store.dataset(self._id, _row(dataset), dataset.json)

    def delete_dataset(self, key: str) -> None:
        """Forget a dataset."""
        with self.store.writing() as (connection, revision):
            connection.execute(delete(datasets).where(datasets.c.session_id == self._id, datasets.c.key == key))
            connection.execute(_removal(revision, self._id, "dataset", key))

    def save_scenario(self, record: ScenarioRecord) -> None:
        """Keep a scenario; one that was being run no longer is."""
        with self.store.writing() as (connection, revision):
            connection.execute(self.store.keep_scenario, _scenario_values(self._id, record, revision))

    def delete_scenario(self, scenario_id: str) -> None:
        """Forget a scenario."""
        with self.store.writing() as (connection, revision):
            connection.execute(delete(scenarios).where(scenarios.c.id == scenario_id))
            connection.execute(_removal(revision, self._id, "scenario", scenario_id))

    def read_result(self, scenario_id: str) -> bytes:
        """Return the result of a scenario."""
        with self.store.database.reading() as connection:
            query = select(scenarios.c.result).where(scenarios.c.id == scenario_id)
            result: bytes | None = connection.execute(query).scalar()
        if result is None:
            raise NotFoundError(f"The result of scenario '{scenario_id}' does not exist any more.")
        return result

    def begin_run(self, scenario_id: str, started_at: datetime) -> None:
        """Note that this server runs a scenario."""
        self._change(
            scenario_id,
            status=ScenarioStatus.PROCESSING,
            started_at=started_at,
            progress=0.0,
            server=self.store.database.server,
            beat=scenarios.c.beat + 1,
        )

    def save_progress(self, scenario_id: str, progress: float) -> None:
        """Keep how far a run is."""
        self._change(scenario_id, progress=progress, beat=scenarios.c.beat + 1)

    def _change(self, scenario_id: str, **values: Any) -> None:  # noqa: ANN401 - of any column
        with self.store.writing() as (connection, revision):
            connection.execute(
                update(scenarios).where(scenarios.c.id == scenario_id).values(revision=revision, **values)
            )


def _row(dataset: Dataset) -> StoredDatasetRow:
    return StoredDatasetRow(dataset.key, dataset.id, dataset.ds_type.value)


def _upsert(database: Database, table: Table, *kept: str) -> Insert:
    """Return what inserts a row, or changes the one of that primary key but for some columns."""
    statement: Any = (sqlite if database.is_sqlite else postgresql).insert(table)
    changed = [column.name for column in table.c if not column.primary_key and column.name not in kept]
    upsert: Insert = statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={name: statement.excluded[name] for name in changed}
    )
    return upsert


def _dataset_values(session_id: str, dataset: Dataset, revision: int, number: int = 0) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "key": dataset.key,
        "position": revision << 20 | number,
        "revision": revision,
        "dataset_id": dataset.id,
        "ds_type": dataset.ds_type.value,
        "document": dataset.json,
    }


def _removal(revision: int, session_id: str, kind: str, name: str = "") -> Insert:
    return insert(removed).values(revision=revision, session_id=session_id, kind=kind, name=name)


def _scenario_values(session_id: str, record: ScenarioRecord, revision: int) -> dict[str, Any]:
    """Return the columns of a scenario that is not being run."""
    values = {name: getattr(record, name) for name in MEMBERS}
    return values | {"session_id": session_id, "revision": revision, "server": None, "beat": 0}
