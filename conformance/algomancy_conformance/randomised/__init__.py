"""The random layers: requests made by schemathesis, and sequences of them compared with a model of the contract.

Begin with :mod:`.fuzzing` or :mod:`.model`; the tests that drive them are in the suite. Here is what both need: a bound
on how long hypothesis may look for a smaller failing case, which takes minutes against a broken server.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..outcomes import Broken


class OutOfTime(BaseException):
    """Breaks off hypothesis, which catches every Exception of a test."""


class ShrinkBudget:
    """Seconds from the first failure to the last attempt at a smaller one.

    Attributes:
        best: The smallest failure so far, or None.
    """

    def __init__(self, seconds: float) -> None:
        self.best: Broken | None = None
        self._seconds = seconds
        self._size = 0
        self._deadline = 0.0

    def check(self) -> None:
        """Begin another attempt.

        Raises:
            OutOfTime: There is no time left for one.
        """
        if self.best is not None and time.monotonic() > self._deadline:
            raise OutOfTime

    def failed(self, error: Broken, size: int) -> None:
        """Keep a failure, if it is smaller than the one before."""
        if self.best is None:
            self._deadline = time.monotonic() + self._seconds
        if self.best is None or size <= self._size:
            self.best, self._size = error, size

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Raise the smallest failure, whether hypothesis came to its end or was broken off.

        Raises:
            Broken: There was a failure.
        """
        try:
            yield
        except (OutOfTime, Exception):  # broken off, hypothesis calls the test flaky; what was found stays found
            if self.best is None:
                raise
        if self.best is not None:
            raise self.best
