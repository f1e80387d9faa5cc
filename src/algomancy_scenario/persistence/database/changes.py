"""What others have changed in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from algomancy_scenario.persistence.database.tables import datasets, removed, scenarios, sessions, state
from algomancy_scenario.persistence.scenario_record import MEMBERS, ScenarioRecord

_INDEXED = [name for name in MEMBERS if name != "result"]


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
