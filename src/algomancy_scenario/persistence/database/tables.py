"""The tables, as the newest migration leaves them, and what others have changed in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    Select,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    select,
    text,
)

from algomancy_scenario.persistence.scenario_record import MEMBERS, ScenarioRecord, ScenarioStatus

_INDEXED = [name for name in MEMBERS if name != "result"]


class Instant(TypeDecorator[datetime]):
    """A moment, in UTC whatever the database thinks of time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return what is given to the database."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Return what came from it."""
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class AnyText(TypeDecorator[str]):
    """Text of users, which may hold what PostgreSQL refuses in text: NUL, and halves of surrogate pairs."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Return what is given to the database."""
        return None if value is None else value.encode("utf-8", "surrogatepass")

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return what came from it."""
        return None if value is None else value.decode("utf-8", "surrogatepass")


class Status(TypeDecorator[ScenarioStatus]):
    """Where a scenario stands, by its name in the API."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: ScenarioStatus | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return what is given to the database."""
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> ScenarioStatus | None:  # noqa: ARG002
        """Return what came from it."""
        return None if value is None else ScenarioStatus(value)


metadata = MetaData()

state = Table(
    "algomancy_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", BigInteger, nullable=False),  # of the last change
    Column("horizon", BigInteger, nullable=False),  # up to which what was removed is no longer known
)
"""One row: how many changes there were."""

sessions = Table(
    "algomancy_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("display_name", Text, nullable=False, unique=True),
    Column("position", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False, index=True),
)

datasets = Table(
    "algomancy_datasets",
    metadata,
    Column("session_id", Text, ForeignKey(sessions.c.id, ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False, index=True),
    Column("dataset_id", AnyText, nullable=False),
    Column("ds_type", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),  # JSON as it was sent: bytes, for JSON types change numbers
    PrimaryKeyConstraint("session_id", "key"),
)

scenarios = Table(
    "algomancy_scenarios",
    metadata,
    Column("id", Text, primary_key=True),
    Column("session_id", Text, ForeignKey(sessions.c.id, ondelete="CASCADE"), nullable=False),
    Column("tag", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False, index=True),
    Column("queue_position", BigInteger),
    Column("status", Status, nullable=False),
    Column("progress", Double, nullable=False),
    Column("server", Text),  # which runs it
    Column("beat", BigInteger, nullable=False),  # grows as long as that one lives
    Column("input_data_key", Text, nullable=False),
    Column("input_data_id", AnyText, nullable=False),
    Column("algo_name", Text, nullable=False),
    Column("algo_params", LargeBinary, nullable=False),
    Column("data_params", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("error", AnyText),
    Column("kpis", LargeBinary),
    Column("result", LargeBinary),  # last, so that whatever else is read passes it by
    UniqueConstraint("session_id", "tag"),
    ForeignKeyConstraint(["session_id", "input_data_key"], [datasets.c.session_id, datasets.c.key]),
    # At most one run of a session (contract SCN-16).
    Index(
        "algomancy_one_run",
        "session_id",
        unique=True,
        sqlite_where=text("status = 'processing'"),
        postgresql_where=text("status = 'processing'"),
    ),
    Index("algomancy_data_used", "session_id", "input_data_key"),
)

removed = Table(
    "algomancy_removed",
    metadata,
    Column("revision", BigInteger, nullable=False, index=True),
    Column("session_id", Text, nullable=False),
    Column("kind", Text, nullable=False),  # session, dataset or scenario
    Column("name", Text, nullable=False),
)
"""What was deleted, for servers that have not heard of it."""


@dataclass
class StoredDatasetRow:
    """What the index knows of a dataset."""

    key: str
    id: str
    ds_type: str


@dataclass
class SessionChanges:
    """What changed in one session.

    Attributes:
        display_name: Its name, if that is new or the session is.
        removed: Whether it is gone.
        removed_scenarios: The ids of scenarios that are gone.
        removed_datasets: The keys of datasets that are gone, though there may be new ones of these keys.
        datasets: New datasets, and those put in place of others.
        scenarios: New scenarios and changed ones, without their results, in order of creation; those that a server
            runs stand as `processing`.
        servers: Which server runs which scenario, of those.
    """

    display_name: str | None = None
    removed: bool = False
    removed_scenarios: list[str] = field(default_factory=list)
    removed_datasets: list[str] = field(default_factory=list)
    datasets: list[StoredDatasetRow] = field(default_factory=list)
    scenarios: list[ScenarioRecord] = field(default_factory=list)
    servers: dict[str, str] = field(default_factory=dict)


@dataclass
class Changes:
    """What changed since a revision.

    Attributes:
        everything: Whether this is all there is: what is not mentioned is gone.
        sessions: What changed in each session, by its id, in order of their creation.
    """

    everything: bool
    sessions: dict[str, SessionChanges]


def read_changes(connection: Connection, since: int) -> Changes:
    """Return what was changed after a revision.

    Args:
        connection: A connection that sees everything as it is at one moment.
        since: The revision; 0 for everything there is.
    """
    everything = since == 0 or since < connection.execute(select(state.c.horizon)).scalar_one()
    found: dict[str, SessionChanges] = defaultdict(SessionChanges)

    def rows(query: Select[Any], column: Any) -> Iterable[Row[Any]]:  # noqa: ANN401 - a column of any type
        if not everything:
            return connection.execute(query.where(column > since)).all()
        # All there is comes as it lies there, and not by the index of changes; some rows at a time, for they are many.
        return connection.execute(query, execution_options={"yield_per": 1_000})

    for row in rows(select(sessions.c.id, sessions.c.display_name).order_by(sessions.c.position), sessions.c.revision):
        found[row.id].display_name = row.display_name
    if not everything:
        for row in rows(select(removed), removed.c.revision):
            changed = found[row.session_id]
            if row.kind == "session":
                changed.removed = True
            else:
                (changed.removed_scenarios if row.kind == "scenario" else changed.removed_datasets).append(row.name)
    known = select(datasets.c.session_id, datasets.c.key, datasets.c.dataset_id, datasets.c.ds_type)
    for row in rows(known.order_by(datasets.c.position), datasets.c.revision):
        found[row.session_id].datasets.append(StoredDatasetRow(row.key, row.dataset_id, row.ds_type))
    columns = [scenarios.c[name] for name in (*_INDEXED, "session_id", "server")]
    for row in rows(select(*columns), scenarios.c.revision):
        changed, server = found[row.session_id], row.server
        record = ScenarioRecord(**dict(zip(_INDEXED, row, strict=False)))
        changed.scenarios.append(record)
        if server is not None:
            changed.servers[record.id] = server
    for changed in found.values():
        # Sorted here: a database would put whole rows in order, and has no index for that.
        changed.scenarios.sort(key=lambda record: record.sequence)
    return Changes(everything, dict(found))
