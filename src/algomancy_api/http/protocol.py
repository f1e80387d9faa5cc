"""HTTP as uvicorn speaks it, with a bound on what a request may send besides its body."""

from __future__ import annotations

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024
"""How long request line and headers of a request may be together, those included that follow its body."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection that sends headers without end, where uvicorn would keep them all.

    It counts the headers of a request, and what has come since the last of a body or the end of a request. Its refusals
    are JSON, as all others are.
    """

    _headers = _unused = 0

    def data_received(self, data: bytes) -> None:
        """Take in what has come."""
        self._unused += len(data)
        super().data_received(data)
        if max(self._headers, self._unused) > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"The headers must be at most {MAX_HEAD_BYTES:,} bytes long.")

    def on_message_begin(self) -> None:
        """Note the start of a request."""
        self._headers = 0
        super().on_message_begin()

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
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it, and close the connection."""
        content = orjson.dumps({"detail": msg})
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(content), content)
        )
        self.transport.close()
