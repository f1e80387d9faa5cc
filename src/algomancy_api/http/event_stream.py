"""Server-sent events: what changes, sent for as long as somebody listens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

HEARTBEAT_SECONDS = 15.0
HEAD = "algomancy_api.head"
"""Key of a scope: whether only the headers are wanted."""

_RETRY_MILLISECONDS = 1_000
_SLOW_SECONDS = 30.0


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


class OpenStreams:
    """The streams of one application, so that a server that stops can end them at once."""

    def __init__(self) -> None:
        self._wakes: set[asyncio.Event] = set()
        self.closed = False

    def close(self) -> None:
        """End all streams. Call it in the event loop."""
        self.closed = True
        for wake in self._wakes:
            wake.set()

    @contextlib.contextmanager
    def opened(self, wake: asyncio.Event) -> Iterator[None]:
        """Have a stream among them for a while."""
        self._wakes.add(wake)
        try:
            yield
        finally:
            self._wakes.discard(wake)


class EventStream(Response):
    """Sends events until the listener has no more, the client goes, or the server stops.

    A client that does not read is dropped after 30 seconds. What has changed meanwhile is a set of names: it costs no
    more than there is.

    Args:
        streams: Where the stream is kept while it is open.
        heartbeat_seconds: How long nothing may be sent before a comment is.

    Attributes:
        listener: Where the events come from; set it before the stream is sent.
    """

    media_type = "text/event-stream"
    listener: Listener

    def __init__(self, streams: OpenStreams, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self._streams = streams
        self._heartbeat_seconds = heartbeat_seconds
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        # A proxy is not to keep anything back, nor any cache anything at all.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]

    def wake(self) -> None:
        """Say, from any thread, that the listener may have something."""
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody is left to hear.
            self._loop.call_soon_threadsafe(self._changed.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        watching = asyncio.create_task(_until_gone(receive, self._changed))
        try:
            with self._streams.opened(self._changed):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                if not scope.get(HEAD):
                    await _send(send, b"retry: %d\n\n" % _RETRY_MILLISECONDS)
                    await self._send_events(send, watching)
                await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            return  # The client does not read any more.
        finally:
            self.listener.close()
            watching.cancel()

    async def _send_events(self, send: Send, watching: asyncio.Task[None]) -> None:
        while not watching.done() and not self._streams.closed:
            self._changed.clear()
            events, wait, ended = self.listener.take()
            if events:
                await _send(send, b"".join([_encoded(each) for each in events]))
            if ended:
                return
            try:
                await asyncio.wait_for(self._changed.wait(), self._heartbeat_seconds if wait is None else wait)
            except TimeoutError:
                if wait is None:
                    await _send(send, b": still here\n\n")


async def _send(send: Send, body: bytes) -> None:
    message = {"type": "http.response.body", "body": body, "more_body": True}
    await asyncio.wait_for(send(message), _SLOW_SECONDS)


async def _until_gone(receive: Receive, changed: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    changed.set()


def _encoded(event: Event) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (event.id.encode(), event.kind.encode(), event.data)
