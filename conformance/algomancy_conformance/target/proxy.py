"""An ASGI application that passes every request on to another server as it comes, and its answer back.

Bodies go through in pieces, both ways at once: an answer that comes before the request has ended is passed on at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import h11

PIECE = 65536
BETWEEN_NEIGHBOURS = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"host"})

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Proxy:
    """Everything that is asked of it, it asks of `url`.

    Args:
        url: Where the other server is.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if self._secure else 80)
        self._netloc = parts.netloc.encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        context = ssl.create_default_context() if self._secure else None
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=context)
        connection = h11.Connection(h11.CLIENT)
        try:
            self._write(writer, connection, self._head(scope))
            sending = asyncio.create_task(self._pass_on(receive, writer, connection))
            try:
                await self._answer(reader, connection, send)
            finally:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError, h11.LocalProtocolError):
                    await sending
        finally:
            writer.close()

    def _head(self, scope: Message) -> h11.Request:
        headers = [(n, v) for n, v in scope["headers"] if n.lower() not in BETWEEN_NEIGHBOURS]
        if any(n.lower() == b"transfer-encoding" for n, _ in scope["headers"]):
            headers.append((b"transfer-encoding", b"chunked"))
        target = scope.get("raw_path") or scope["path"].encode()
        if scope.get("query_string"):
            target += b"?" + scope["query_string"]
        headers = [(b"host", self._netloc), *headers, (b"connection", b"close")]
        return h11.Request(method=scope["method"], target=target, headers=headers)

    @staticmethod
    def _write(writer: asyncio.StreamWriter, connection: h11.Connection, event: h11.Event) -> None:
        data = connection.send(event)
        if data:
            writer.write(data)

    async def _pass_on(self, receive: Receive, writer: asyncio.StreamWriter, connection: h11.Connection) -> None:
        """Send the request's body as it comes."""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                writer.close()
                return
            if message.get("body"):
                self._write(writer, connection, h11.Data(data=message["body"]))
                await writer.drain()
            more = message.get("more_body", False)
        self._write(writer, connection, h11.EndOfMessage())

    async def _answer(self, reader: asyncio.StreamReader, connection: h11.Connection, send: Send) -> None:
        """Pass the answer back as it comes."""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(PIECE))
            elif isinstance(event, h11.Response):
                headers = [(n, v) for n, v in event.headers.raw_items() if n.lower() not in BETWEEN_NEIGHBOURS]
                await send({"type": "http.response.start", "status": event.status_code, "headers": headers})
            elif isinstance(event, h11.Data):
                await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
            elif isinstance(event, h11.EndOfMessage):
                await send({"type": "http.response.body", "body": b""})
                return
            else:
                raise ConnectionResetError("the server behind the proxy broke off")
