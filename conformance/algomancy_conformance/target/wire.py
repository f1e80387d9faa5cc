"""HTTP as bytes: a request is written here word for word, and the standard library reads the answer.

A client library would put right what a check sends wrong on purpose, and takes five times as long over each request.
"""

from __future__ import annotations

import contextlib
import gzip
import select
import socket
import ssl
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

KEEP_ALIVE = 2.0
"""Seconds an idle connection is used again: less than servers keep one, or the two would race."""
BROKEN_OFF = (ConnectionError, HTTPException)
"""What asking raises where the other side ends a connection without a proper answer."""


class CannotConnectError(Exception):
    """Nothing answers at the address."""


class Connection:
    """A connection to the server at `url`, for one request after another.

    Raises:
        CannotConnectError: There is none to be had.
    """

    def __init__(self, url: str, timeout: float) -> None:
        where = urlsplit(url)
        secure, host = where.scheme == "https", where.hostname or ""
        try:
            self._socket = socket.create_connection((host, where.port or (443 if secure else 80)), timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=host)
        except OSError as error:
            raise CannotConnectError(f"no connection to {url}: {error}") from None
        self._netloc = where.netloc
        self._since = 0.0

    def ask(self, method: str, target: str, lines: Iterable[str], content: bytes = b"") -> HTTPResponse:
        """Send a request and read the head of its answer.

        Args:
            method: The method.
            target: Path and query.
            lines: The lines of the head below the first and ``Host``.
            content: The body, or its beginning where the lines announce more.
        """
        head = "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {self._netloc}", *lines, "", ""])
        with contextlib.suppress(ConnectionError):  # it may have answered before it has read all of a long request
            self._socket.sendall(head.encode("latin-1") + content)
        response = HTTPResponse(self._socket, method=method)
        response.begin()
        return response

    def rest(self) -> None:
        """Nothing is asked for a while."""
        self._since = time.monotonic()

    @property
    def usable(self) -> bool:
        """Whether the other side has neither closed it meanwhile nor sent what nobody asked for."""
        return time.monotonic() - self._since < KEEP_ALIVE and not select.select([self._socket], [], [], 0)[0]

    def close(self) -> None:
        """End it, also under a thread that reads from it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@dataclass(frozen=True)
class Reply:
    """An answer: its status, its headers by their names in small letters, and its body, unpacked."""

    status: int
    headers: dict[str, str]
    content: bytes = b""

    @classmethod
    def whole(cls, response: HTTPResponse) -> Reply:
        """Read all of an answer."""
        head, content = cls.head(response), response.read()
        if head.headers.get("content-encoding") == "gzip":
            with contextlib.suppress(OSError, EOFError, zlib.error):  # what is none is judged as it is
                content = gzip.decompress(content)
        return replace(head, content=content)

    @classmethod
    def head(cls, response: HTTPResponse) -> Reply:
        """An answer whose body is not read; a header that is sent several times has its values joined by commas."""
        found: dict[str, str] = {}
        for name, value in response.getheaders():
            key = name.lower()
            found[key] = f"{found[key]}, {value}" if key in found else value
        return cls(response.status, found)
