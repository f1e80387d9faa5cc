"""How the routes call a backend: in the right thread, and with its exceptions turned into HTTP errors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from starlette.requests import Request

from algomancy_api.backend import CompleteScenario, CompleteScenarioBackend, CompleteSessionBackend, SessionBackend
from algomancy_api.checked import CheckedBackend
from algomancy_api.errors import NotFoundError, as_http_error
from algomancy_api.http.names import shown

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
        """Wait until memory shows what any server has acknowledged by now; for a server that is not `alone`.

        One query serves all requests that arrived before it was sent, however many they are.
        """
        if self._next_catch_up is None:
            self._next_catch_up = asyncio.ensure_future(self._ask(self._catching_up))
        await asyncio.shield(self._next_catch_up)

    async def _ask(self, before: asyncio.Future[None] | None) -> None:
        if before is not None:
            # That query may have been sent before the requests arrived that wait here.
            await asyncio.wait([before])
        self._catching_up, self._next_catch_up = self._next_catch_up, None
        if self._catch_up is not None:
            await self._in(self._lookups, self._catch_up)

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
        """Return the same, for calls that look up more in one go; errors stay those of the backend."""
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
        """Call code of this package that would block the event loop."""
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
            # The backend's processes would outlive a server that a signal ends.
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


class WorkerPool:
    """Runs calls in at most `size` threads, started when needed and ended when idle.

    The threads are daemons: a call that never ends cannot keep the process from stopping, as it would in the pools of
    the standard library and of anyio.

    Args:
        name: What the threads are called.
        size: How many calls may run at the same time; more of them wait their turn, first come, first served.
        idle_seconds: How long a thread waits for something to do before it ends.
    """

    def __init__(self, name: str, size: int, *, idle_seconds: float = 10.0) -> None:
        self._name = name
        self._size = size
        self._idle_seconds = idle_seconds
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._unfinished = 0

    async def run(self, call: Callable[..., T], *args: object) -> T:
        """Call `call(*args)` in a thread, in the caller's context, and return what it returns, or raise what it raises.

        A cancelled caller stops waiting; the call itself runs on to its end.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        context = copy_context()

        def job() -> None:
            try:
                result = context.run(call, *args)
            except BaseException as error:
                settle = partial(future.set_exception, _as_exception(error))
            else:
                settle = partial(future.set_result, result)
            # The loop may be closed: the server has stopped, and nobody waits for this any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, future, settle)

        self._put(job)
        return await future

    def _put(self, job: Callable[[], None]) -> None:
        with self._lock:
            self._jobs.put(job)
            # Counted here, not when a thread takes the job: a thread may have taken one and not counted it yet.
            self._unfinished += 1
            if self._unfinished <= self._threads or self._threads == self._size:
                return
            self._threads += 1
        threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._idle_seconds)
            except Empty:
                with self._lock:
                    if self._jobs.empty():
                        self._threads -= 1
                        return
                continue
            job()
            del job
            with self._lock:
                self._unfinished -= 1


def _settle(future: asyncio.Future[Any], settle: Callable[[], None]) -> None:
    if not future.done():
        settle()


def _as_exception(error: BaseException) -> Exception:
    """Return what a future can carry: `SystemExit` would end the event loop, and `StopIteration` is refused."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    exit_error = RuntimeError(f"The call ended with {type(error).__name__}.")
    exit_error.__cause__ = error
    return exit_error
