"""How the routes call a backend: in the right thread, and with its exceptions turned into HTTP errors."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from algomancy_api.backend import ScenarioBackend, SessionBackend, optional_member
from algomancy_api.errors import as_http_error
from algomancy_api.lookups import resolve_session
from algomancy_api.workers import WorkerPool

T = TypeVar("T")

logger = logging.getLogger("algomancy_api")

_CLOSE_SECONDS = 3
_SLOW_SECONDS = 0.01


class OpenSession(NamedTuple):
    """A session that a request is about."""

    id: str
    scenarios: ScenarioBackend


class BackendCalls:
    """Calls a backend's methods on behalf of the routes of one application.

    Exceptions that the error table names become HTTP errors here, and only here: a `ValueError` raised by the server's
    own code stays what it is, an unexpected error.

    Args:
        sessions: The backend.
    """

    def __init__(self, sessions: SessionBackend) -> None:
        self.sessions = sessions
        self.nonblocking = bool(getattr(sessions, "nonblocking", False))
        self._writes_slowly = False
        self._writers = WorkerPool("algomancy-api-write", 8)
        self._readers = WorkerPool("algomancy-api-data", 4)
        self._uploads = WorkerPool("algomancy-api-etl", 2)

    async def look_up(self, call: Callable[..., T], *args: object) -> T:
        """Call what only reads memory: at once if the backend is nonblocking, else in a worker thread."""
        if not self.nonblocking:
            return await self._in(self._writers, call, *args)
        try:
            return call(*args)
        except Exception as error:
            _raise_as_http_error(error)
            raise

    async def session(self, session_id: str) -> OpenSession:
        """Return the session with this id or display name.

        Raises:
            HTTPException: 404, there is none.
        """
        return await self.look_up(_open, self.sessions, session_id)

    async def write(self, call: Callable[..., T], *args: object) -> T:
        """Call what changes something, or runs a little of the user's code."""
        return await self._in(self._writers, call, *args)

    async def write_quickly(self, scenarios: ScenarioBackend, call: Callable[..., T], *args: object) -> T:
        """Call what creates or queues a scenario, in the event loop if that is quick: a thread would take longer.

        What is quick may still run a little of the user's code. Should that take long, threads are used until it no
        longer does.

        Args:
            scenarios: The session's backend, which says whether such a call waits for anything.
            call: What to call.
            *args: Its arguments.
        """

        def timed() -> T:
            start = time.perf_counter()
            try:
                return call(*args)
            finally:
                self._writes_slowly = time.perf_counter() - start > _SLOW_SECONDS

        quick = self.nonblocking and getattr(scenarios, "nonblocking_create", False)
        if quick and not self._writes_slowly:
            return await self.look_up(timed)
        return await self._in(self._writers, timed)

    async def transfer(self, call: Callable[..., T], *args: object) -> T:
        """Call what encodes or decodes whole datasets."""
        return await self._in(self._readers, call, *args)

    async def upload(self, call: Callable[..., T], *args: object) -> T:
        """Call what reads uploaded files."""
        return await self._in(self._uploads, call, *args)

    async def aside(self, call: Callable[..., T], *args: object) -> T:
        """Call something of our own that would hold up the event loop."""
        return await self._readers.run(call, *args)

    async def close_backend(self) -> None:
        """Close the backend, if it can be closed, without waiting long for whatever runs in it."""
        close = optional_member(self.sessions, "close")
        if close is not None:
            try:
                await asyncio.wait_for(self._writers.run(close), _CLOSE_SECONDS)
            except TimeoutError:
                logger.warning("The backend did not close within %d seconds and is left as it is.", _CLOSE_SECONDS)

    async def _in(self, pool: WorkerPool, call: Callable[..., T], *args: object) -> T:
        try:
            return await pool.run(call, *args)
        except Exception as error:
            _raise_as_http_error(error)
            raise


def calls_of(request: Request) -> BackendCalls:
    """Return what calls the backend of the request's application."""
    calls: BackendCalls = request.app.state.backend_calls
    return calls


def _raise_as_http_error(error: Exception) -> None:
    http_error = as_http_error(error)
    if http_error is not None:
        raise http_error from error


def _open(sessions: SessionBackend, session_id: str) -> OpenSession:
    canonical_id = resolve_session(sessions, session_id)
    return OpenSession(canonical_id, sessions.get_scenario_manager(canonical_id))
