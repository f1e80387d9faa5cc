"""Where the requests go: a URL somebody serves, or a server the kit starts, kills and starts again itself."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ..outcomes import KitError, Untried
from .wire import BROKEN_OFF, CannotConnectError, Connection

START_SECONDS = 30.0
MEMORY = Path("/dev/shm")
ROOM = 2**30
KEEPS_NO_STATE = 78
"""The exit code of a server that was given a folder and cannot use one."""


class Server(Protocol):
    """A running server."""

    @property
    def url(self) -> str:
        """Where it answers."""

    @property
    def folder(self) -> Path | None:
        """Where its state is, if it keeps any."""

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does where it is a process; its state stays."""

    def stop(self) -> None:
        """End it in good order, and remove a folder that was made for it."""


class Target(Protocol):
    """What is under test."""

    served_by_kit: bool

    @property
    def url(self) -> str:
        """Where it answers."""

    def fresh(self) -> Server:
        """Another, brand-new server of the same kind, which the kit may wipe."""

    def durable(self, folder: Path | None = None) -> Server:
        """Another server of the same kind that keeps its state.

        Args:
            folder: The state it begins with. Without one it is a server that has been used at most as :meth:`fresh`.
        """

    def close(self) -> None:
        """End what the kit started."""


class UrlTarget:
    """A server that runs already, and belongs to somebody else."""

    served_by_kit = False

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def fresh(self) -> Server:
        """Not to be had for a URL."""
        raise Untried(
            "a server the kit may wipe is needed: start it with --app or --serve, or give --disposable", "--disposable"
        )

    def durable(self, folder: Path | None = None) -> Server:  # noqa: ARG002
        """Not to be had for a URL."""
        raise Untried(
            "a server the kit may kill is needed: start it with --app or --serve, or give --restart-command",
            "--restart-command COMMAND",
        )

    def close(self) -> None:
        """Nothing was started."""


class ProcessServer:
    """A server in a process group of its own, its output kept in a file.

    Args:
        command: Its words; ``{port}`` is replaced by a free port and ``{data}`` by the folder for its state.
        folder: That folder; one is made, and removed when the server is stopped, if none is given.
    """

    def __init__(self, command: list[str], folder: Path | None = None) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder or Path(tempfile.mkdtemp(prefix="conformance-", dir=in_memory()))
        self._made = folder is None
        words = [word.replace("{port}", str(port)).replace("{data}", str(self.folder)) for word in command]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the server runs
        try:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True
            )
        except OSError as error:
            self._log.close()
            self._tidy()
            raise KitError(f"The server could not be started: {error}") from None
        try:
            wait_until_answering(self.url, lambda: self._process.poll() is None)
        except (KitError, KeyboardInterrupt) as error:
            self.kill()
            self._tidy()
            if isinstance(error, KeyboardInterrupt):
                raise
            if self._process.returncode == KEEPS_NO_STATE:
                raise Untried("the application factory takes no data_path to keep its state in") from None
            raise KitError(f"{error} Its output ends with: {self._said[-2000:]}") from None

    def kill(self) -> None:
        """SIGKILL to the whole process group."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to whatever is left after some seconds."""
        self._end(signal.SIGTERM)
        self._tidy()

    def _tidy(self) -> None:
        if self._made:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._log.closed:
            return
        for step in (how, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, step)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._log.seek(0)
        self._said = self._log.read().decode("utf-8", "replace")
        self._log.close()


class CommandTarget:
    """A server started from a command line, as often as the checks need one.

    Args:
        command: Its words; ``{port}`` is replaced by a free port and ``{data}`` by a folder for its state.
        durable_command: The same for a server that keeps its state; None where `command` cannot.
        served_by_kit: Whether what reads the requests is the kit's, and only the application the target's.
    """

    def __init__(self, command: list[str], durable_command: list[str] | None, *, served_by_kit: bool = False) -> None:
        self._command = command
        self._durable_command = durable_command
        self.served_by_kit = served_by_kit
        self._servers: list[Server] = []
        self._used: Server | None = None
        self.url = self._start(command).url

    def fresh(self) -> Server:
        """Start another server on a folder of its own."""
        server = self._start(self._command)
        if self._command == self._durable_command:
            self._used = server
        return server

    def durable(self, folder: Path | None = None) -> Server:
        """Start another server that keeps its state in `folder`; without one, a server that was fresh will do."""
        if self._durable_command is None:
            raise Untried("the server's command line takes no {data} folder to keep its state in")
        if folder is None and self._used is not None:
            used, self._used = self._used, None
            return used
        return self._start(self._durable_command, folder)

    def _start(self, command: list[str], folder: Path | None = None) -> Server:
        server = ProcessServer(command, folder)
        self._servers.append(server)
        return server

    def close(self) -> None:
        """End every server that was started."""
        for server in self._servers:
            server.stop()


def find_target(
    url: str | None, app: str | None, serve: str | None, replicas: Iterable[str] = (), *, allow_remote: bool = False
) -> tuple[Target, str]:
    """The target and what to call it.

    Raises:
        KitError: Not exactly one target is given, it cannot be served, or it is not on this machine.
    """
    if sum(map(bool, (url, app, serve))) != 1:
        raise KitError("Give one target: a URL, --app or --serve.")
    for replica in replicas:
        check_address(replica, allow_remote=allow_remote)
    if app:
        return serve_factory(app), app
    if serve:
        return serve_command(serve), serve
    address = check_address(str(url), allow_remote=allow_remote)
    return UrlTarget(address), " + ".join((address, *replicas))


def check_address(address: str, *, allow_remote: bool) -> str:
    """`address`, when it is one of a server the kit may test.

    Raises:
        KitError: It is none.
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = None
    if not usable:
        raise KitError(f"{address} is no URL of a server: http://HOST:PORT is wanted.")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise KitError(f"{address} has a path: give the server's address, and the path with --prefix.")
    if parts.username is not None:
        raise KitError("The URL has a name or a password in it: give a bearer token with --token.")
    if not allow_remote and not is_loopback(str(parts.hostname)):
        raise KitError(f"{parts.hostname} is not this machine: add --allow-remote if you may test it.")
    return address


def is_loopback(host: str) -> bool:
    """Whether every address of `host` is a loopback address."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ipaddress.ip_address(str(a).split("%")[0]).is_loopback for a in found)


def serve_command(command: str) -> CommandTarget:
    """The target behind ``--serve``.

    Raises:
        KitError: It is no command line, or the server does not start.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise KitError(f"--serve {command}: {error}") from None
    keeps_state = any("{data}" in word for word in words)
    return CommandTarget(words, words if keeps_state else None)


def serve_factory(factory: str) -> CommandTarget:
    """The target behind ``--app``: a function that gives an ASGI application, served by a process of its own."""
    words = [sys.executable, "-m", "algomancy_conformance.target.serving", factory, "--port", "{port}"]
    return CommandTarget(words, [*words, "--data", "{data}"], served_by_kit=True)


def in_memory() -> str | None:
    """A file system in memory, where there is one with room: what the kit kills are processes, never the power.

    A server that writes each change down for good is several times faster there, and is asked no less.
    """
    usable = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return str(MEMORY) if usable and "TMPDIR" not in os.environ else None


def free_port() -> int:
    """A port of 127.0.0.1 nobody uses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until_answering(url: str, alive: Callable[[], bool] = lambda: True, seconds: float = START_SECONDS) -> None:
    """Return as soon as `url` answers anything at all.

    Raises:
        KitError: It does not within `seconds`, or `alive` says it never will.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not alive():
            raise KitError("The server ended before it answered.")
        with contextlib.suppress(CannotConnectError, OSError, *BROKEN_OFF):
            with contextlib.closing(Connection(url, timeout=2.0)) as connection:
                connection.ask("GET", "/health", ())
            return
        time.sleep(0.02)
    raise KitError(f"{url} did not answer within {seconds:g} seconds.")
