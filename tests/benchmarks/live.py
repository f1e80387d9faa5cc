"""The rows of what is told as it happens: events to many listeners, and to one who waits for a run."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx

from algomancy_api.client import AlgomancyClient
from tests.benchmarks.bench import Bench, Row, small_dataset
from tests.benchmarks.processes import HERE

LISTENERS, SESSIONS, CHANGES_PER_SECOND = 1_000, 50, 50
CHANGES_PER_RUN = 4
"""It is created, queued, processing and complete."""


def quantile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@contextmanager
def listening(count: int, urls: list[str]) -> Iterator[Callable[[], dict[str, list[float]]]]:
    """Listeners in a process of their own; gives what ends their listening and tells what they heard."""
    command = [sys.executable, str(HERE / "listeners.py"), str(count), *urls]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError("The listeners did not come to listen.")
            yield lambda: json.loads(process.communicate(timeout=60)[0])
        finally:
            process.kill()


async def run_and_poll(sessions: list[str], polled: str, seconds: float) -> tuple[list[float], dict[str, str]]:
    """Run scenarios here and there while another client asks for a status.

    Returns:
        Its waits in seconds, and the URL of each scenario that was run.
    """
    waits: list[float] = []
    ran: dict[str, str] = {}
    done = asyncio.Event()

    async def poll(http: httpx.AsyncClient) -> None:
        while not done.is_set():
            begin = time.perf_counter()
            (await http.get(polled)).raise_for_status()
            waits.append(time.perf_counter() - begin)
            await asyncio.sleep(0.01)

    async with httpx.AsyncClient(timeout=60) as http:
        polling = asyncio.create_task(poll(http))
        begin = time.perf_counter()
        for number in range(int(seconds * CHANGES_PER_SECOND / CHANGES_PER_RUN)):
            await asyncio.sleep(begin + number * CHANGES_PER_RUN / CHANGES_PER_SECOND - time.perf_counter())
            home = f"{sessions[number % len(sessions)]}/scenarios"
            body = {"tag": f"run {number}", "dataset_key": "data", "algo_name": "Instant"}
            scenario = (await http.post(home, json=body)).raise_for_status().json()["id"]
            (await http.post(f"{home}/{scenario}/run")).raise_for_status()
            ran[scenario] = f"{home}/{scenario}"
        await asyncio.sleep(1)
        done.set()
        await polling
    return waits, ran


def finished(scenario: dict[str, Any]) -> float:
    """When a run ended, in seconds since 1970."""
    return datetime.fromisoformat(scenario["finished_at"]).timestamp()


def listeners(bench: Bench) -> Row:
    """A thousand listeners to fifty sessions in which there is something going on."""
    row = Row(f"{LISTENERS:,} listeners, {CHANGES_PER_SECOND} changes/s")
    with bench.subject() as ours, httpx.Client(timeout=60) as http:
        root = f"{ours.url}/api/v1/sessions"
        source = small_dataset(root)
        listed = [
            http.post(f"{source}/copy", json={"new_display_name": f"live {n}"}).raise_for_status().json()["sessions"]
            for n in range(SESSIONS)
        ][-1]
        sessions = [f"{root}/{each['id']}" for each in listed if each["display_name"].startswith("live ")]
        body = {"tag": "polled", "dataset_key": "data", "algo_name": "Instant"}
        polled = f"{source}/scenarios/{http.post(f'{source}/scenarios', json=body).json()['id']}/status"
        before = ours.memory()
        with listening(LISTENERS, [f"{session}/events" for session in sessions]) as hear:
            each = (ours.memory() - before) / LISTENERS
            waits, ran = asyncio.run(run_and_poll(sessions, polled, 4 * bench.seconds))
            heard = hear()
        delays = [
            moment - finished(http.get(url).json())
            for scenario, url in ran.items()
            for moment in heard.get(scenario, [])
        ]
    missed = len(ran) * LISTENERS // SESSIONS - len(delays)
    row.figures = {
        "ends heard": len(delays),
        "p50 ms": quantile(delays, 0.5) * 1e3,
        "p99 ms": quantile(delays, 0.99) * 1e3,
        "KiB a listener": each / 1024,
        "status p99 ms": quantile(waits, 0.99) * 1e3,
    }
    row.goals = {
        "every end is heard": missed == 0,
        "p99 ≤ 100 ms": row.figures["p99 ms"] <= 100,
        "≤ 30 KiB a listener": row.figures["KiB a listener"] <= 30,
        "status p99 ≤ 20 ms": row.figures["status p99 ms"] <= 20,
    }
    return row


def told(bench: Bench) -> Row:
    """From `run` of an instant algorithm until a client that listens is told of the end."""
    row = Row("run → told complete")
    seconds = []
    with bench.subject() as ours:
        session = small_dataset(f"{ours.url}/api/v1/sessions").rpartition("/")[2]
        with AlgomancyClient(ours.url, session) as client:
            events = client.get_events()
            next(events)
            for number in range(100 * bench.repeat):
                scenario = client.create_scenario(f"run {number}", "data", "Instant")
                begin = time.perf_counter()
                client.run_scenario(scenario)
                while getattr(next(events).data, "status", None) != "complete":
                    pass
                seconds.append(time.perf_counter() - begin)
            events.close()
    row.figures = {"ms": statistics.median(seconds) * 1e3, "p99 ms": quantile(seconds, 0.99) * 1e3}
    row.goals = {"≤ 10 ms in memory": row.figures["ms"] <= 10}
    return row


ROWS: dict[str, Callable[[Bench], Row]] = {"listeners": listeners, "told": told}
