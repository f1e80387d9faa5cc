"""Runs an application under uvicorn, with limits that uvicorn lacks, and a shutdown that does not hang."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

MAX_HEAD_BYTES = 64 * 1024
"""How long request line and headers of a request may be together, those included that follow its body."""

LINGER_SECONDS = 30.0
"""How long a client may go on sending a body after its request was refused and the connection half closed."""

CUT = "algomancy_api.cut"
"""Extension of a scope: its `cut` ends the connection without another word."""

_BACKLOG = 2048
_REQUESTS_GRACE_SECONDS = 1


def collect_seldom() -> None:
    """Make Python's garbage collector run seldom, in a process of the server's own.

    Requests leave no cycles, and each full collection visits all that is stored: while scenarios were created as fast
    as possible the slowest of a hundred requests took 174 ms, and takes 30 ms since.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)


def serve(app: ASGIApp, host: str, port: int, *, exit_grace_seconds: float | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM, and print where.

    Args:
        app: The application.
        host: The address to bind.
        port: The port to bind, 0 for any that is free.
        exit_grace_seconds: For a process of the server's own: how soon after the server it ends, whatever threads of
            the user's are left. Its forked children let go of the port.

    Raises:
        OSError: The address cannot be bound.
    """

    class Server(uvicorn.Server):
        """Prints its address once it can be stopped: earlier, a Ctrl-C may get lost in an import."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                print(f"Serving on {url} (press Ctrl-C to stop)", flush=True)

    sockets = _bind(host, port)
    if exit_grace_seconds is not None:
        _close_in_children(sockets)
        collect_seldom()
    url = f"http://{f'[{host}]' if ':' in host else host}:{sockets[0].getsockname()[1]}"
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        access_log=False,
        log_level="info",
        proxy_headers=False,  # The application sees to them, whichever server it runs under.
        timeout_graceful_shutdown=_REQUESTS_GRACE_SECONDS,
    )
    log = logging.getLogger("uvicorn.error")
    log.addFilter(_is_no_cancellation)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            Server(config).run(sockets)
    finally:
        log.removeFilter(_is_no_cancellation)
    if exit_grace_seconds is not None:
        _end_process_within(exit_grace_seconds)


def _bind(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for each address of a host that this machine has, all on one port."""
    sockets: list[socket.socket] = []
    refused: OSError | None = None
    try:
        for family, _, _, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            try:
                sockets.append(socket.create_server((address[0], port), family=family, backlog=_BACKLOG))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
                refused = error  # A name may stand for an address of a kind that is switched off here.
                continue
            port = sockets[0].getsockname()[1]
        if refused is not None and not sockets:
            raise refused
    except OSError as error:
        for listener in sockets:
            listener.close()
        raise OSError(error.errno, f"The server cannot bind {host}, port {port}: {error.strerror}.") from error
    return sockets


def _close_in_children(sockets: list[socket.socket]) -> None:
    """Keep a forked child, such as the user's code may leave behind, from occupying the port."""
    if sys.platform == "win32":  # pragma: no cover - the tests run elsewhere
        return

    def close() -> None:
        for listener in sockets:
            # Not its own `close`, which would wait for the event loop to let go of it.
            with contextlib.suppress(OSError):
                os.close(listener.fileno())

    os.register_at_fork(after_in_child=close)


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """Tell whether a record is worth logging: that what is under way is given up when the server stops is no error.

    Of the application's own shutdown, given up for a second Ctrl-C, Starlette tells in text.
    """
    if record.exc_info:
        return not isinstance(record.exc_info[1], asyncio.CancelledError)
    return not record.getMessage().rstrip().endswith("asyncio.exceptions.CancelledError")


def _end_process_within(seconds: float) -> None:
    """End the process soon, should a thread of the user's own keep it.

    Python waits at exit for every thread that is no daemon; an algorithm may have started one that never ends.
    """

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


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
