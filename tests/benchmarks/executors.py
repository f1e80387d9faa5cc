"""The rows of where runs happen: what they cost the server and each other, in processes of their own and in threads."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.benchmarks.bench import Bench, Line, Row, another_client, client, create, new_session, upload
from tests.benchmarks.live import quantile
from tests.benchmarks.processes import MIB, Server
from tests.benchmarks.project import stock_csv

_PATIENCE = 180
_RUNS = 16
_DATASET_RUNS = 50


def _run(session: str, tag: str, http: httpx.Client, algorithm: str = "Instant", **details: int | str) -> None:
    scenario = create(session, tag, http, algorithm, **details)  # type: ignore[arg-type]
    http.post(f"{session}/scenarios/{scenario['id']}/run").raise_for_status()


def _until(ours: Server, http: httpx.Client, condition: Callable[[dict[str, int]], bool], pause: float = 0.005) -> None:
    """Wait until the counts of all runs are so; ask every `pause` seconds."""
    end = time.monotonic() + _PATIENCE
    while not condition(http.get(f"{ours.url}/api/v1/runs").raise_for_status().json()):
        if time.monotonic() > end:
            raise RuntimeError("The runs do not come to an end.")
        time.sleep(pause)


def _nothing_runs(counts: dict[str, int]) -> bool:
    return counts["running"] == counts["queued"] == 0


def busy(bench: Bench) -> Row:
    """GET status, by one client, while eight runs compute."""
    row = Row("GET status amid 8 CPU-bound runs")
    waits: dict[str, list[float]] = {}
    with bench.subject(workers=8) as ours, client() as http:
        sessions = [new_session(ours) for _ in range(8)]
        url = f"{sessions[0]}/scenarios/{create(sessions[0], 'polled')['id']}/status"
        for state in ("idle", "busy"):
            if state == "busy":
                for session in sessions:
                    _run(session, "busy", http, "Busy", effort=10)
                time.sleep(2)  # So that all of them are past the start of their processes.
            with another_client(url) as found:
                time.sleep(bench.seconds)
            waits[state] = found
    row.figures = {f"{state} p99 ms": quantile(found, 0.99) * 1e3 for state, found in waits.items()}
    row.figures |= {"busy median ms": statistics.median(waits["busy"]) * 1e3}
    row.figures["p99, × idle"] = row.figures["busy p99 ms"] / row.figures["idle p99 ms"]
    row.goals = {"p99 ≤ 5 × idle": row.figures["p99, × idle"] <= 5}
    return row


def throughput(bench: Bench) -> Row:
    """Sixteen runs that each take a second of a core, in as many sessions; with the start of the processes."""
    row = Row(f"{_RUNS} CPU-bound runs of 1 s")
    with bench.subject() as ours, client() as http:
        sessions = [new_session(ours) for _ in range(_RUNS)]
        begin = time.perf_counter()
        for session in sessions:
            _run(session, "one", http, "Busy", effort=1)
        _until(ours, http, _nothing_runs, pause=0.1)  # Who asks takes time from the runs: both cores are theirs.
        row.figures["s"] = time.perf_counter() - begin
        row.figures["workers"] = http.get(f"{ours.url}/api/v1/runs").json()["workers"]
    goal = 1.1 * _RUNS / row.figures["workers"]
    row.goals[f"≤ {goal:.1f} s, 1.1 × what its cores can do"] = row.figures["s"] <= goal
    return row


def _turnarounds(ours: Server, count: int) -> float:
    """The median seconds from `run` until a client sees the scenario complete, once the first run has warmed it up."""
    session = new_session(ours)
    seconds = []
    line = Line(ours.url)
    for number in range(count + 1):
        body = {"tag": f"run {number}", "dataset_key": "data", "algo_name": "Instant"}
        url = f"{session}/scenarios/{json.loads(line.ask('POST', f'{session}/scenarios', body))['id']}"
        begin = time.perf_counter()
        line.ask("POST", f"{url}/run")
        while b'"complete"' not in line.ask("GET", f"{url}/status"):
            pass
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:])


def turnaround(bench: Bench) -> Row:
    """From `run` of an instant algorithm until a client sees it complete."""
    row = Row("run → seen complete")
    count = 100 * bench.repeat
    for executor, goal in (("processes", 3), ("threads", 1.2)):
        with bench.subject(executor=executor) as ours:
            row.figures[f"{executor}, ms"] = _turnarounds(ours, count) * 1e3
        row.goals[f"≤ {goal} ms in {executor}"] = row.figures[f"{executor}, ms"] <= goal
    durable = tempfile.TemporaryDirectory(dir=Path.cwd())
    with durable as folder, bench.subject(has_persistent_state=True, data_path=folder) as ours:
        row.figures["durable, ms"] = _turnarounds(ours, count) * 1e3
    row.goals["≤ 10 ms durable"] = row.figures["durable, ms"] <= 10
    return row


def dataset_runs(bench: Bench) -> Row:
    """Fifty runs on one dataset of 100,000 rows and ten columns, one after the other."""
    row = Row(f"{_DATASET_RUNS} runs on 100,000 × 10")
    content = stock_csv(100_000)
    seconds: dict[str, list[float]] = {"threads": [], "processes": []}
    for _ in range(bench.repeat):
        for executor, times in seconds.items():
            with bench.subject(executor=executor) as ours, client() as http:
                session = new_session(ours)
                _run(session, "warm", http)
                upload(session, "large", content)
                _until(ours, http, _nothing_runs)
                begin = time.perf_counter()
                for number in range(_DATASET_RUNS):
                    _run(session, f"run {number}", http, "Analysis", key="large")
                _until(ours, http, _nothing_runs)
                times.append(time.perf_counter() - begin)
    row.figures = {f"{executor}, s": statistics.median(times) for executor, times in seconds.items()}
    row.figures["processes, × threads"] = row.figures["processes, s"] / row.figures["threads, s"]
    row.goals = {"≤ 1.2 × threads": row.figures["processes, × threads"] <= 1.2}
    return row


def memory(bench: Bench) -> Row:
    """What the server and its workers hold after a run that filled a gigabyte."""
    row = Row("memory after a run that took 1 GiB")
    with bench.subject() as ours, client() as http:
        session = new_session(ours)
        for tag, algorithm in (("before", "Instant"), ("after", "Hungry")):
            _run(session, tag, http, algorithm)
            _until(ours, http, _nothing_runs)
            row.figures[f"{tag}, MiB"] = ours.memory() / MIB
    row.goals = {"≤ 1.1 × before": row.figures["after, MiB"] <= 1.1 * row.figures["before, MiB"]}
    return row


ROWS: dict[str, Callable[[Bench], Row]] = {
    row.__name__.replace("_", "-"): row for row in (busy, throughput, turnaround, dataset_runs, memory)
}
