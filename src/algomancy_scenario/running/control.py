"""Who has asked for a run and may stop it, and what a person is told when it comes to nothing."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from algomancy_scenario.basealgorithm import RunCancelled

_LONGEST_MESSAGE = 2_000


class RunControl(ABC):
    """Who has asked for a run: hears of its progress, and may stop it. Any thread may use it."""

    def __init__(self) -> None:
        self._stopping = threading.Lock()
        self._on_stop: Callable[[], None] | None = None
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether the run has been told to stop."""
        return self._stopped

    @abstractmethod
    def hear(self, progress: float) -> None:
        """Take note of the progress of a run that goes on.

        Raises:
            RunCancelled: The run is no longer wanted.
        """

    def report(self, progress: float) -> None:
        """Tell how far the run is.

        Raises:
            RunCancelled: It has been told to stop.
        """
        if self._stopped:
            raise RunCancelled
        self.hear(progress)

    def when_stopped(self, stop: Callable[[], None] | None) -> None:
        """Say what is to be called when the run is told to stop.

        Raises:
            RunCancelled: It has been told already.
        """
        with self._stopping:
            if self._stopped:
                raise RunCancelled
            self._on_stop = stop

    def stop(self) -> None:
        """Tell the run to stop; returns at once."""
        with self._stopping:
            self._stopped = True
            stop, self._on_stop = self._on_stop, None
        if stop is not None:
            stop()


class RunFailure(Exception):
    """A run came to nothing; the message says why, in words for the person."""


class RunKilled(RunFailure):
    """It came to nothing because its process died."""


def describe(error: BaseException) -> str:
    """Return what a person is told about an exception of the user's code: its text, without paths or traceback."""
    try:
        text = _text_of(error).strip()
    # An exception of the user's is the user's code: asked for its text it may raise anything.
    except BaseException:
        text = ""
    text = text or type(error).__name__
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[:_LONGEST_MESSAGE]}…"
    return text.encode("utf-8", "replace").decode()


def _text_of(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "Its code tried to end the server."
    if isinstance(error, KeyboardInterrupt):
        return "Its code interrupted itself."
    if isinstance(error, MemoryError):
        return "There was not enough memory."
    if isinstance(error, OSError) and error.strerror:
        named = isinstance(error.filename, (str, bytes))
        return f"{error.strerror}: {Path(os.fsdecode(error.filename)).name}" if named else str(error.strerror)
    if isinstance(error, KeyError) and error.args:
        return f"There is no {str(error.args[0])!r}."
    return str(error)
