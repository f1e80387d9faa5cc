"""Runs an application under uvicorn, and makes sure that stopping does stop it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_BACKLOG = 2048
_REQUESTS_GRACE_SECONDS = 1
_EXIT_GRACE_SECONDS = 1.0


def serve(app: ASGIApp, host: str, port: int, *, forwarded_allow_ips: str | Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM, and print where.

    Args:
        app: The application.
        host: The address to bind.
        port: The port to bind, 0 for any that is free.
        forwarded_allow_ips: Proxies whose `X-Forwarded-…` headers are believed.

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
    _close_in_children(sockets)
    url = f"http://{f'[{host}]' if ':' in host else host}:{sockets[0].getsockname()[1]}"
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        access_log=False,
        log_level="info",
        proxy_headers=forwarded_allow_ips is not None,
        forwarded_allow_ips=forwarded_allow_ips
        if isinstance(forwarded_allow_ips, str | None)
        else [*forwarded_allow_ips],
        timeout_graceful_shutdown=_REQUESTS_GRACE_SECONDS,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
    with contextlib.suppress(KeyboardInterrupt):
        Server(config).run(sockets)
    _exit_even_if_threads_linger()


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


def _exit_even_if_threads_linger() -> None:
    """End the process soon after its main thread, should a thread of the user's own keep it.

    Python waits at exit for every thread that is no daemon; an algorithm may have started one that never ends.
    """
    ending = threading.Event()
    # Called before any thread is waited for, those of `concurrent.futures` included, which the standard library waits
    # for before it says that the main thread has ended.
    threading._register_atexit(ending.set)  # type: ignore[attr-defined]

    def end() -> None:
        ending.wait()
        time.sleep(_EXIT_GRACE_SECONDS)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    threading.Thread(target=end, name="algomancy-api-exit", daemon=True).start()
