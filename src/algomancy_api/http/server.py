"""Runs an application under uvicorn, and makes sure that stopping does stop it."""

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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_BACKLOG = 2048
_REQUESTS_GRACE_SECONDS = 1


def collect_seldom() -> None:
    """Have Python look for cyclic garbage seldom, in a process that is there for the server alone.

    Requests leave none, and each full look goes through all that is stored: while scenarios were created as fast as
    possible the slowest of a hundred requests took 174 ms, and takes 30 ms since.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)


def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    exit_grace_seconds: float | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM, and print where.

    Args:
        app: The application.
        host: The address to bind.
        port: The port to bind, 0 for any that is free.
        exit_grace_seconds: For a process that is there for the server alone: how soon after it the process ends,
            whatever threads of the user's are left. Its forked children let go of the port.

    Raises:
        OSError: The address cannot be bound.
    """
    import uvicorn

    from algomancy_api.http.protocol import BoundedProtocol

    class Server(uvicorn.Server):
        """Tells where it is once it can be stopped: before that a Ctrl-C may get lost in an import."""

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
    """Tell whether a record is worth logging: that requests are given up when the server stops is no error."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


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
