"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
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
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

from algomancy_scenario.persistence.scenario_record import ScenarioStatus


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
