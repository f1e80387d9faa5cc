"""Serving from a process of its own: it starts, and a signal stops it whatever is running."""

from __future__ import annotations

import http.client
import inspect
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from algomancy_api.backend_calls import BackendCalls
from algomancy_api.http.server import _REQUESTS_GRACE_SECONDS, serve
from tests.repository import ROOT

PROGRAM = """
import concurrent.futures, os, sys, threading, time
sys.path.insert(0, {folder!r})
from tests.algomancy_api.conftest import FakeSessions, configuration
from algomancy_api import ApiLauncher

def hang(*_):
    if os.fork() == 0:
        os.close(1)
        os.close(2)
        sys.stdin.read()
        os._exit(0)
    print("hanging", flush=True)
    time.sleep(600)

backend = FakeSessions()
backend.main.etl_data = hang
app = ApiLauncher.build(configuration(), session_manager=backend)
threading.Thread(target=time.sleep, args=(600,)).start()
concurrent.futures.ThreadPoolExecutor().submit(time.sleep, 600)
ApiLauncher.run(app, port=0, exit_grace_seconds=1)
print("returned", flush=True)
"""


class Process:
    """A server in a process, with what it has written so far."""

    def __init__(self) -> None:
        program = PROGRAM.format(folder=str(ROOT))
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read until the output matches."""
        assert self.process.stdout is not None
        while (match := re.search(pattern, self.output)) is None:
            line = self.process.stdout.readline()
            assert line, self.output
            self.output += line
        return match


@pytest.fixture
def server() -> Iterator[Process]:
    """A server whose uploads never end and leave a child behind, beside threads that never end."""
    started = Process()
    yield started
    started.process.kill()
    started.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_signal_stops_the_server(number: signal.Signals, server: Process) -> None:
    """An upload that never ends, its child, an open connection and foreign threads do not keep it."""
    port = int(server.wait_for(r"http://127\.0\.0\.1:(\d+)")[1])
    with (
        closing(socket.create_connection(("127.0.0.1", port))),
        closing(http.client.HTTPConnection("127.0.0.1", port)) as upload,
    ):
        form = (
            '--x\r\nContent-Disposition: form-data; name="dataset_name"\r\n\r\nup\r\n'
            '--x\r\nContent-Disposition: form-data; name="files"; filename="i.csv"\r\n\r\n1\r\n--x--\r\n'
        )
        upload.request("POST", "/api/v1/sessions/main/etl", form, {"Content-Type": "multipart/form-data; boundary=x"})
        server.wait_for("hanging")
        server.process.send_signal(number)
        server.process.wait(60)
        # The child that the upload forked is still there; it does not keep the port.
        socket.create_server(("127.0.0.1", port)).close()
        rest, _ = server.process.communicate(timeout=20)
        assert "Traceback" not in server.output + rest
        assert server.process.returncode == (0 if number is signal.SIGINT else -signal.SIGTERM)


def test_second_interrupt_stops_the_server_without_a_trace(server: Process) -> None:
    """It gives up at once what the first one lets come to its end, and that is no error."""
    port = int(server.wait_for(r"http://127\.0\.0\.1:(\d+)")[1])
    with closing(socket.create_connection(("127.0.0.1", port))) as upload:
        head = "POST /api/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        upload.sendall(f"{head}Content-Length: 9\r\nExpect: 100-continue\r\n\r\n".encode())
        assert upload.recv(100).startswith(b"HTTP/1.1 100")  # Now the server waits for the body.
        server.process.send_signal(signal.SIGINT)
        server.wait_for("Shutting down")
        server.process.send_signal(signal.SIGINT)
        server.process.wait(60)
    rest, _ = server.process.communicate(timeout=20)
    assert "Traceback" not in server.output + rest
    assert server.process.returncode == 0


def test_waits_at_the_end_add_up_to_five_seconds() -> None:
    """Requests under way, the backend, and at last the threads of the user's each have a moment of their own."""
    closing_backend = inspect.signature(BackendCalls).parameters["close_seconds"].default
    assert _REQUESTS_GRACE_SECONDS + closing_backend + 1 <= 5


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_address_in_use_is_an_error_of_the_callers(host: str) -> None:
    """An address that cannot be bound is an `OSError` that names it."""

    async def app(scope: object, receive: object, send: object) -> None:
        raise RuntimeError

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match=f"cannot bind {host}, port {taken.getsockname()[1]}"):
            serve(app, host, taken.getsockname()[1])


@pytest.mark.parametrize(("grace", "seldom"), [("1", "True"), ("None", "False")])
def test_process_for_the_server_alone_looks_for_garbage_seldom(grace: str, seldom: str) -> None:
    """There the collector is set up for a server; in a process that does more it is left as it is."""
    program = f"""
import gc, os
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from algomancy_api.backend_calls import BackendCalls
from algomancy_api.http.server import _REQUESTS_GRACE_SECONDS, serve

usual = gc.get_threshold()

@asynccontextmanager
async def lifespan(_):
    print(gc.get_threshold() > usual, gc.get_freeze_count() > 0, flush=True)
    os._exit(0)
    yield

serve(Starlette(lifespan=lifespan), "127.0.0.1", 0, exit_grace_seconds={grace})
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout.split()[:2] == [seldom, seldom], result.stderr
