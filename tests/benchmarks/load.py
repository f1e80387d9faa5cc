"""Send many requests and tell how many were answered and how long they took: with wrk, or without it in Python."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

CONNECTIONS = 32
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True)
class Load:
    """Answers per second, the 99th percentile of their latency in seconds, and how many were no 2xx."""

    rate: float
    p99: float
    errors: int


def tool() -> str:
    """What sends the load here."""
    return "wrk" if shutil.which("wrk") else "httpx"


def load(url: str, seconds: float = 3, lua: str | None = None, body: dict[str, str] | None = None) -> Load:
    """Ask for `url` over 32 connections for some seconds.

    Args:
        url: What to ask for.
        seconds: How long.
        lua: For wrk, a script that makes the requests.
        body: Without wrk, the JSON object to post; its `tag` gets a running number.
    """
    if tool() == "wrk":
        return _wrk(url, seconds, lua)
    return asyncio.run(_python(url, seconds, body))


def _wrk(url: str, seconds: float, lua: str | None) -> Load:
    command = ["wrk", "--latency", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--timeout", "20s"]
    with tempfile.TemporaryDirectory() as folder:
        if lua:
            script = Path(folder) / "request.lua"
            script.write_text(lua, encoding="utf-8")
            command += ["-s", str(script)]
        printed = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", printed)
    if rate is None or slow is None:
        raise RuntimeError(f"wrk printed no figures:\n{printed}")
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", printed)
    errors = (int(wrong[1]) if wrong else 0) + (sum(map(int, broken.groups())) if broken else 0)
    return Load(float(rate[1]), float(slow[1]) * _UNITS[slow[2]], errors)


async def _python(url: str, seconds: float, body: dict[str, str] | None) -> Load:
    waits: list[float] = []
    errors = 0
    end = time.perf_counter() + seconds
    async with httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_connections=CONNECTIONS)) as http:

        async def client(number: int) -> None:
            nonlocal errors
            sent = 0
            while (begin := time.perf_counter()) < end:
                sent += 1
                tagged = {**body, "tag": f"{begin}-{number}-{sent}"} if body else None
                answer = await (http.post(url, json=tagged) if tagged else http.get(url))
                errors += not answer.is_success
                waits.append(time.perf_counter() - begin)

        await asyncio.gather(*(client(number) for number in range(CONNECTIONS)))
    waits.sort()
    return Load(len(waits) / seconds, waits[int(len(waits) * 0.99)], errors)
