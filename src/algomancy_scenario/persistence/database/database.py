"""A database, opened: driver, settings, schema, the two kinds of transactions, and how to wait for changes."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)

from algomancy_scenario.persistence.database.tables import state
from algomancy_utils import PreconditionError
from algomancy_utils.errors import UnavailableError
from algomancy_utils.runtime import random_id

T = TypeVar("T")

BUSY_SECONDS = 20
"""How long to wait for others who write to the same SQLite file."""

CHANNEL = "algomancy"
"""Where PostgreSQL tells of changes."""

_COUNT = f"UPDATE {state.name} SET revision = revision + 1"
_LOOK_SECONDS = 0.03
"""How often a SQLite file is looked at; that costs some microseconds and reads no disk."""

_MIGRATING = 0x416C676F  # the number of PostgreSQL's lock around migrations
_SQLITE = ("PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL")
_log = logging.getLogger(__name__)


class Database:
    """A database whose schema is this version's.

    Args:
        url: Where it is, `sqlite:///…` or `postgresql://…`.

    Attributes:
        server: The id of this server, which tells its changes and runs from those of others.

    Raises:
        ValueError: It cannot be opened; the message says what to do.
    """

    def __init__(self, url: str) -> None:
        self.server = random_id()
        self._closed = False
        self.engine = _engine_of(url)
        event.listen(self.engine, "checkin", self._drop_when_closed)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        try:
            self._migrate()
        except SQLAlchemyError as error:
            self.engine.dispose()
            raise ValueError(f"The database {self.name} cannot be used: {reason_of(error)}") from error
        except BaseException:
            self.engine.dispose()
            raise
        # Where a transaction takes messages of its own, one question needs none.
        self._single = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def name(self) -> str:
        """What to call it to a person: where it is, without a password and without a path."""
        url = self.engine.url
        return f"'{Path(url.database or '').name if self.is_sqlite else url.render_as_string(hide_password=True)}'"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees everything as it is at one moment."""
        self._refuse_if_closed()
        with answering(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def revision(self) -> int:
        """Return how many changes there were; the cheapest question there is."""
        self._refuse_if_closed()

        def ask() -> int:
            with self._single.connect() as connection:
                return _revision(connection)

        with answering():
            return _again_if_cut(ask)

    def begin(self) -> tuple[Connection, int]:
        """Begin to change something: nobody else can, from now until the connection is closed.

        Returns:
            The connection, and the number of the change; all servers hear of it when it is committed.
        """
        self._refuse_if_closed()

        def begin() -> tuple[Connection, int]:
            connection = self.engine.connect().execution_options(algomancy_writes=True)
            try:
                connection.begin()
                if self.is_sqlite:
                    connection.exec_driver_sql(_COUNT)
                    return connection, _revision(connection)
                counted = connection.exec_driver_sql(
                    f"{_COUNT} RETURNING revision, pg_notify('{CHANNEL}', '{self.server}')"
                )
                return connection, int(counted.one()[0])
            except BaseException:
                connection.close()
                raise

        with answering():
            return _again_if_cut(begin)

    def close(self) -> None:
        """Close all connections; those in use as soon as they no longer are."""
        self._closed = True
        self.engine.dispose()

    def _drop_when_closed(self, _connection: Any, record: Any) -> None:  # noqa: ANN401 - the pool's own
        if self._closed:
            record.invalidate()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise PreconditionError("The server is shutting down.")

    def _migrate(self) -> None:
        """Bring the schema to this version's, one server at a time."""
        known = sorted(path.name[:4] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
        with self.engine.connect().execution_options(algomancy_writes=True) as connection, connection.begin():
            if not self.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            found = None
            if inspect(connection).has_table(_VERSIONS):
                found = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSIONS}").scalar()
            if found == known[-1]:
                return
            if found is not None and found not in known:
                raise ValueError(
                    f"The database {self.name} was made by a newer version, with the schema '{found}': "
                    "install that version of algomancy-reference, or use another database."
                )
            # Imported here: most starts need it no more.
            from alembic import command
            from alembic.config import Config

            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


@contextmanager
def answering() -> Iterator[None]:
    """Say it in the words of the caller when the database does not answer, or others keep it busy for too long."""
    try:
        yield
    except (OperationalError, InterfaceError, TimeoutError) as error:
        raise UnavailableError("The server's database does not answer at the moment: try again in a while.") from error


def reason_of(error: BaseException) -> str:
    """Return what the driver says of an error, in a line."""
    cause = error.__cause__ or error
    return str(getattr(cause, "orig", cause)).strip().partition("\n")[0]


_MIGRATIONS = Path(__file__).parent / "migrations"

_VERSIONS = "algomancy_version"
"""Where Alembic notes the schema there is; see `migrations/env.py`."""


def _revision(connection: Connection) -> int:
    return int(connection.exec_driver_sql(f"SELECT revision FROM {state.name}").scalar_one())


def _again_if_cut(ask: Callable[[], T]) -> T:
    """Ask once more when the connection was cut while it was idle: the pool knows that now."""
    try:
        return ask()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return ask()


def _engine_of(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise ValueError(
                f"Field 'database_url' must be of SQLite or PostgreSQL, such as 'sqlite:///state.db' or "
                f"'postgresql://user@host/name', got '{parsed.get_backend_name()}'."
            )
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed, pool_size=10, max_overflow=20)
        if parsed.database in (None, "", ":memory:"):
            raise ValueError("Field 'database_url' must name a file: a database in memory is gone with its connection.")
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
    except ModuleNotFoundError as error:
        raise ValueError(
            f"The driver '{error.name}' is missing: pip install 'algomancy-reference[database]'."
        ) from error
    except (ArgumentError, NoSuchModuleError):
        raise ValueError(
            "Field 'database_url' must be a URL such as 'sqlite:///state.db' or 'postgresql://user@host/name'."
        ) from None
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own
    connection.isolation_level = None  # Python's own idea of when a transaction begins is in the way.
    for pragma in _SQLITE:
        connection.execute(pragma)
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        # Where servers start at once on a new file, SQLite refuses some of them without waiting.
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_SECONDS)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("algomancy_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Watch(Protocol):
    """Somebody who watches a database."""

    def wait(self, timeout: float) -> None:
        """Return as soon as another server may have changed something, and after so many seconds in any case."""

    def close(self) -> None:
        """Watch no more."""


def watch(database: Database) -> Watch:
    """Return who watches a database, by the means it has."""
    return _SqliteWatch(database) if database.is_sqlite else _PostgresWatch(database)


class _SqliteWatch:
    """Asks SQLite whether another connection has changed the file."""

    def __init__(self, database: Database) -> None:
        self._connection = _own_connection(database)
        self._version = self._look()

    def wait(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while (version := self._look()) == self._version and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        self._version = version

    def close(self) -> None:
        self._connection.close()

    def _look(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


class _PostgresWatch:
    """Has PostgreSQL tell, over a connection of its own, which is made anew when it breaks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Any = None

    def wait(self, timeout: float) -> None:
        if self._connection is None:
            self._connection = _own_connection(self._database)
            self._connection.autocommit = True
            self._connection.execute(f"LISTEN {CHANNEL}")
            return  # What was told before nobody has heard.
        try:
            with closing(self._connection.notifies(timeout=timeout)) as told:
                # What this server changed itself it knows.
                next((each for each in told if each.payload != self._database.server), None)
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        with suppress(Exception):
            if self._connection is not None:
                self._connection.close()
        self._connection = None


def _own_connection(database: Database) -> Any:  # noqa: ANN401 - the driver's own
    """Return a connection that does not go back to the pool."""
    pooled = database.engine.raw_connection()
    connection = pooled.driver_connection
    pooled.detach()
    return connection
