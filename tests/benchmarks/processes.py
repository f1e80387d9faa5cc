"""Server processes, and what they cost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

HERE = Path(__file__).parent
MIB = 2**20


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        url: Where it is.
        pid: Its process, or `None` when somebody else started it.
        start_seconds: From its start to its first answer.
    """

    url: str
    pid: int | None
    start_seconds: float

    def memory(self, field: str = "VmRSS") -> int:
        """Bytes that the process and its children hold (`VmRSS`) or have held at most (`VmHWM`)."""
        return sum(_status(pid, field) for pid in _family(self.pid)) if self.pid else 0

    def forget_peak(self) -> None:
        """Let the highest memory so far count from now."""
        for pid in _family(self.pid) if self.pid else []:
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _family(pid: int) -> list[int]:
    # A child is listed with the thread that started it.
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    children = [child for thread in threads for child in thread.read_text(encoding="ascii").split()]
    return [pid, *(member for child in children for member in _family(int(child)))]


def _status(pid: int, field: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split(f"{field}:")[1].split()[0]) * 1024


@contextmanager
def server(module: str, *arguments: str, path: str = "/health") -> Iterator[Server]:
    """Run a module of this folder that serves and prints its port; wait for the first answer."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    process = subprocess.Popen(command, cwd=HERE.parents[1], stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("The server has no output to read its port from.")
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        with httpx.Client(transport=httpx.HTTPTransport(retries=20), timeout=20) as http:
            http.get(f"{url}{path}")
        yield Server(url, process.pid, time.perf_counter() - begin)
    finally:
        process.terminate()
        process.wait(15)
        if process.stdout is not None:
            process.stdout.close()
