"""How the routes call a backend: in the right thread, and with its exceptions turned into HTTP errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from algomancy_api.backend import CompleteScenario, CompleteScenarioBackend, CompleteSessionBackend, SessionBackend
from algomancy_api.checked.sessions import CheckedBackend
from algomancy_api.errors import NotFoundError, as_http_error
from algomancy_api.http.names import shown
from algomancy_api.http.threads import WorkerPool

T = TypeVar("T")

logger = logging.getLogger("algomancy_api")


class OpenSession(NamedTuple):
    """A session that a request is about."""

    id: str
    scenarios: CompleteScenarioBackend


class BackendCalls:
    """Calls a backend's methods on behalf of the routes of one application.

    Exceptions that the error table names become HTTP errors here, and only here: a `ValueError` raised by the server's
    own code stays what it is, an unexpected error.

    Args:
        backend: The backend, of any make.
        close_seconds: How long closing the backend may take before it is left as it is.
        inline_scenarios: How many scenarios may be encoded in the event loop: a few milliseconds' worth.

    Attributes:
        alone: Whether no other server changes the same state.
    """

    def __init__(
        self,
        backend: SessionBackend | CompleteSessionBackend,
        *,
        close_seconds: float = 3,
        inline_scenarios: int = 1_000,
    ) -> None:
        self.inline_scenarios = inline_scenarios
        self.nonblocking = bool(getattr(backend, "nonblocking", False))
        catch_up = getattr(backend, "catch_up", None)
        self._catch_up: Callable[[], None] | None = catch_up if callable(catch_up) else None
        self.alone = self._catch_up is None
        self._catching_up: asyncio.Future[None] | None = None
        self._next_catch_up: asyncio.Future[None] | None = None
        self.sessions: CompleteSessionBackend = backend if self.nonblocking else CheckedBackend(backend)  # type: ignore[assignment,arg-type]
        self.close_seconds = close_seconds
        self._lookups = WorkerPool("algomancy-api-look", 4)
        self._writers = WorkerPool("algomancy-api-write", 8)
        self._readers = WorkerPool("algomancy-api-data", 4)
        self._uploads = WorkerPool("algomancy-api-etl", 2)

    async def caught_up(self) -> None:
        """Wait until memory is what every server has acknowledged by now; for a server that is not `alone`.

        One question answers for all requests that came before it was asked: what others wait for costs them little,
        however many they are.
        """
        if self._next_catch_up is None:
            self._next_catch_up = asyncio.ensure_future(self._ask(self._catching_up))
        await asyncio.shield(self._next_catch_up)

    async def _ask(self, before: asyncio.Future[None] | None) -> None:
        if before is not None:
            # Its question may have been asked too early for those who wait here.
            await asyncio.wait([before])
        self._catching_up, self._next_catch_up = self._next_catch_up, None
        if self._catch_up is not None:
            await self._lookups.run(self._catch_up)

    async def look_up(self, call: Callable[..., T], *args: object) -> T:
        """Call what only reads memory: at once if the backend is nonblocking, else in a worker thread."""
        if not self.nonblocking:
            return await self._in(self._lookups, call, *args)
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
        return OpenSession(*await self.look_up(self.sessions.open_session, session_id))

    async def scenario(self, session_id: str, scenario_id: str) -> tuple[OpenSession, CompleteScenario]:
        """Return a session and a scenario of it.

        Raises:
            HTTPException: 404, one of them is not there.
        """
        return await self.look_up(self.known_scenario, session_id, scenario_id)

    def known_scenario(self, session_id: str, scenario_id: str) -> tuple[OpenSession, CompleteScenario]:
        """Return the same, for what looks up more in one go; its errors are those of the backend."""
        session = OpenSession(*self.sessions.open_session(session_id))
        scenario = session.scenarios.get_by_id(scenario_id)
        if scenario is None:
            raise unknown_scenario(scenario_id)
        return session, scenario

    async def write(self, call: Callable[..., T], *args: object) -> T:
        """Call what changes something, or runs a little of the user's code."""
        return await self._in(self._writers, call, *args)

    async def transfer(self, call: Callable[..., T], *args: object) -> T:
        """Call what encodes or decodes whole datasets."""
        return await self._in(self._readers, call, *args)

    async def upload(self, call: Callable[..., T], *args: object) -> T:
        """Call what reads uploaded files."""
        return await self._in(self._uploads, call, *args)

    async def in_thread(self, call: Callable[..., T], *args: object) -> T:
        """Call something of our own that would hold up the event loop."""
        return await self._readers.run(call, *args)

    async def stop(self, *, close: bool) -> None:
        """End what the backend has started, without waiting long for whatever runs in it.

        Args:
            close: Whether to close the backend itself first.
        """
        try:
            if close:
                await asyncio.wait_for(self._writers.run(self.sessions.close), self.close_seconds)
        except TimeoutError:
            logger.warning("The backend did not close within %g seconds and is left as it is.", self.close_seconds)
        finally:
            # Servers end by a signal, which leaves nothing time to clean up.
            await self.in_thread(self.sessions.end_helpers)

    async def _in(self, pool: WorkerPool, call: Callable[..., T], *args: object) -> T:
        try:
            return await pool.run(call, *args)
        except Exception as error:
            _raise_as_http_error(error)
            raise


def unknown_scenario(scenario_id: str) -> NotFoundError:
    """Return the error for a scenario that is not there."""
    return NotFoundError(f"Scenario {shown(scenario_id)} does not exist.")


def calls_of(request: Request) -> BackendCalls:
    """Return what calls the backend of the request's application."""
    calls: BackendCalls = request.app.state.backend_calls
    return calls


def _raise_as_http_error(error: Exception) -> None:
    http_error = as_http_error(error)
    if http_error is not None:
        raise http_error from error
