"""What is no HTTP, or headers without end."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import uvicorn

from algomancy_api.http.server import MAX_HEAD_BYTES, BoundedProtocol


async def _app(scope: dict[str, str], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Read the body and answer 204; refuse it unread on `/refuse`."""
    while scope["path"] != "/refuse" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server that speaks the bounded protocol."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(_app, http=BoundedProtocol, lifespan="off", log_level="error"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(20)
    listener.close()


def answer(port: int, sent: bytes) -> tuple[int, bytes]:
    """The status and the body of the first answer to what is sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        with closing(http.client.HTTPResponse(connection)) as response:
            response.begin()
            return response.status, response.read()


GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
MANY = (b"a: " + b"b" * 97 + b"\r\n") * (MAX_HEAD_BYTES // 97)

REFUSED = {
    "one header": GET + b"a: " + b"b" * MAX_HEAD_BYTES,
    "many headers": GET + MANY,
    "request line": b"GET /" + b"a" * MAX_HEAD_BYTES,
    "trailers": CHUNKED + b"1\r\nx\r\n0\r\n" + MANY,
    "chunk extension": CHUNKED + b"1;" + b"a" * MAX_HEAD_BYTES,
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_headers_without_end_are_refused(sent: bytes, port: int) -> None:
    """The server answers at its bound, although the request is not complete, and closes the connection."""
    assert answer(port, sent) == (400, b'{"detail":"The headers must be at most 65,536 bytes long."}')


TAKEN = {
    "long header": GET + b"a: " + b"b" * (MAX_HEAD_BYTES - 100) + b"\r\n\r\n",
    "long body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000,
    "body in small chunks": CHUNKED + b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n",
    "one request after another": (GET + b"\r\n") * 4_000,
}


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN)
def test_whatever_is_no_header_does_not_count(sent: bytes, port: int) -> None:
    """Bodies and requests have other bounds."""
    assert answer(port, sent) == (204, b"")


def test_what_is_no_http_is_refused_in_json(port: int) -> None:
    """Also where no route is reached an error is an object with `detail`."""
    assert answer(port, b"rubbish\r\n\r\n") == (400, b'{"detail":"Invalid HTTP request received."}')


def test_refusal_reaches_a_client_that_sends_on(port: int) -> None:
    """A client that reads only when its body is sent gets the answer, though the connection closes after it."""
    head = b"POST /refuse HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 30000000\r\n\r\n"
    assert answer(port, head + b"x" * 30_000_000) == (204, b"")


def test_connection_that_was_refused_takes_no_other_request(port: int) -> None:
    """What is sent after a refusal is thrown away."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"POST /refuse HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\n")
        told = b""
        while received := connection.recv(4096):
            told += received
        connection.sendall(b"x" * 10 + GET + b"\r\n")
        assert told.count(b"HTTP/1.1") == 1
