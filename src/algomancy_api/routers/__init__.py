"""The operations: each function answers one method of one path, and its docstring is its documentation.

The launcher and the document import from here; nothing else does. Begin with `sessions`, the shortest group.
"""

from __future__ import annotations

from algomancy_api.document.operation import Operation, Operations
from algomancy_api.routers import catalog, data, etl, events, scenarios, sessions

GROUPS: tuple[Operations, ...] = (
    sessions.operations,
    catalog.algorithms,
    catalog.kpis,
    scenarios.operations,
    data.operations,
    etl.operations,
    events.operations,
    sessions.meta,
)
"""All groups in the order in which they are documented."""

PREFIXED_OPERATIONS: tuple[Operation, ...] = tuple(
    operation for group in GROUPS if group is not sessions.meta for operation in group.all
)
"""The operations whose paths begin with the configured prefix."""
