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

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .target.messages import Exchange


class Outcome(StrEnum):
    """What became of a check or a clause."""

    PASSED = "passed"
    FAILED = "FAIL"
    ERROR = "ERROR"
    UNTESTED = "untested"
    NOT_OFFERED = "not offered"


class Broken(AssertionError):
    """The target breaks `clauses`; raised where one check covers several clauses and knows which one is hurt."""

    def __init__(self, message: str, *clauses: str) -> None:
        super().__init__(message)
        self.clauses = clauses


class Untried(Exception):
    """The check could not be made: something it needs is missing from the target or from the run's options."""


class NotOffered(Exception):
    """The optional capability under check is absent."""


class KitError(Exception):
    """The kit or the network broke; nothing is known about the target."""


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
        seconds: How long it took.
    """

    name: str
    sentence: str
    clauses: tuple[str, ...]
    layer: str
    outcome: Outcome
    message: str = ""
    exchanges: tuple[Exchange, ...] = field(default=(), repr=False)
    seconds: float = 0.0
