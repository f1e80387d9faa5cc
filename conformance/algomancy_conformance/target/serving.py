"""Serves one application factory on a port of 127.0.0.1, in a process the kit may kill.

Run as ``python -m algomancy_conformance.target.serving module:factory --port N [--data FOLDER]``.
"""

from __future__ import annotations

import importlib
import inspect
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import uvicorn

from ..outcomes import KitError
from .servers import KEEPS_NO_STATE

LONGEST_HEAD = 2**20
App = Any
"""An ASGI application of whatever framework."""


def load_factory(name: str) -> Callable[..., Any]:
    """The function behind ``module:name``.

    Raises:
        KitError: There is none.
    """
    module_name, _, attribute = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        factory = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise KitError(f"--app {name}: {error}") from None
    if not callable(factory):
        raise KitError(f"--app {name}: this is not a function that gives an application")
    function: Callable[..., Any] = factory
    return function


def make_app(factory: Callable[..., Any], data: Path | None) -> App:
    """Call `factory`, with ``data_path`` where it is given and the function takes it.

    Raises:
        KitError: It gives something that is no ASGI application.
    """
    arguments: dict[str, str] = {}
    if data is not None:
        if "data_path" not in inspect.signature(factory).parameters:
            sys.exit(KEEPS_NO_STATE)
        arguments["data_path"] = str(data)
    app = factory(**arguments)
    if not callable(app):
        raise KitError(f"The application factory gave {type(app).__name__}, not an ASGI application.")
    return app


class ThreadServer:
    """An application served by a thread of this process: quick to start, for the selftest."""

    folder = None

    def __init__(self, app: App) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="critical",
                lifespan="auto",
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=LONGEST_HEAD,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="conformance-server", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise KitError("The application did not start.")
            time.sleep(0.005)

    def stop(self) -> None:
        """End it in good order."""
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()

    kill = stop


@click.command()
@click.argument("factory")
@click.option("--port", type=int, required=True)
@click.option("--data", type=click.Path(path_type=Path))
def main(factory: str, port: int, data: Path | None) -> None:
    """Serve FACTORY until the process is ended."""
    try:
        app = make_app(load_factory(factory), data)
    except KitError as error:
        raise click.ClickException(str(error)) from None
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
