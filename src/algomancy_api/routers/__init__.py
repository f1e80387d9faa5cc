"""The operations: each function answers one method of one path, and its docstring is its documentation.

The launcher, the document and the sandbox import from here; nothing else does. Begin with `sessions`; `operation` is
what a decorator makes of a function, and how a request reaches it.
"""

from __future__ import annotations

from algomancy_api.routers import data, scenarios, sessions
from algomancy_api.routers.operation import Operation, Operations

GROUPS: tuple[Operations, ...] = (
    sessions.operations,
    sessions.algorithms,
    sessions.kpis,
    scenarios.operations,
    data.operations,
    data.etl,
    sessions.events,
    sessions.meta,
)
"""All groups in the order in which they are documented."""

PREFIXED_OPERATIONS: tuple[Operation, ...] = tuple(
    operation for group in GROUPS if group is not sessions.meta for operation in group.all
)
"""The operations whose paths begin with the configured prefix."""
