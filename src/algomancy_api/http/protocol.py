"""HTTP as uvicorn speaks it, with a bound on what a request may send besides its body."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
"""How long request line and headers of a request may be together, those included that follow its body."""


LINGER_SECONDS = 30.0
"""How long a client may go on sending a body after its request was refused and the connection half closed."""


CUT = "algomancy_api.cut"
"""Extension of a scope: its `cut` ends the connection without another word."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection that sends headers without end, where uvicorn would keep them all.

    It counts the headers of a request, and what has come since the last of a body or the end of a request. Its refusals
    are JSON, as all others are. A client that is still sending a body gets the reply before the connection is closed.
    """

    _headers = _unused = 0
    receiving = False
    """Whether a request has begun and not yet come whole."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(LingeringTransport(transport, self))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Take in what has come."""
        if self.transport.lingering:  # type: ignore[attr-defined]
            return
        self._unused += len(data)
        super().data_received(data)
        if max(self._headers, self._unused) > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"The headers must be at most {MAX_HEAD_BYTES:,} bytes long.")

    def on_message_begin(self) -> None:
        """Note the start of a request."""
        self._headers = 0
        self.receiving = True
        super().on_message_begin()
        self.scope["extensions"] = {CUT: {"cut": self.transport.abort}}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header."""
        self._headers += len(name) + len(value)
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Take in a part of a body."""
        self._unused = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        self._unused = 0
        self.receiving = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it, and close the connection."""
        content = orjson.dumps({"detail": msg})
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(content), content)
        )
        self.transport.close()


class LingeringTransport:
    """A transport that is half closed first while the client is still sending.

    Closed at once, a socket that holds unread bytes tells the client of a reset, and the reply before it is lost.

    Args:
        transport: The transport itself.
        protocol: Who reads from it.
    """

    def __init__(self, transport: asyncio.Transport, protocol: BoundedProtocol) -> None:
        self._transport = transport
        self._protocol = protocol
        self.lingering = False
        self.write = transport.write

    def close(self) -> None:
        """Close the connection: for writing only while a request is on its way, and wholly when called again."""
        if self.lingering or not self._protocol.receiving or self._transport.is_closing():
            self._transport.close()
        elif self._transport.can_write_eof():
            self.lingering = True
            self._transport.write_eof()
            self._transport.resume_reading()
            self._protocol.loop.call_later(LINGER_SECONDS, self._transport.close)
        else:  # TLS has no half.
            self._transport.close()

    def is_closing(self) -> bool:
        """Tell whether the connection takes no more."""
        return self.lingering or self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._transport, name)
