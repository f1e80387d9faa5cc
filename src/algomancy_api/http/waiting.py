"""Requests that wait for a change: long polls (contract SCN-22, RFC 7240) and streams of events (contract EVT).

A `Waiter` is woken by the backend, when its client goes, and when the server stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from algomancy_api.backend import Event, Listener
from algomancy_api.http.replies import conditional_reply

MAX_SECONDS = 60
"""How long a request may wait at most."""

DOCUMENTED_PARAMETERS: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of the last reply: what it names need not be sent again.",
            "schema": {"type": "string"},
        },
        {
            "name": "Prefer",
            "in": "header",
            "description": f"`wait=N`, with `If-None-Match`: answer when there is something new, else after N seconds, "
            f"{MAX_SECONDS} at most (RFC 7240). A server that cannot do that answers at once, without "
            "`Preference-Applied`.",
            "schema": {"type": "string"},
        },
    ]
}
"""What the document says of an operation that can wait."""

PREFERENCE_APPLIED = {"Preference-Applied": "`wait=N` when `Prefer` asked for that: how long was waited at most."}

_PREFERENCE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')

HEARTBEAT_SECONDS = 10.0
HEAD = "algomancy_api.head"
"""Key of a scope: whether only the headers are wanted."""

_RETRY_MILLISECONDS = 1_000
_SLOW_SECONDS = 30.0


class Waiters:
    """The waiting requests of an application, which a server that stops ends at once."""

    def __init__(self) -> None:
        self.present: set[Waiter] = set()
        self.closed = False

    def close(self) -> None:
        """End them all. Call it in the event loop."""
        self.closed = True
        for waiter in self.present:
            waiter.changed.set()

    @contextlib.contextmanager
    def closed_by_signals(self) -> Iterator[None]:
        """End them all as soon as the process gets SIGINT or SIGTERM.

        Servers wait for open replies before they shut the application down, and these replies have no end.
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


def preferred_wait(request: Request) -> int | None:
    """Return for how many seconds a request would wait, `None` when it says nothing sensible of that.

    Preferences that are unknown or wrong are ignored, and the first counts of several of one name (RFC 7240).
    """
    lines = [value for name, value in request.scope["headers"] if name == b"prefer"]
    if not lines:
        return None
    for preference in _PREFERENCE.findall(b",".join(lines).decode("latin-1")):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            seconds = value.strip()
            if seconds[:1] == seconds[-1:] == '"':
                seconds = seconds[1:-1]
            return int(min(float(seconds), MAX_SECONDS)) if seconds.isascii() and seconds.isdigit() else None
    return None


async def reply_on_change(
    request: Request,
    seconds: int,
    listen: Callable[[Callable[[], None]], Awaitable[Listener]],
    read: Callable[[], Awaitable[bytes]],
) -> Response:
    """Answer when the body is another than the client has, else 304 after a while.

    Where the backend tells of no changes, the answer comes at once and says nothing of waiting.

    Args:
        request: The request.
        seconds: How long to wait at most.
        listen: Makes a listener, given what wakes it.
        read: Gives the body as it is now.

    Raises:
        HTTPException: What there was to read is gone.
    """
    waiter = Waiter(request.app.state.waiters)
    try:
        listener = await listen(waiter.wake)
    except HTTPException:
        return await conditional_reply(request, await read())
    until = asyncio.get_running_loop().time() + seconds
    try:
        with waiter.watching(request.receive):
            while True:
                _, pause, _ = listener.take()
                response = await conditional_reply(request, await read(), {"Preference-Applied": f"wait={seconds}"})
                left = until - asyncio.get_running_loop().time()
                if response.status_code != 304 or left <= 0 or waiter.is_over:
                    return response
                await waiter.wait(left if pause is None else min(left, pause))
    finally:
        listener.close()


class EventStream(Response):
    """Sends events until the listener has no more, the client goes, or the server stops.

    A client that does not read is dropped after 30 seconds. Meanwhile only the names of what changed are kept.

    Args:
        waiters: Those of the application.
        heartbeat_seconds: How long nothing may be sent before a comment is.

    Attributes:
        listener: Where the events come from; set it before the stream is sent.
        wake: To be called, from any thread, when the listener may have something.
    """

    media_type = "text/event-stream"
    listener: Listener

    def __init__(self, waiters: Waiters, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self._waiter = Waiter(waiters)
        self.wake = self._waiter.wake
        self._heartbeat_seconds = heartbeat_seconds
        # Proxies must not buffer the stream, caches must not store it.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            with self._waiter.watching(receive):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                if not scope.get(HEAD):
                    await _send(send, b"retry: %d\n\n" % _RETRY_MILLISECONDS)
                    await self._send_events(send)
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            return  # The client does not read any more.
        finally:
            self.listener.close()

    async def _send_events(self, send: Send) -> None:
        while not self._waiter.is_over:
            events, wait, ended = self.listener.take()
            if events:
                await _send(send, b"".join([_encoded(each) for each in events]))
            if ended:
                return
            if not await self._waiter.wait(self._heartbeat_seconds if wait is None else wait) and wait is None:
                await _send(send, b": still here\n\n")


async def _send(send: Send, body: bytes) -> None:
    message = {"type": "http.response.body", "body": body, "more_body": True}
    await asyncio.wait_for(send(message), _SLOW_SECONDS)


def _encoded(event: Event) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (event.id.encode(), event.kind.encode(), event.data)
