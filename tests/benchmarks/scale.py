"""Many sessions, many scenarios, many pollers: `python -m tests.benchmarks.scale` prints what they cost."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import click
import httpx

from tests.benchmarks.bench import small_dataset
from tests.benchmarks.processes import Server, server


def threads(pid: int) -> int:
    """How many threads the process has."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("Threads:")[1].split()[0])


async def fill(base: str, sessions: int, scenarios: int) -> list[str]:
    """Create the sessions and their scenarios; return the URL of each scenario's status."""
    urls: list[str] = []
    async with httpx.AsyncClient(timeout=60) as http:
        source = small_dataset(base)

        async def session(number: int) -> None:
            body = {"new_display_name": f"scale {number}"}
            listed = (await http.post(f"{source}/copy", json=body)).raise_for_status().json()["sessions"]
            root = f"{base}/{next(s['id'] for s in listed if s['display_name'] == f'scale {number}')}/scenarios"
            for tag in range(scenarios):
                body = {"tag": f"scenario {tag}", "dataset_key": "data", "algo_name": "Instant"}
                created = (await http.post(root, json=body)).raise_for_status().json()
                urls.append(f"{root}/{created['id']}/status")

        for first in range(0, sessions, 16):
            await asyncio.gather(*(session(number) for number in range(first, min(first + 16, sessions))))
    return urls


async def poll(urls: list[str], pollers: int, seconds: float, pause: float) -> tuple[list[float], int]:
    """Let pollers ask for random statuses, each `pause` seconds after its last answer; their waits and errors."""
    waits: list[float] = []
    errors = 0
    end = time.perf_counter() + seconds

    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=pollers)) as http:

        async def poller(seed: int) -> None:
            nonlocal errors
            choose = random.Random(seed)
            await asyncio.sleep(choose.uniform(0, pause))
            while time.perf_counter() < end:
                begin = time.perf_counter()
                try:
                    errors += (await http.get(choose.choice(urls))).status_code != 200
                except httpx.TransportError:
                    errors += 1
                waits.append(time.perf_counter() - begin)
                await asyncio.sleep(pause)

        await asyncio.gather(*(poller(number) for number in range(pollers)))
    return sorted(waits), errors


def measure(own: Server, sessions: int, scenarios: int, pollers: int, seconds: float, pause: float) -> bool:
    """Fill the server, poll it, print the figures; whether the goals were reached."""
    if own.pid is None:
        raise ValueError("The scale test measures a server of its own.")
    empty = own.memory()
    urls = asyncio.run(fill(f"{own.url}/api/v1/sessions", sessions, scenarios))
    before = threads(own.pid)
    per_scenario = (own.memory() - empty) / len(urls)
    waits, errors = asyncio.run(poll(urls, pollers, seconds, pause))
    after = threads(own.pid)
    p99 = waits[int(len(waits) * 0.99)]
    click.echo(f"{sessions:,} sessions × {scenarios} scenarios: {per_scenario / 1024:.1f} KiB of memory per scenario")
    click.echo(f"{pollers} pollers for {seconds:.0f} s: {len(waits) / seconds:,.0f} requests/s, {errors} errors")
    click.echo(f"status p99: {p99 * 1e3:.1f} ms; threads before and after: {before} and {after}")
    return errors == 0 and p99 <= 0.05 and after <= before


@click.command(context_settings={"show_default": True})
@click.option("--sessions", default=1_000)
@click.option("--scenarios", default=100, help="In each session.")
@click.option("--pollers", default=200)
@click.option("--seconds", default=60.0)
@click.option("--pause", default=0.5, help="Seconds between one poller's requests, as in the polling pattern.")
def main(sessions: int, scenarios: int, pollers: int, seconds: float, pause: float) -> None:
    """Exit with 1 when a request fails, p99 of /status is over 50 ms, or threads grow.

    Example: python -m tests.benchmarks.scale --sessions 100 --seconds 10
    """
    with server("project") as own:
        passed = measure(own, sessions, scenarios, pollers, seconds, pause)
    click.echo("PASS" if passed else "FAIL")
    raise SystemExit(0 if passed else 1)


if __name__ == "__main__":
    main()
