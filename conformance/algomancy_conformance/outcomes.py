"""What can become of a check, and the exceptions with which a check says so.

::

    AssertionError
    └── Broken          the target breaks the named clauses            → FAIL
    Exception
    ├── Untried         the check could not be made here               → untested
    ├── NotOffered      an optional capability is not there            → not offered
    └── KitError        the kit or the network broke, not the target   → ERROR
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .messages import Exchange


class Outcome(StrEnum):
    """What became of a check or a clause."""

    PASSED = "passed"
    FAILED = "FAIL"
    ERROR = "ERROR"
    UNTESTED = "untested"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a target, the same wherever it shows.

    Attributes:
        key: What makes it one fault: its kind first, then what it is about.
        sentence: It in words, without ids or values.
    """

    key: tuple[str, ...]
    sentence: str


class Broken(AssertionError):
    """The target breaks a clause.

    Args:
        message: What was seen, in detail.
        clauses: The clauses that are hurt; empty means those of the check.
        fault: The fault behind it, where it is known; else the check alone tells what it is.
        shown: The exchanges that show it, where they are not the last ones.
    """

    def __init__(
        self, message: str, *clauses: str, fault: Fault | None = None, shown: tuple[Exchange, ...] = ()
    ) -> None:
        super().__init__(message)
        self.clauses = clauses
        self.fault = fault
        self.shown = shown


class Untried(Exception):
    """The check could not be made: something it needs is missing from the target or from the run's options.

    Args:
        message: What is missing.
        needs: The option that would give it, with a word for its value; empty where none would.
        clauses: The clauses it is about; empty means those of the check.
    """

    def __init__(self, message: str, needs: str = "", clauses: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.needs = needs
        self.clauses = clauses


class NotOffered(Exception):
    """The optional capability under check is absent, or has not been shown.

    Args:
        message: Which one.
        needs: The option that would show it, with a word for its value; empty where none would.
    """

    def __init__(self, message: str, needs: str = "") -> None:
        super().__init__(message)
        self.needs = needs


class KitError(Exception):
    """The kit or the network broke; nothing is known about the target."""


def leaves_of(error: BaseException) -> Iterator[Any]:
    """The single exceptions of a group, or the exception itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves_of(inner)
    else:
        yield error


@dataclass(frozen=True)
class CheckResult:
    """What became of one test of the suite.

    Attributes:
        name: The test's name, with its parameters.
        sentence: Its docstring: what should be so.
        clauses: The clauses this result speaks for.
        layer: ``clauses``, ``fuzzing``, ``model`` or ``document``.
        outcome: What became of it.
        message: Why, where it did not pass.
        exchanges: The last requests and answers before it ended badly.
        fault: What is wrong with the target, where the check could name it.
        needs: The option that would let it be tried, where it could not be.
        starred: Whether it is about what is MUST* within a MUST clause.
        seconds: How long it took.
    """

    name: str
    sentence: str
    clauses: tuple[str, ...]
    layer: str
    outcome: Outcome
    message: str = ""
    exchanges: tuple[Exchange, ...] = field(default=(), repr=False)
    fault: Fault | None = None
    needs: str = ""
    starred: bool = False
    seconds: float = 0.0
