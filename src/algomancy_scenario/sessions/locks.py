"""The two locks of a session."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from algomancy_utils import NotFoundError


class SessionGoneError(NotFoundError):
    """The session was deleted, or its server is shutting down."""


class SessionLocks:
    """Allows one change of a session at a time, and none once the session is gone.

    Used as a context manager it is the session's *write mutex*: it is held across check, write to the store and
    publication, and so across disk I/O, but never across user code. `state` is the *state lock*: it guards the
    dictionaries and is held only for as long as it takes to read or change them. Look-ups take the state lock or none
    at all, so they never wait for a disk. To hold both, acquire the mutex first.

    Args:
        guard: The write mutex, which is the store's; one of its own when left out.

    Attributes:
        state: The state lock.
    """

    def __init__(self, guard: AbstractContextManager[Any] | None = None) -> None:
        self.state = threading.Lock()
        self._write = guard or threading.Lock()
        self._closed = False

    def __enter__(self) -> None:
        """Acquire the write mutex.

        Raises:
            SessionGoneError: The session is gone.
        """
        self._write.__enter__()
        if self._closed:
            self._write.__exit__(None, None, None)
            raise SessionGoneError("The session no longer exists.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._write.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Refuse every further change. Call it with the mutex held."""
        self._closed = True
