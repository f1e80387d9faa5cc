"""A database is opened, migrated and refused in a sentence."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from algomancy_scenario import SessionManager
from algomancy_scenario.persistence.database.database import Database, Watch, _set_up_sqlite, watch
from algomancy_scenario.persistence.database.tables import metadata
from tests.algomancy_scenario.scenario_project import WAIT, config


def test_migrations_lead_to_the_tables(database_url: str) -> None:
    """What the migrations make is what the code reads and writes."""
    database = Database(database_url)
    try:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table": "algomancy_version"})
            assert compare_metadata(context, metadata) == []
    finally:
        database.close()


def _refusing(folder: Path, *codes: int) -> sqlite3.Connection:
    """A connection to a new file that refuses to set its mode, once for each code."""
    left = iter(codes)

    class Refusing(sqlite3.Connection):
        def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
            if "journal_mode" in sql and (code := next(left, None)) is not None:
                error = sqlite3.OperationalError("refused")
                error.sqlite_errorcode = code
                raise error
            return super().execute(sql, *arguments)

    return sqlite3.connect(folder / "state.db", factory=Refusing)


def test_file_that_is_locked_when_its_mode_is_set_is_tried_again(tmp_path: Path) -> None:
    """Servers that start at once on a new SQLite file are refused by it at times; that is over soon."""
    with closing(_refusing(tmp_path, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)) as connection:
        _set_up_sqlite(connection, None)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_file_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    """What waiting does not change is not tried again: a second try would succeed here."""
    with (
        closing(_refusing(tmp_path, sqlite3.SQLITE_READONLY)) as connection,
        pytest.raises(sqlite3.OperationalError, match="refused"),
    ):
        _set_up_sqlite(connection, None)


def test_watch_is_woken_by_what_other_servers_change(empty_postgres: str) -> None:
    """What a server has changed itself it knows: nothing is to be looked for."""

    def change(database: Database) -> None:
        connection, _ = database.begin()
        connection.commit()
        connection.close()

    def seconds_of(watching: Watch, timeout: float) -> float:
        begin = time.monotonic()
        watching.wait(timeout)
        return time.monotonic() - begin

    with (
        closing(Database(empty_postgres)) as own,
        closing(Database(empty_postgres)) as other,
        closing(watch(own)) as watching,
    ):
        watching.wait(0)  # From now on it hears.
        change(own)
        assert seconds_of(watching, 0.1) >= 0.1
        change(other)
        assert seconds_of(watching, WAIT) < WAIT


def test_newer_schema_is_refused(database_url: str) -> None:
    """A database of a version to come is not touched."""
    database = Database(database_url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE algomancy_version SET version_num = '9999'")
    database.close()
    with pytest.raises(ValueError, match="was made by a newer version, with the schema '9999'"):
        Database(database_url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "must be a URL such as"),
        ("mysql://localhost/x", "must be of SQLite or PostgreSQL"),
        ("sqlite://", "must name a file"),
        ("sqlite:////no/such/folder/state.db", "The database 'state.db' cannot be used: unable to open"),
        ("postgresql://user:secret@127.0.0.1:1/x", r"postgresql\+psycopg://user:\*\*\*@127.0.0.1:1/x' cannot be used"),
    ],
)
def test_database_that_cannot_be_opened_is_told(url: str, message: str) -> None:
    """In a sentence, without passwords."""
    with pytest.raises(ValueError, match=message) as raised:
        SessionManager.from_config(config(persistence_backend="database", database_url=url))
    assert "secret" not in str(raised.value)
    assert "/no/such" not in str(raised.value)


def test_missing_library_is_told_with_the_command(tmp_path: Path) -> None:
    """Without the extra the message says how to install it."""
    program = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from algomancy_scenario import SessionManager\n"
        "from tests.algomancy_scenario.scenario_project import config\n"
        "SessionManager.from_config(config(persistence_backend='database', data_path=sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert "ValueError: A database needs the library 'sqlalchemy': pip install 'algomancy-reference[database]'" in (
        done.stderr
    )


def test_folder_must_exist_for_the_default_database(tmp_path: Path) -> None:
    """Without a URL the file is in the data path."""
    with pytest.raises(ValueError, match="'data_path' must be a folder that exists"):
        config(persistence_backend="database", data_path=tmp_path / "none")
    sessions = SessionManager.from_config(config(persistence_backend="database", data_path=tmp_path))
    sessions.close()
    assert (tmp_path / "algomancy.db").is_file()
