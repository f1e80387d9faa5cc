"""The tables of version 1.1."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, and the one row that counts the changes."""
    state = op.create_table(
        "algomancy_state",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("horizon", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "revision": 0, "horizon": 0}])
    op.create_table(
        "algomancy_sessions",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("display_name", sa.Text(), nullable=False, unique=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False, index=True),
    )
    op.create_table(
        "algomancy_datasets",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False, index=True),
        sa.Column("dataset_id", sa.LargeBinary(), nullable=False),
        sa.Column("ds_type", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["algomancy_sessions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", "key"),
    )
    op.create_table(
        "algomancy_scenarios",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False, index=True),
        sa.Column("queue_position", sa.BigInteger()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("server", sa.Text()),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.Column("input_data_key", sa.Text(), nullable=False),
        sa.Column("input_data_id", sa.LargeBinary(), nullable=False),
        sa.Column("algo_name", sa.Text(), nullable=False),
        sa.Column("algo_params", sa.LargeBinary(), nullable=False),
        sa.Column("data_params", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.LargeBinary()),
        sa.Column("kpis", sa.LargeBinary()),
        sa.Column("result", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["session_id"], ["algomancy_sessions.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["session_id", "input_data_key"], ["algomancy_datasets.session_id", "algomancy_datasets.key"]
        ),
        sa.UniqueConstraint("session_id", "tag"),
    )
    processing = sa.text("status = 'processing'")
    op.create_index(
        "algomancy_one_run",
        "algomancy_scenarios",
        ["session_id"],
        unique=True,
        sqlite_where=processing,
        postgresql_where=processing,
    )
    op.create_index("algomancy_data_used", "algomancy_scenarios", ["session_id", "input_data_key"])
    op.create_table(
        "algomancy_removed",
        sa.Column("revision", sa.BigInteger(), nullable=False, index=True),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
    )
