"""The kit's client: a target that breaks off is wrong, one that is gone cannot be tested."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from algomancy_conformance.options import Options
from algomancy_conformance.outcomes import KitError, Outcome, Untried
from algomancy_conformance.running.plugin import check_target
from algomancy_conformance.target.client import Api
from algomancy_conformance.target.servers import UrlTarget
from algomancy_conformance.target.wire import Reply

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class Fragile:
    """A server that answers {}, resets the connection on /reset, once on /once, and closes for good on /die.

    Attributes:
        asked: The first line of each request.
    """

    asked: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with self._listener:
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    line = connection.recv(65536).partition(b"\r\n")[0]
                    self.asked.append(line)
                    if b"/die" in line:
                        return
                    if b"/reset" in line or (b"/once" in line and self.asked.count(line) == 1):
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                    else:
                        connection.sendall(OK)

    def close(self) -> None:
        """End it, if it has not ended yet."""
        if self._thread.is_alive():
            with socket.create_connection(("127.0.0.1", int(self.url.rpartition(":")[2]))) as connection:
                connection.sendall(b"GET /die HTTP/1.1\r\n")
        self._thread.join(5)


@pytest.fixture
def fragile() -> Iterator[Fragile]:
    """A server that can be broken by asking."""
    server = Fragile()
    yield server
    server.close()


def test_request_that_breaks_the_connection_accuses_the_target(fragile: Fragile) -> None:
    """A target that resets one connection and answers the next is wrong about the first."""
    api = Api(fragile.url)
    with pytest.raises(AssertionError, match="broke off"):
        api.root("GET", "/reset")

    assert api.root("GET", "/health").status == 200
    api.close()


def test_request_is_repeated_on_a_fresh_connection_before_anybody_is_blamed(fragile: Fragile) -> None:
    """A connection that is closed under a request accuses nobody when the same request is answered on another one."""
    api = Api(fragile.url)

    assert api.root("GET", "/once").status == 200
    assert [line.split()[1] for line in fragile.asked] == [b"/once", b"/once"]
    assert api.sent == 1
    api.close()


def test_target_that_is_gone_accuses_nobody(fragile: Fragile) -> None:
    """A target that answers no more is the network's fault as far as the kit can tell."""
    api = Api(fragile.url)
    with pytest.raises(KitError, match="is gone"):
        api.root("GET", "/die")
    with pytest.raises(KitError, match="no connection"):
        api.root("GET", "/health")

    assert api.unanswered == 2
    api.close()


def test_run_whose_target_dies_ends_early_with_errors(fragile: Fragile) -> None:
    """Once a target has died the rest of the run is ERROR, not FAIL, and does not wait for it again and again."""

    def kill(_: object) -> None:
        if len(fragile.asked) > 4:
            fragile.close()

    verdict = check_target(
        UrlTarget(fragile.url), Options(seed=1, only=("SES-4",), layers=("clauses",)), on_result=kill
    )
    died = [c.message for c in verdict.checks if c.outcome is Outcome.ERROR]

    assert verdict.errors
    assert "the target has stopped answering" in died
    assert sum("no connection" in message for message in died) <= 3


@pytest.mark.parametrize("address", ["http://192.0.2.1/x", "//192.0.2.1/x", "https://127.0.0.1:1/x"])
def test_client_never_follows_to_another_server(address: str) -> None:
    """An address a target names, in Location say, is asked for on the target alone: it would be told the token."""
    api = Api("http://127.0.0.1:1", token="secret", timeout=0.1)
    with pytest.raises(Untried, match="another server"):
        api.root("GET", address)
    api.close()


def test_address_with_strange_characters_is_sent_percent_encoded(fragile: Fragile) -> None:
    """Whatever an address holds that a target names, the request is one line."""
    api = Api(fragile.url)

    assert api.root("GET", "/a\x00b c/ü%2F").status == 200
    assert fragile.asked == [b"GET /a%00b%20c/%C3%BC%2F HTTP/1.1"]
    api.close()


def test_answer_that_comes_before_the_request_has_ended_is_heard() -> None:
    """A target that refuses a long body and closes without reading it has answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(OK.replace(b"200 OK", b"413 Too Large"))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(2**20):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        api = Api(f"http://127.0.0.1:{listener.getsockname()[1]}")

        assert api.post("/x", content=b"x" * 2**22).status == 413
        api.close()
        thread.join(5)


def test_route_that_hangs_is_asked_a_few_times_only() -> None:
    """A route that is not answered in time is not waited for again and again; others are asked as before."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api = Api(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.05)  # nobody accepts
        said = []
        for path in ["/sessions"] * 6 + ["/health"]:
            with pytest.raises(KitError) as error:
                api.get(path)
            said.append("asked no more" in str(error.value))

        assert said == [False] * 4 + [True] * 2 + [False]
        api.close()


def test_target_that_hangs_on_one_route_is_not_gone() -> None:
    """Requests that are not answered in time count as a target that is gone only where it answers nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(4):  # each request, and after it the question whether anything is answered
                connection, _ = listener.accept()
                kept.append(connection)
                if b"GET /health" in connection.recv(65536):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        kept: list[socket.socket] = []
        threading.Thread(target=serve, daemon=True).start()
        api = Api(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=2)
        for path in ("/sessions", "/runs"):
            with pytest.raises(KitError, match="TimeoutError"):
                api.get(path)

        assert api.unanswered == 0
        api.close()
        for connection in kept:
            connection.close()


def test_packed_answer_is_unpacked_and_repeated_headers_are_joined() -> None:
    """The body is what the target meant, whether it packs it or not."""
    packed = gzip.compress(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\nX-Y: a\r\nx-y: b\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def send() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(head.encode() + packed)

        thread = threading.Thread(target=send)
        thread.start()
        api = Api(f"http://127.0.0.1:{listener.getsockname()[1]}")
        answer = api.get("/x")

        assert answer.json() == {"a": 1}
        assert answer.headers["x-y"] == "a, b"
        api.close()
        thread.join(5)


def test_token_a_target_repeats_is_not_kept() -> None:
    """A token that comes back in an answer is in no exchange."""
    api = Api("http://127.0.0.1:1", token="s<>&t")
    told = Reply(400, {"x": "s<>&t"}, b'{"detail": "s<>&t"}')
    answer = api.record("GET", "http://127.0.0.1:1/x", (), b"", told)

    assert answer.exchange.answer == '{"detail": "***"}'
    assert answer.exchange.answer_headers["x"] == "***"
    api.close()
