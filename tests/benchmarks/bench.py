"""What a row of the table is, and what the rows measure with: a server, its sessions, and other clients."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.benchmarks.load import Load, load
from tests.benchmarks.processes import Server, server
from tests.benchmarks.project import stock_csv


@dataclass
class Row:
    """One line of the table.

    Attributes:
        name: What was measured.
        figures: Each measured value, by its name and unit.
        goals: Each goal in words, and whether it was reached.
    """

    name: str
    figures: dict[str, float] = field(default_factory=dict)
    goals: dict[str, bool] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every goal was reached."""
        return all(self.goals.values())


@dataclass(frozen=True)
class Bench:
    """How to measure: repetitions and seconds of each load."""

    repeat: int = 3
    seconds: float = 3
    url: str | None = None

    @contextmanager
    def subject(self, **overrides: Any) -> Iterator[Server]:
        """The server that is measured: the one at `url`, or one of our own."""
        if self.url:
            yield Server(self.url.rstrip("/"), None, 0)
        else:
            with server("project", json.dumps(overrides)) as own:
                yield own

    def compare(self, url: str, bare: Server) -> tuple[list[float], list[Load], list[Load]]:
        """The ratios of `url` to a bare reply of the same bytes, and both sides' loads, alternating."""
        httpx.put(f"{bare.url}/body", content=httpx.get(url).raise_for_status().content)
        ours, limits = [], []
        for _ in range(self.repeat):
            limits.append(load(f"{bare.url}/body", self.seconds))
            ours.append(load(url, self.seconds))
        return [a.rate / b.rate for a, b in zip(ours, limits, strict=True)], ours, limits


def small_dataset(root: str) -> str:
    """The URL of a new session, below the sessions' URL `root`, with a small dataset `data`."""
    body = {"display_name": f"bench {time.monotonic_ns()}"}
    listed = httpx.post(root, json=body).raise_for_status().json()
    session = f"{root}/{listed['sessions'][-1]['id']}"
    upload(session, "data", stock_csv(10))
    return session


def new_session(base: Server) -> str:
    """The URL of a new session with a small dataset `data`."""
    return small_dataset(f"{base.url}/api/v1/sessions")


def client() -> httpx.Client:
    """A client that, like wrk, does not ask for compression: the bare app has none."""
    return httpx.Client(timeout=60, headers={"Accept-Encoding": "identity"})


class _Upload(io.BytesIO):
    """Content that notes when the last of it was taken to be sent."""

    taken = 0.0

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self.taken = time.perf_counter()
        return piece


def upload(session: str, key: str, content: bytes, table: str = "stock") -> float:
    """Make a dataset of a csv file; return the seconds from the last byte sent to the answer."""
    upload = _Upload(content)
    files = {"files": (table if "." in table else f"{table}.csv", upload)}
    answer = httpx.post(f"{session}/etl", data={"dataset_name": key}, files=files, timeout=120).raise_for_status()
    took = time.perf_counter() - upload.taken
    if not answer.json()["success"]:
        raise RuntimeError(f"The upload was refused: {answer.json()['messages'][:3]}")
    return took


def create(
    session: str,
    tag: str,
    http: httpx.Client | None = None,
    algorithm: str = "Instant",
    key: str = "data",
    effort: int = 1,
) -> dict[str, Any]:
    """Create a scenario; gives its object."""
    body = {"tag": tag, "dataset_key": key, "algo_name": algorithm, "algo_params": {"effort": effort}}
    answer = (http or httpx).post(f"{session}/scenarios", json=body).raise_for_status()
    scenario: dict[str, Any] = answer.json()
    return scenario


def fill(session: str, count: int) -> str:
    with client() as http:
        for number in range(count):
            create(session, f"scenario {number}", http)
    return f"{session}/scenarios"


class Line:
    """A connection that is kept open, with next to no work of its own: what it waits for is the server.

    Args:
        url: Any URL of the server.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, url: str, body: object = None) -> bytes:
        """Return the body of the answer, which must be a success and tell its length."""
        content = b"" if body is None else json.dumps(body).encode()
        asked = f"{method} {urlsplit(url).path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n"
        self._socket.sendall(f"{asked}Content-Type: application/json\r\n\r\n".encode() + content)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(65_536)
        head, _, content = answer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        while len(content) < length:
            content += self._socket.recv(65_536)
        if head.split()[1][:1] != b"2":
            raise RuntimeError(f"{method} {url} was answered {content.decode()}")
        return content


def seconds_of(call: Callable[[], httpx.Response]) -> float:
    begin = time.perf_counter()
    call().raise_for_status()
    return time.perf_counter() - begin


@contextmanager
def another_client(url: str) -> Iterator[list[float]]:
    """While this lasts another client asks for `url` all the time; gives the list of its waits in seconds."""
    waits: list[float] = []
    done = threading.Event()

    def ask() -> None:
        with client() as http:
            while not done.wait(0.001):
                waits.append(seconds_of(lambda: http.get(url)))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waits
    finally:
        done.set()
        thread.join()
