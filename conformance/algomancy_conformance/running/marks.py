"""The mark that ties a test of the suite to the clauses it checks."""

from __future__ import annotations

import pytest

from ..clauses import all_clauses


def clause(
    *ids: str,
    operation: str = "",
    layer: str = "clauses",
    read_only: bool = False,
    whole_run: bool = False,
    starred: bool = False,
) -> pytest.MarkDecorator:
    """Declare the clauses a test checks, or a row of a parametrized one.

    Args:
        ids: The clauses; the test's outcome counts for each.
        operation: The operationId it is mostly about.
        layer: ``clauses``, ``fuzzing``, ``model`` or ``document``.
        read_only: Whether it sends GETs only.
        whole_run: Whether it judges what the other checks saw, and so comes last.
        starred: Whether it checks what is MUST* within a clause that is a MUST: for others a warning.

    Raises:
        KeyError: An id is no clause of the contract.
    """
    known = tuple(all_clauses()[i].id for i in ids)
    return pytest.mark.clause(
        ids=known, operation=operation, layer=layer, read_only=read_only, whole_run=whole_run, starred=starred
    )
