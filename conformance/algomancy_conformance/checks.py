"""The decorator that ties a test of the suite to the clauses it checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from .anything import Argument
from .clauses import all_clauses

Test = TypeVar("Test", bound=Callable[..., Any])


def clause_mark(
    *ids: str, operation: str = "", layer: str = "clauses", read_only: bool = False, whole_run: bool = False
) -> pytest.MarkDecorator:
    """The mark behind :func:`clause`, for the rows of a parametrized test.

    Raises:
        KeyError: An id is no clause of the contract.
    """
    known = tuple(all_clauses()[i].id for i in ids)
    return pytest.mark.clause(ids=known, operation=operation, layer=layer, read_only=read_only, whole_run=whole_run)


def clause(*ids: str, **more: Argument) -> Callable[[Test], Test]:
    """Declare the clauses a test checks.

    Args:
        ids: The clauses; the test's outcome counts for each.
        more: ``operation``, the operationId it is mostly about; ``layer``, which is ``clauses``, ``fuzzing``, ``model``
            or ``document``; ``read_only``, when it sends GETs only; ``whole_run``, when it judges what the others saw.

    Raises:
        KeyError: An id is no clause of the contract.
    """
    decorator = clause_mark(*ids, **more)

    def mark(test: Test) -> Test:
        marked: Test = decorator(test)
        return marked

    return mark
