"""Requests that wait for a change: woken by the backend, when their client goes, and when the server stops."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, Protocol

from starlette.types import Receive


class Event(Protocol):
    """One thing that changed."""

    @property
    def id(self) -> str:
        """What to send as `Last-Event-ID` to hear what comes after it."""

    @property
    def kind(self) -> str:
        """What kind of change it is."""

    @property
    def data(self) -> bytes:
        """What there is to know, as JSON on one line."""


class Listener(Protocol):
    """Somebody who is told of changes."""

    def take(self) -> tuple[Sequence[Event], float | None, bool]:
        """Events that are due, in how many seconds to ask again if others wait, and whether there is no more."""

    def close(self) -> None:
        """Hear nothing more."""


class Waiters:
    """Those who wait in one application, so that a server that stops can let go of them at once."""

    def __init__(self) -> None:
        self.present: set[Waiter] = set()
        self.closed = False

    def close(self) -> None:
        """Let go of them all. Call it in the event loop."""
        self.closed = True
        for waiter in self.present:
            waiter.changed.set()

    @contextlib.contextmanager
    def closed_by_signals(self) -> Iterator[None]:
        """Let go of them all as soon as the process is told to stop.

        Servers wait for open replies before they tell the application of it, and these have no end.
        """
        loop = asyncio.get_running_loop()
        earlier: dict[int, Callable[[int, FrameType | None], Any]] = {}

        def stop(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.close)
            earlier[number](number, frame)

        if threading.current_thread() is threading.main_thread():  # No other may have signals.
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if callable(handler):
                    earlier[number] = handler
                    signal.signal(number, stop)
        try:
            yield
        finally:
            for taken, handler in earlier.items():
                if signal.getsignal(taken) is stop:
                    signal.signal(taken, handler)


class Waiter:
    """One request that waits. Make it in the event loop.

    Args:
        waiters: Those of its application.

    Attributes:
        changed: Set when there may be something new.
    """

    def __init__(self, waiters: Waiters) -> None:
        self._waiters = waiters
        self._loop = asyncio.get_running_loop()
        self._gone = False
        self.changed = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether there is no use in waiting any more: the client has gone, or the server stops."""
        return self._gone or self._waiters.closed

    def wake(self) -> None:
        """Say, from any thread, that there may be something new."""
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody is left to hear.
            self._loop.call_soon_threadsafe(self.changed.set)

    @contextlib.contextmanager
    def watching(self, receive: Receive) -> Iterator[None]:
        """Notice for a while when the client goes and when the server stops.

        Args:
            receive: What the client sends, of whose request the body has been read.
        """
        watch = asyncio.create_task(self._watch(receive))
        self._waiters.present.add(self)
        try:
            yield
        finally:
            self._waiters.present.discard(self)
            watch.cancel()

    async def wait(self, seconds: float) -> bool:
        """Wait until there may be something new, or it is over; tell whether that came in time."""
        try:
            await asyncio.wait_for(self.changed.wait(), seconds)
        except TimeoutError:
            return False
        self.changed.clear()
        return True

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self.changed.set()
