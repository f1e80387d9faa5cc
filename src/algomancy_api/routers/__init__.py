"""The operations, one module per group."""

from __future__ import annotations

from algomancy_api.operation import Operation, Operations
from algomancy_api.routers import algorithms, data, etl, kpis, meta, scenarios, sessions

GROUPS: tuple[Operations, ...] = (
    sessions.operations,
    algorithms.operations,
    kpis.operations,
    scenarios.operations,
    data.operations,
    etl.operations,
    meta.operations,
)
"""All groups in the order in which they are documented."""

PREFIXED_OPERATIONS: tuple[Operation, ...] = tuple(
    operation for group in GROUPS if group is not meta.operations for operation in group.all
)
"""The operations whose paths begin with the configured prefix."""
