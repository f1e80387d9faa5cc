"""Server processes, and what they cost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    parents = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # It may end while it is looked at.
            stat = (process / "stat").read_text(encoding="utf-8")
            parents[int(process.name)] = int(stat.rpartition(")")[2].split()[1])
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


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
