"""A Python process of its own that does one call at a time for this one, and can be killed at any moment.

It is started by `subprocess`, so it runs no line of the program's `__main__`, may be started by a daemonic process, and
leaves no semaphores behind. It ends with the process that started it, whatever ends that one, and so does all that it
has started itself.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import json
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from algomancy_utils.worker_process import serve; serve(*map(int, sys.argv[2:]))"
)
_LOOK_SECONDS = 0.5


class WorkerEndedError(Exception):
    """The process ended before its call did; the message tells how: `killed by signal 11`, `exit code 3`."""


class UnreadableCallError(Exception):
    """The process cannot make anything of a call: what it names cannot be imported there."""


class Port:
    """The process's own end of the line, handed to the function it is to call.

    Attributes:
        on_message: Called with what `WorkerProcess.send` sends during the call, from a thread of its own.
        kept: What functions keep from one call to the next.
    """

    def __init__(self, connection: Connection[Any, Any]) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.on_message: Callable[[Any], None] | None = None
        self.kept: dict[Any, Any] = {}

    def note(self, value: object) -> None:
        """Tell the caller something before the call ends."""
        self._send(("note", value))

    def _send(self, message: tuple[str, object]) -> None:
        document = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        del message  # Else there would be a large result three times while it is sent.
        with self._lock:
            self._connection.send_bytes(document)


class WorkerProcess:
    """Starts a process that waits for calls.

    Args:
        niceness: How far it steps back behind other processes, 0 to 19.
        silent: Whether what it writes to its standard error goes nowhere; else it goes where this process's goes.

    Raises:
        OSError: The system cannot start another process.
    """

    def __init__(self, niceness: int = 0, *, silent: bool = False) -> None:
        ours, theirs = socket.socketpair()
        their_end, self._lifeline = os.pipe()
        handed = [theirs.fileno(), their_end]
        command = [sys.executable, "-c", _BOOT, json.dumps(sys.path), *map(str, handed), str(niceness)]
        try:
            self._process = subprocess.Popen(
                command,
                pass_fds=handed,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if silent else None,
                # A group to be killed as one; but no session, for the kernel shares time out between sessions first,
                # where there are many, and niceness would count for nothing against this process.
                process_group=0,
            )
        except BaseException:
            ours.close()
            os.close(self._lifeline)
            raise
        finally:
            theirs.close()
            os.close(their_end)
        self._connection: Connection[Any, Any] = Connection(ours.detach())
        self._sending = threading.Lock()
        self._running = threading.Lock()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def run(self, call: bytes, on_note: Callable[[Any], None]) -> Any:  # noqa: ANN401 - whatever the function returns
        """Have the process call a function, and wait for it.

        Args:
            call: The pickled pair of a function and its arguments; it is called with a `Port` before them.
            on_note: Called, in this thread, with what the function notes.

        Returns:
            What it returns.

        Raises:
            WorkerEndedError: The process died of it, or was killed.
            UnreadableCallError: The process cannot make anything of `call`.
            Exception: Whatever the function raises.
        """
        with self._running:
            try:
                self._post(b"call", call)
                while True:
                    kind, value = self._receive()
                    if kind != "note":
                        break
                    on_note(value)
            except (EOFError, OSError):
                raise WorkerEndedError(self._ending()) from None
            except BaseException:
                self.kill()  # What it is at, nobody will ask for any more.
                raise
        if kind == "value":
            return value
        raise UnreadableCallError(value) if kind == "unreadable" else value

    def send(self, message: object) -> None:
        """Send something to the function that is being called; nothing happens when the process is gone."""
        with contextlib.suppress(OSError):
            self._post(b"message", pickle.dumps(message))

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with contextlib.suppress(ChildProcessError):
            while True:  # The first process of a container is left what it must wait for: the guard, a solver.
                os.waitpid(-self._process.pid, 0)

    def close(self) -> None:
        """End the process and let go of the line to it."""
        self.kill()
        with self._running:  # A run under way in another thread sees the death of the process, and ends.
            if not self._connection.closed:
                self._connection.close()
                os.close(self._lifeline)

    def _post(self, kind: bytes, content: bytes) -> None:
        with self._sending:
            self._connection.send_bytes(kind)
            self._connection.send_bytes(content)

    def _receive(self) -> tuple[str, Any]:
        # A process that outlives its parent may hold the line open: an end of file alone would not tell.
        while not self._connection.poll(_LOOK_SECONDS):
            if self._process.poll() is not None and not self._connection.poll():
                raise EOFError
        message: tuple[str, Any] = pickle.loads(self._connection.recv_bytes())
        return message

    def _ending(self) -> str:
        try:
            code = self._process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return "it stopped answering"
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def serve(line: int, lifeline: int, niceness: int) -> None:
    """Be the process: do calls until the line ends.

    Args:
        line: The socket to the process that started this one.
        lifeline: The end of a pipe whose other end that process holds for as long as it lives.
        niceness: How far to step back behind other processes.
    """
    # These are for the parent, which decides when its workers end; a service manager sends them to all processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _let_sigterm_pass()
    for stopping in (signal.SIGTTIN, signal.SIGTTOU):  # A terminal would stop what uses it from the background.
        signal.signal(stopping, signal.SIG_IGN)
    faulthandler.enable(all_threads=False)  # So the log tells where native code crashed.
    _leave_a_guard(lifeline, line)
    os.nice(niceness)
    port = Port(Connection(line))
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(port, calls), daemon=True).start()
    while True:
        _answer(port, calls.get())


def _let_sigterm_pass() -> None:
    """Let a signal pass by this process, but not by those that a run forks, from the first moment they live."""

    def end_by_it_again() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    # A handler, and not `SIG_IGN`, which programs that a run starts would inherit.
    signal.signal(signal.SIGTERM, lambda *_: None)
    os.register_at_fork(
        before=functools.partial(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGTERM}),
        after_in_parent=functools.partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, {signal.SIGTERM}),
        after_in_child=end_by_it_again,
    )


def _answer(port: Port, call: bytes) -> None:
    try:
        function, arguments = pickle.loads(call)
    # Unpickling imports the user's modules, which may raise anything.
    except Exception as error:
        port._send(("unreadable", f"{type(error).__name__}: {error}"))
        return
    try:
        port._send(("value", function(port, *arguments)))
    except Exception as error:
        port._send(("error", error))
    finally:
        port.on_message = None


def _listen(port: Port, calls: queue.SimpleQueue[bytes]) -> None:
    connection = port._connection
    try:
        while True:
            kind, content = connection.recv_bytes(), connection.recv_bytes()
            if kind == b"call":
                calls.put(content)
            elif port.on_message is not None:
                port.on_message(pickle.loads(content))
    except (EOFError, OSError):
        os._exit(0)


def _leave_a_guard(lifeline: int, line: int) -> None:
    """Fork a process that kills this one, and all that it has started, when the lifeline ends.

    This one may not be able to: native code may hold the interpreter's lock, and its children know of no lifeline.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os.close(lifeline)
        return
    if os.fork():
        os._exit(0)  # So that the guard is nobody's child: whoever waits for theirs does not wait for it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.close(line)
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)
