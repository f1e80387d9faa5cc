"""The exceptions whose message is for the caller."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from algomancy_utils import NotFoundError, ParameterError, PreconditionError, TooLargeError


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (NotFoundError, LookupError),
        (PreconditionError, AssertionError),
        (TooLargeError, ValueError),
        (ParameterError, Exception),
    ],
)
def test_error_carries_message(kind: Any, parent: type[Exception]) -> None:
    """An error is of its family, says exactly its message, and survives the way between processes."""
    error = kind("Dataset 'x' is in use.")
    assert issubclass(kind, parent)
    assert error.message == str(error) == "Dataset 'x' is in use."
    assert pickle.loads(pickle.dumps(error)).message == error.message


@pytest.mark.parametrize("kind", [NotFoundError, PreconditionError, ParameterError])
def test_error_is_no_value_error(kind: type[Exception]) -> None:
    """Families with statuses of their own do not count as generic bad input."""
    assert not issubclass(kind, ValueError)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ([], "there are: none."),
        (["Slow"], "there are: 'Slow'."),
        ([f"a{n}" for n in range(12)], "'a8', 'a9' and 2 more."),
    ],
    ids=["none", "one", "many"],
)
def test_unknown_name_is_told_with_those_there_are(known: list[str], told: str) -> None:
    """Whoever misspelt a name sees what to choose from, and never a long list."""
    error = NotFoundError.among("Algorithm", "Slo", known)
    assert str(error).startswith("Algorithm 'Slo' does not exist; there are: ")
    assert str(error).endswith(told)
