"""Kill a durable server under concurrent writes, over and over, and count what it forgot."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

SERVER = Path(__file__).with_name("hardened_project.py")
ENDED = ("complete", "failed")


def payload(key: str, number: int) -> dict[str, Any]:
    """A small dataset in `to_json()` form whose content is told by `number`."""
    return {
        "metadata": {
            "id": f"id-{number}",
            "name": key,
            "type": "master_data",
            "creation_datetime": "2026-01-01T00:00:00",
            "tables": ["items"],
        },
        "tables": {
            "items": {
                "data": [{"id": number, "weight": number / 2}],
                "columns": ["id", "weight"],
                "dtypes": {"id": "int64", "weight": "float64"},
                "index": [0],
            }
        },
    }


def arguments(**overrides: Any) -> list[str]:
    """The command that serves the hardened project with these overrides of its configuration."""
    return [sys.executable, str(SERVER), json.dumps(overrides)]


@contextmanager
def server_process(**overrides: Any) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server process that answers; ended with SIGTERM unless it is gone already."""
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    process = subprocess.Popen(arguments(**overrides), stdout=subprocess.PIPE, text=True, env=environment)
    try:
        if process.stdout is None:
            raise RuntimeError("The server has no output to read its port from.")
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        with httpx.Client(transport=httpx.HTTPTransport(retries=20), base_url=url, timeout=20) as http:
            http.get("/health").raise_for_status()
        yield url, process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(15)
        if process.stdout is not None:
            process.stdout.close()


def durable(folder: Path) -> dict[str, Any]:
    """The overrides that keep state in `folder`."""
    return {"has_persistent_state": True, "data_path": str(folder)}


@dataclass
class Ledger:
    """What one writer was told, and what it asked without hearing an answer.

    A value of `None` means: acknowledged as gone. A key in `unsure` may be in either state.
    """

    session: str
    datasets: dict[str, Any] = field(default_factory=dict)
    scenarios: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    acknowledged: int = 0


class Writer(threading.Thread):
    """A client that changes its own session in random ways until the server dies."""

    def __init__(self, base: str, ledger: Ledger, seed: int) -> None:
        super().__init__(daemon=True)
        self.base = f"{base}/api/v1/sessions"
        self.ledger = ledger
        self.random = random.Random(seed)
        self.unexpected: str | None = None
        self.enough = threading.Event()

    def run(self) -> None:
        """Write until the connection breaks."""
        steps = [self._dataset, self._dataset, self._derive, self._scenario, self._scenario, self._run, self._run]
        steps += [self._delete_dataset, self._delete_scenario, self._session, self._look]
        with httpx.Client(timeout=20) as self.http:
            try:
                while not self.enough.is_set():
                    self.random.choice(steps)()
            except httpx.TransportError:
                return
            except AssertionError as error:
                self.unexpected = str(error)

    def _send(self, method: str, path: str, subject: str, allowed: tuple[int, ...], **body: Any) -> httpx.Response:
        self.ledger.unsure.add(subject)
        response = self.http.request(method, f"{self.base}{path}", **body)
        if response.status_code not in allowed:
            raise AssertionError(f"{method} {path} gave {response.status_code}: {response.text}")
        self.ledger.unsure.discard(subject)
        self.ledger.acknowledged += response.is_success
        return response

    def _dataset(self) -> None:
        key, number = f"data {self.random.randrange(8)}", self.random.randrange(10**6)
        path = f"/{self.ledger.session}/data/from-json"
        if self._send("POST", path, key, (201, 409), json=payload(key, number)).is_success:
            self.ledger.datasets[key] = number

    def _derive(self) -> None:
        source, key = f"data {self.random.randrange(8)}", f"derived {self.random.randrange(8)}"
        path = f"/{self.ledger.session}/data/{source}/derive"
        if self._send("POST", path, key, (201, 404, 409), json={"new_key": key}).is_success:
            self.ledger.datasets[key] = self.ledger.datasets[source]

    def _delete_dataset(self) -> None:
        key = f"{self.random.choice(['data', 'derived'])} {self.random.randrange(8)}"
        if self._send("DELETE", f"/{self.ledger.session}/data/{key}", key, (204, 404, 409)).is_success:
            self.ledger.datasets[key] = None

    def _scenario(self) -> None:
        key, number = f"data {self.random.randrange(8)}", self.random.randrange(1, 10**9)
        tag = f"tag {number}"
        params = {"seconds": 0.02, "number": number}
        body = {"tag": tag, "dataset_key": key, "algo_name": "Nap", "algo_params": params}
        answer = self._send("POST", f"/{self.ledger.session}/scenarios", tag, (201, 404), json=body)
        if answer.is_success:
            self.ledger.scenarios[answer.json()["id"]] = {"tag": tag, "status": "created"}

    def _pick(self) -> str | None:
        living = [identifier for identifier, known in self.ledger.scenarios.items() if known]
        return self.random.choice(living) if living else None

    def _run(self) -> None:
        if identifier := self._pick():
            path = f"/{self.ledger.session}/scenarios/{identifier}/run"
            if self._send("POST", path, identifier, (202, 409), json=None).is_success:
                self.ledger.scenarios[identifier] = {**self.ledger.scenarios[identifier], "status": "queued"}

    def _look(self) -> None:
        if identifier := self._pick():
            answer = self.http.get(f"{self.base}/{self.ledger.session}/scenarios/{identifier}").json()
            if answer["status"] in ENDED:
                self.ledger.scenarios[identifier] = {"tag": answer["tag"], "status": answer["status"], "seen": answer}

    def _delete_scenario(self) -> None:
        if (identifier := self._pick()) and self.random.random() < 0.3:
            self._send("DELETE", f"/{self.ledger.session}/scenarios/{identifier}", identifier, (204,))
            self.ledger.scenarios[identifier] = None

    def _session(self) -> None:
        name = f"session {self.random.randrange(10**9)}"
        if self.random.random() < 0.3:
            answer = self._send("POST", "", name, (201,), json={"display_name": name}).json()
            self.ledger.names[name] = next(s["id"] for s in answer["sessions"] if s["display_name"] == name)


@dataclass
class Outcome:
    """What a series of crashes came to."""

    rounds: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.rounds} kills, {self.acknowledged} acknowledged writes, {len(self.lost)} lost"


def verify(base: str, ledger: Ledger) -> Iterator[str]:
    """Every acknowledged fact of `ledger` that the server at `base` denies."""
    root = f"{base}/api/v1/sessions"
    with httpx.Client(timeout=20) as http:
        sessions = {s["display_name"]: s["id"] for s in http.get(root).json()["sessions"]}
        for name, identifier in ledger.names.items():
            if sessions.get(name) != identifier:
                yield f"session {name!r}"
        if ledger.session not in sessions.values():
            yield f"session {ledger.session}"
            return
        for key, number in ledger.datasets.items():
            if key in ledger.unsure:
                continue
            answer = http.get(f"{root}/{ledger.session}/data/{key}")
            if answer.status_code != (404 if number is None else 200):
                yield f"dataset {key!r}: {answer.status_code}"
            elif number is not None and answer.json()["tables"]["items"]["data"] != [
                {"id": number, "weight": number / 2}
            ]:
                yield f"content of dataset {key!r}"
        for identifier, known in ledger.scenarios.items():
            if identifier in ledger.unsure:
                continue
            answer = http.get(f"{root}/{ledger.session}/scenarios/{identifier}")
            if answer.status_code != (200 if known else 404):
                yield f"scenario {identifier}: {answer.status_code}"
            elif known and known["status"] in ENDED and answer.json() != known["seen"]:
                yield f"result of scenario {identifier}"
            elif known and known["status"] == "queued" and answer.json()["status"] == "created":
                yield f"queue place of scenario {identifier}"


def settle(ledger: Ledger, base: str) -> None:
    """Look up what the last crash left open, so that the next round starts from what is so."""
    root = f"{base}/api/v1/sessions/{ledger.session}"
    with httpx.Client(timeout=20) as http:
        keys = http.get(f"{root}/data").json()["keys"]
        for key in {key for key in ledger.unsure if key.startswith(("data ", "derived "))}:
            rows = http.get(f"{root}/data/{key}").json()["tables"]["items"]["data"] if key in keys else None
            ledger.datasets[key] = rows[0]["id"] if rows else None
        present = {scenario["id"] for scenario in http.get(f"{root}/scenarios").json()}
        for identifier in ledger.unsure & set(ledger.scenarios):
            if identifier not in present:
                ledger.scenarios[identifier] = None
    ledger.unsure.clear()


def crash_repeatedly(folder: Path, rounds: int, seed: int, writers: int = 4) -> Outcome:
    """Start, write, SIGKILL, `rounds` times; then start once more and wait for every run to end."""
    chance = random.Random(seed)
    outcome = Outcome()
    ledgers: list[Ledger] = []
    for number in range(rounds + 1):
        with server_process(**durable(folder)) as (base, process):
            for ledger in ledgers:
                outcome.lost += [f"round {number}: {loss}" for loss in verify(base, ledger)]
                settle(ledger, base)
            if not ledgers:
                for index in range(writers):
                    body = {"display_name": f"writer {index}"}
                    sessions = httpx.post(f"{base}/api/v1/sessions", json=body).json()["sessions"]
                    ledgers.append(Ledger(next(s["id"] for s in sessions if s["display_name"] == f"writer {index}")))
            if number == rounds:
                break
            threads = [Writer(base, ledger, chance.randrange(10**9)) for ledger in ledgers]
            for thread in threads:
                thread.start()
            enough = sum(ledger.acknowledged for ledger in ledgers) + chance.randint(4, 80)
            deadline = time.monotonic() + 20
            while sum(ledger.acknowledged for ledger in ledgers) < enough and time.monotonic() < deadline:
                threads[0].join(0.001)
            threads[0].join(chance.uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            for thread in threads:
                thread.join(30)
                if thread.unexpected:
                    outcome.lost.append(f"round {number}: {thread.unexpected}")
            outcome.rounds += 1
    outcome.acknowledged = sum(ledger.acknowledged for ledger in ledgers)
    return outcome


def temporary_files(folder: Path) -> list[str]:
    """The files below `folder` that are neither JSON documents nor the lock."""
    return [str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file() and f.suffix not in (".json", ".lock")]
