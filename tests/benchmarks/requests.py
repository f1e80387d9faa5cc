"""The rows of small requests, beside the bare app, and of the start.

The two are loaded in turn, so that whatever else the machine does hits both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import httpx
import orjson

from tests.benchmarks.bench import Bench, Row, client, create, fill, new_session
from tests.benchmarks.load import Load, load
from tests.benchmarks.processes import MIB, server

#: Upstream 0.8.2 answered 1,800 creations for the bare app's 39,500 requests a second.
UPSTREAM_CREATIONS = 1_800 / 39_500


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
    row.__name__.replace("_", "-"): row for row in (status, scenario, sessions, scenarios, creation, start)
}
