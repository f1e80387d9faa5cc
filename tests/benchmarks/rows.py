"""The rows of the table: what each measures, and what it has to reach.

A row that compares with the bare app alternates between the two, so that whatever else the machine does hits both.
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.benchmarks.load import Load, load
from tests.benchmarks.processes import HERE, MIB, Server, server
from tests.benchmarks.project import orders_csv, orders_json, orders_xlsx, stock_csv

#: Upstream 0.8.2 answered 1,800 creations for the bare app's 39,500 requests a second.
UPSTREAM_CREATIONS = 1_800 / 39_500


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


def _ratio_row(name: str, goal: float, bench: Bench, path: Callable[[str], str]) -> Row:
    row = Row(name)
    with bench.subject() as ours, server("bare") as bare:
        ratios, loads, limits = bench.compare(path(new_session(ours)), bare)
    row.figures = {
        "bare req/s": statistics.median(limit.rate for limit in limits),
        "req/s": statistics.median(load_.rate for load_ in loads),
        "of bare": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
    }
    row.goals = {
        f"≥ {goal:.2f} of bare": statistics.median(ratios) >= goal,
        "no error": not any(load_.errors for load_ in loads),
    }
    return row


def status(bench: Bench) -> Row:
    """GET status."""
    return _ratio_row("GET status", 0.72, bench, lambda s: f"{s}/scenarios/{create(s, 'one')['id']}/status")


def scenario(bench: Bench) -> Row:
    """GET scenario."""
    return _ratio_row("GET scenario", 0.38, bench, lambda s: f"{s}/scenarios/{create(s, 'one')['id']}")


def sessions(bench: Bench) -> Row:
    """GET sessions."""
    return _ratio_row("GET sessions", 0.38, bench, lambda s: s.rsplit("/", 1)[0])


def fill(session: str, count: int) -> str:
    with client() as http:
        for number in range(count):
            create(session, f"scenario {number}", http)
    return f"{session}/scenarios"


def scenarios(bench: Bench) -> Row:
    """GET scenarios with 1,000 stored; then with 10,000."""
    row = _ratio_row("GET scenarios, 1,000 stored", 0.5, bench, lambda s: fill(s, 1_000))
    with bench.subject() as ours:
        urls = [fill(new_session(ours), count) for count in (1_000, 10_000)]
        times: list[list[float]] = [[], []]
        with client() as http:
            for _ in range(20 * bench.repeat):
                for url, seconds in zip(urls, times, strict=True):
                    begin = time.perf_counter()
                    http.get(url).raise_for_status()
                    seconds.append(time.perf_counter() - begin)
    few, many = (statistics.median(seconds) for seconds in times)
    row.figures |= {"ms of 1,000": few * 1e3, "ms of 10,000": many * 1e3}
    row.goals["10,000 ≤ 12 × the time of 1,000"] = many <= 12 * few
    return row


_CREATE_LUA = """
local thread = 0
function setup(t) t:set("id", thread); thread = thread + 1 end
local n = 0
request = function()
  n = n + 1
  local body = '{"tag":"MARK-' .. id .. '-' .. n .. '","dataset_key":"data","algo_name":"Instant"}'
  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
end
"""


def creation(bench: Bench) -> Row:
    """POST scenario, from the first to beyond the 20,000th."""
    row = Row("POST scenario")
    body = {"dataset_key": "data", "algo_name": "Instant"}
    with bench.subject() as ours, server("bare") as bare:
        session = new_session(ours)
        httpx.put(f"{bare.url}/body", content=orjson.dumps(create(session, "sample")))
        loads: list[Load] = []
        limits: list[Load] = []
        stored = 0.0
        while len(loads) < bench.repeat or (stored < 22_000 and len(loads) < 20):
            limits.append(load(f"{bare.url}/body", bench.seconds))
            script = _CREATE_LUA.replace("MARK", str(len(loads)))
            loads.append(load(f"{session}/scenarios", bench.seconds, script, body))
            stored += loads[-1].rate * bench.seconds
    ratios = [ours_.rate / limit.rate for ours_, limit in zip(loads, limits, strict=True)]
    row.figures = {
        "req/s": statistics.median(load_.rate for load_ in loads),
        "of bare": statistics.median(ratios),
        "p99 ms": statistics.median(load_.p99 for load_ in loads) * 1e3,
        "first of bare": ratios[0],
        "last of bare": ratios[-1],
        "stored": stored,
    }
    row.goals = {
        f"≥ 3 × upstream ({3 * UPSTREAM_CREATIONS:.3f} of bare)": row.figures["of bare"] >= 3 * UPSTREAM_CREATIONS,
        "p99 ≤ 30 ms": row.figures["p99 ms"] <= 30,
        "last ≥ 0.7 of first": ratios[-1] >= 0.7 * ratios[0],
        "no error": not any(load_.errors for load_ in loads),
    }
    return row


def _seconds(call: Callable[[], httpx.Response]) -> float:
    begin = time.perf_counter()
    call().raise_for_status()
    return time.perf_counter() - begin


def dataset(bench: Bench) -> Row:
    """GET a dataset of 100,000 rows and ten columns."""
    row = Row("GET dataset, 100,000 rows")
    content = stock_csv(100_000)
    first, repeated, limits, peaks = [], [], [], []
    with server("bare") as bare:
        for _ in range(bench.repeat):
            with bench.subject() as ours, client() as http:
                session = new_session(ours)
                http.get(f"{session}/data/data")
                idle = ours.memory()
                upload(session, "large", content)
                ours.forget_peak()
                url = f"{session}/data/large"
                first.append(_seconds(lambda: http.get(url)))  # noqa: B023 - called here and now
                body = http.get(url).content
                peaks.append((ours.memory("VmHWM") - idle) / len(body))
                http.put(f"{bare.url}/body", content=body)
                for _ in range(5):
                    limits.append(_seconds(lambda: http.get(f"{bare.url}/body")))
                    repeated.append(_seconds(lambda: http.get(url)))  # noqa: B023
    row.figures = {
        "MB": len(body) / 1e6,
        "first s": statistics.median(first),
        "repeated ms": statistics.median(repeated) * 1e3,
        "bare ms": statistics.median(limits) * 1e3,
        "peak over idle, × body": statistics.median(peaks),
    }
    row.goals = {
        "first ≤ 0.30 s": row.figures["first s"] <= 0.30,
        "repeated ≤ 3 × bare": statistics.median(repeated) <= 3 * statistics.median(limits),
        "peak RSS ≤ 3 × body over idle": row.figures["peak over idle, × body"] <= 3,
    }
    return row


@contextmanager
def another_client(url: str) -> Iterator[list[float]]:
    """While this lasts another client asks for `url` all the time; gives the list of its waits in seconds."""
    waits: list[float] = []
    done = threading.Event()

    def ask() -> None:
        with client() as http:
            while not done.wait(0.001):
                waits.append(_seconds(lambda: http.get(url)))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waits
    finally:
        done.set()
        thread.join()


def from_json(bench: Bench) -> Row:
    """POST that dataset to from-json, while another client asks for a status."""
    row = Row("from-json of it")
    times, worst = [], []
    with bench.subject() as ours, client() as http:
        session = new_session(ours)
        status_url = f"{session}/scenarios/{create(session, 'one')['id']}/status"
        upload(session, "large", stock_csv(100_000))
        body = http.get(f"{session}/data/large").content
        for number in range(bench.repeat + 1):
            sent = body.replace(b'"name":"large"', b'"name":"copy%d"' % number, 1)
            with another_client(status_url) as waits:
                took = _seconds(lambda: http.post(f"{session}/data/from-json", content=sent))  # noqa: B023
            if number:  # the first one also starts the worker process
                times.append(took)
                worst.append(max(waits))
    row.figures = {"s": statistics.median(times), "worst other ms": statistics.median(worst) * 1e3}
    row.goals = {
        "≤ 0.25 s": row.figures["s"] <= 0.25,
        "worst other request ≤ 50 ms": row.figures["worst other ms"] <= 50,
    }
    return row


def _alone(path: Path) -> float:
    """How long the library that reads such a file takes alone, in a process as fresh as the server's."""
    command = [sys.executable, str(HERE / "read_alone.py"), str(path)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _etl(name: str, content: bytes, file_name: str, ratio: float, bytes_in_memory: int, bench: Bench) -> Row:
    """ETL of a file against the library that reads it; and again while another client asks for a status."""
    row = Row(name)
    times, alone, ratios, waits, peaks = [], [], [], [], []
    with tempfile.NamedTemporaryFile(suffix=f".{file_name.rpartition('.')[2]}") as copy:
        copy.write(content)
        copy.flush()
        for _ in range(bench.repeat):
            with bench.subject() as ours:
                session = new_session(ours)
                status_url = f"{session}/scenarios/{create(session, 'one')['id']}/status"
                # The first file also imports the libraries, and starts the worker process.
                upload(session, "first", content, file_name)
                httpx.delete(f"{session}/data/first")
                alone.append(_alone(Path(copy.name)))
                idle = ours.memory()
                ours.forget_peak()
                times.append(upload(session, "large", content, file_name))
                ratios.append(times[-1] / alone[-1])
                peaks.append((ours.memory("VmHWM") - idle) / bytes_in_memory)
                with another_client(status_url) as found:
                    upload(session, "larger", content, file_name)
                waits.append(statistics.quantiles(found, n=100)[-1])
    row.figures = {
        "MB": len(content) / 1e6,
        "s from the last byte sent": statistics.median(times),
        "alone s": statistics.median(alone),
        "of alone": statistics.median(ratios),
        "p99 of others ms": statistics.median(waits) * 1e3,
        "peak over idle": statistics.median(peaks),
    }
    row.goals = {
        f"≤ {ratio} × alone": row.figures["of alone"] <= ratio,
        "peak ≤ 4 × the file": row.figures["peak over idle"] <= 4,
        "p99 of others ≤ 20 ms": row.figures["p99 of others ms"] <= 20,
    }
    return row


def etl(bench: Bench) -> Row:
    """ETL of a million rows of csv, against pandas."""
    content = orders_csv(1_000_000)
    return _etl("ETL of 1,000,000 rows", content, "orders.csv", 2.5, len(content), bench)


def etl_xlsx(bench: Bench) -> Row:
    """ETL of a workbook of 100,000 rows, against calamine; it counts for what it holds once inflated."""
    content = orders_xlsx(100_000)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inflated = sum(part.file_size for part in archive.infolist())
    row = _etl("ETL of 100,000 rows of xlsx", content, "orderbook.xlsx", 1.6, inflated, bench)
    row.goals["≤ 1.1 s"] = row.figures["s from the last byte sent"] <= 1.1
    return row


def etl_json(bench: Bench) -> Row:
    """ETL of 100,000 records of JSON, against orjson."""
    content = orders_json(100_000)
    return _etl("ETL of 100,000 records of JSON", content, "orderlist.json", 1.5, len(content), bench)


def start(bench: Bench) -> Row:
    """From the start of the process to its first answer."""
    row = Row("start → first 200")
    times, memory = [], []
    for _ in range(2 * bench.repeat + 1):
        with server("project") as ours:
            times.append(ours.start_seconds)
            memory.append(ours.memory() / MIB)
    row.figures = {"s": statistics.median(times), "idle MiB": statistics.median(memory)}
    row.goals = {"≤ 0.5 s": row.figures["s"] <= 0.5, "≤ 95 MiB": row.figures["idle MiB"] <= 95}
    return row


ROWS: dict[str, Callable[[Bench], Row]] = {
    row.__name__.replace("_", "-"): row
    for row in (
        status,
        scenario,
        sessions,
        scenarios,
        creation,
        dataset,
        from_json,
        etl,
        etl_xlsx,
        etl_json,
        start,
    )
}
