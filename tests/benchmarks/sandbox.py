"""Rows about the sandbox: what a world costs, and how soon it is back at its fixture."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.benchmarks.bench import Bench, Row, seconds_of
from tests.benchmarks.processes import MIB, server

_WORLDS = 500
_PARALLEL = 100


def sandbox_worlds(bench: Bench) -> Row:
    """Making worlds, 500 of them, and taking them back to their fixtures."""
    row = Row("sandbox: a world made, one of 500; reset of `demo` and `crowded`")
    with server("sandboxed") as own, httpx.Client(base_url=f"{own.url}/sandbox", timeout=60) as http:

        def make(name: str, fixture: str = "demo") -> float:
            return seconds_of(lambda: http.post("/worlds", json={"name": name, "fixture": fixture, "seed": 1}))

        make("first")
        before = own.memory()
        made = [make(f"world-{number}") for number in range(_WORLDS)]
        row.figures["made, median ms"] = 1000 * statistics.median(made)
        row.figures["made, 99 of 100 within ms"] = 1000 * statistics.quantiles(made, n=100)[-1]
        row.figures["memory of a world, kB"] = (own.memory() - before) / _WORLDS / 1000
        resets = [seconds_of(lambda: http.post("/worlds/world-250/reset")) for _ in range(20 * bench.repeat)]
        row.figures["reset of demo, median ms"] = 1000 * statistics.median(resets)
        row.figures["crowded, first time, ms"] = 1000 * make("crowd-first", "crowded")
        row.figures["crowded, then, ms"] = 1000 * statistics.median(make(f"crowd-{n}", "crowded") for n in range(5))
    row.goals["a world is made in 20 ms"] = row.figures["made, median ms"] <= 20
    row.goals["demo is reset in 50 ms"] = row.figures["reset of demo, median ms"] <= 50
    row.goals["a world takes 1 MiB at most"] = row.figures["memory of a world, kB"] <= MIB / 1000
    return row


def sandbox_parallel(_bench: Bench) -> Row:
    """A hundred worlds at the same time, each playing the life of two runs under a manual clock."""
    row = Row(f"sandbox: {_PARALLEL} worlds in parallel, each with a life of two runs")
    with server("sandboxed") as own, httpx.Client(base_url=own.url, timeout=60, limits=httpx.Limits()) as http:

        def play(number: int) -> bool:
            world = http.post("/sandbox/worlds", json={"name": f"w-{number}", "seed": number}).json()
            steer, base = f"/sandbox/worlds/{world['name']}", f"{world['base_url']}/sessions/main/scenarios"
            script = {"duration": number + 1, "kpis": {}, "result": {"world": number}}
            http.put(f"{steer}/runs/*", json=script)
            paths = []
            for tag in ("first", "second"):
                body = {"tag": tag, "dataset_key": "Master data", "algo_name": "Slow"}
                paths.append(f"{base}/{http.post(base, json=body).json()['id']}")
                http.post(f"{paths[-1]}/run")
            http.post(f"{steer}/clock/advance", json={"seconds": 1.5 * (number + 1)})
            first, second = (http.get(path).json() for path in paths)
            return bool(first["result"] == {"world": number} and second["progress"] == 50)

        begin = time.perf_counter()
        with ThreadPoolExecutor(_PARALLEL) as pool:
            played = list(pool.map(play, range(_PARALLEL)))
        row.figures["all played, s"] = time.perf_counter() - begin
    row.figures["worlds that were not as told"] = played.count(False)
    row.goals["none meets another"] = all(played)
    row.goals["within 20 s"] = row.figures["all played, s"] < 20
    return row


ROWS: dict[str, Callable[[Bench], Row]] = {
    "sandbox-worlds": sandbox_worlds,
    "sandbox-parallel": sandbox_parallel,
}
