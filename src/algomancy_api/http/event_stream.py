"""Server-sent events: what changes, sent for as long as somebody listens."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from algomancy_api.http.waiting import Event, Listener, Waiter, Waiters

HEARTBEAT_SECONDS = 10.0
HEAD = "algomancy_api.head"
"""Key of a scope: whether only the headers are wanted."""

_RETRY_MILLISECONDS = 1_000
_SLOW_SECONDS = 30.0


class EventStream(Response):
    """Sends events until the listener has no more, the client goes, or the server stops.

    A client that does not read is dropped after 30 seconds. What has changed meanwhile is a set of names: it costs no
    more than there is.

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
        # A proxy is not to keep anything back, nor any cache anything at all.
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
