"""Waits until somebody has changed a database."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Protocol

from algomancy_scenario.persistence.database.database import CHANNEL, Database

_LOOK_SECONDS = 0.03
"""How often a SQLite file is looked at; that costs some microseconds and reads no disk."""


class Watch(Protocol):
    """Somebody who watches a database."""

    def wait(self, timeout: float) -> None:
        """Return as soon as something may have changed, and after so many seconds in any case."""

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
            for _ in self._connection.notifies(timeout=timeout, stop_after=1):
                pass
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
