"""HTTP as bytes: a request is written here word for word, the standard library reads the answer, checks judge it.

A client library would put right what a check sends wrong on purpose, and takes five times as long over each request.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import select
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

from ..messages import Exchange, Json, strict_json
from ..outcomes import Broken, Fault, NotOffered, Untried

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
        try:
            response.begin()
        except BaseException:
            response.close()
            raise
        return response

    def wait_at_most(self, seconds: float) -> None:
        """Give up on an answer that takes longer."""
        self._socket.settimeout(seconds)

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


@dataclass(frozen=True)
class Answer:
    """What the target answered.

    Attributes:
        status: The status.
        headers: The headers, by their names in small letters.
        content: The body.
        exchange: It as the report shows it.
        sent: The body of the request.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    exchange: Exchange
    sent: bytes = b""

    def expect(self, *statuses: int) -> Answer:
        """This answer, when its status is one of `statuses`.

        Raises:
            Broken: It is another one.
            Untried: The target lets nobody make sessions, which it may (ERR-8).
        """
        if self.status in statuses:
            return self
        route, wanted = self.exchange.route, " or ".join(map(str, statuses))
        if self.status == 403 and route in ("POST /sessions", "POST /sessions/{session_id}/copy"):
            raise Untried("no session can be made: the target forbids it with 403")
        sent = f"{self.exchange.method} {self.exchange.url}"
        raise Broken(
            f"{sent} answered {self.status}, expected {wanted}: {self.exchange.answer[:300]}",
            fault=wrong_status(route, self.status, wanted),
        )

    def offered(self, what: str) -> Answer:
        """This answer, unless it says that there is no such thing.

        Raises:
            NotOffered: The optional capability that was asked for is absent.
        """
        if self.status in (404, 405):
            raise NotOffered(f"{what} is not there")
        return self

    def json(self) -> Json:
        """The body as strict JSON.

        Raises:
            Broken: It is not JSON.
        """
        if isinstance(self.parsed, ValueError):
            route, complaint = self.exchange.route, f"the body is not strict JSON, {self.parsed}"
            raise Broken(
                f"{self.exchange.method} {self.exchange.url}: {complaint}",
                fault=Fault(("no json", route), f"the body that answers `{route}` is not strict JSON"),
            )
        return self.parsed

    @cached_property
    def parsed(self) -> Json:
        """The body as strict JSON, or the ValueError that says why it is none."""
        try:
            return strict_json(self.content)
        except ValueError as error:
            return error

    @cached_property
    def asked(self) -> Json:
        """The JSON that was sent, or None where it was none."""
        try:
            return json.loads(self.sent)
        except (ValueError, RecursionError):
            return None

    @property
    def detail(self) -> str:
        """The message of an error body, or an empty string where there is none."""
        body = self.parsed
        detail = body.get("detail") if isinstance(body, dict) else None
        return detail if isinstance(detail, str) else ""


def wrong_status(route: str, got: int, wanted: str) -> Fault:
    """The fault of an answer that has the wrong status."""
    if got >= 500:
        return Fault(("crash", route), f"`{route}` is answered {got}")
    return Fault(("status", route, str(got), wanted), f"`{route}` answers {got} instead of {wanted}")
