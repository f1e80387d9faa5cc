"""A thread pool that keeps the event loop free of whatever takes long."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


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
            # A closed loop refuses: the server has stopped and nobody waits for this any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, future, settle)

        self._put(job)
        return await future

    def _put(self, job: Callable[[], None]) -> None:
        with self._lock:
            self._jobs.put(job)
            # Counted here and not when a thread takes the job: one that has taken it may not have said so yet.
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
