"""What others have changed in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from algomancy_scenario.persistence.database.tables import datasets, removed, scenarios, sessions, state
from algomancy_scenario.persistence.scenario_record import ScenarioRecord, ScenarioStatus

_INDEXED = [column for column in scenarios.c if column.name not in ("result", "revision", "beat")]


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
        revision: What they lead to.
        everything: Whether this is all there is: what is not mentioned is gone.
        sessions: What changed in each session, by its id, in order of their creation.
    """

    revision: int
    everything: bool
    sessions: dict[str, SessionChanges]


def read_changes(connection: Connection, since: int) -> Changes:
    """Return what was changed after a revision.

    Args:
        connection: A connection that sees everything as it is at one moment.
        since: The revision; 0 for everything there is.
    """
    revision, horizon = connection.execute(select(state.c.revision, state.c.horizon)).one()
    everything = since < horizon or since == 0
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
    for row in rows(select(*_INDEXED).order_by(scenarios.c.sequence), scenarios.c.revision):
        changed = found[row.session_id]
        changed.scenarios.append(_record_of(row))
        if row.server is not None:
            changed.servers[row.id] = row.server
    return Changes(revision, everything, dict(found))


def _record_of(row: Row[Any]) -> ScenarioRecord:
    """Return the scenario of a row, without its result."""
    return ScenarioRecord(
        id=row.id,
        tag=row.tag,
        sequence=row.sequence,
        queue_position=row.queue_position,
        status=ScenarioStatus(row.status),
        input_data_key=row.input_data_key,
        input_data_id=row.input_data_id,
        algo_name=row.algo_name,
        algo_params=row.algo_params,
        data_params=row.data_params,
        created_at=row.created_at,
        progress=row.progress,
        started_at=row.started_at,
        finished_at=row.finished_at,
        error=row.error,
        kpis=row.kpis,
    )
