"""Kill one of two servers on one database under concurrent writes, over and over, and count what the other lacks."""

from __future__ import annotations

import random
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.hardening.crash import ENDED, Ledger, Writer, server_process, settle, verify


@dataclass
class Outcome:
    """What a series of crashes came to."""

    rounds: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.rounds} kills, {self.acknowledged} acknowledged writes, {len(self.lost)} lost, "
            f"{len(self.twice)} runs twice at once, {len(self.stuck)} stuck"
        )


def crash_servers(database_url: str, runs: Path, rounds: int, seed: int) -> Outcome:
    """Write to two servers, SIGKILL one of them and ask the other, `rounds` times; then wait for every run to end.

    Args:
        database_url: An empty database.
        runs: A folder for what the runs note; the environment names it to the servers.
        rounds: How often a server is killed.
        seed: Replays writes and moments.
    """
    chance = random.Random(seed)
    outcome = Outcome()
    overrides = {"persistence_backend": "database", "database_url": database_url, "executor": "processes", "workers": 2}
    with ExitStack() as first, ExitStack() as second:
        stacks = [first, second]
        servers = [stack.enter_context(server_process(**overrides)) for stack in stacks]
        ledgers = [_new_session(servers[number % 2][0], f"writer {number}") for number in range(4)]
        for number in range(rounds):
            victim = chance.randrange(2)
            base, process = servers[victim]
            writers = [
                Writer(servers[index % 2][0], ledger, chance.randrange(10**9)) for index, ledger in enumerate(ledgers)
            ]
            for writer in writers:
                writer.start()
            enough = sum(ledger.acknowledged for ledger in ledgers) + chance.randint(4, 60)
            deadline = time.monotonic() + 20
            while sum(ledger.acknowledged for ledger in ledgers) < enough and time.monotonic() < deadline:
                writers[0].join(0.001)
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            for writer in writers:
                writer.enough.set()
                writer.join(30)
                if writer.unexpected:
                    outcome.lost.append(f"round {number}: {writer.unexpected}")
            base = servers[1 - victim][0]
            for ledger in ledgers:
                outcome.lost += [f"round {number}: {loss}" for loss in verify(base, ledger)]
                settle(ledger, base)
            stacks[victim].close()
            servers[victim] = stacks[victim].enter_context(server_process(**overrides))
            outcome.rounds += 1
        outcome.stuck = _unfinished(servers[0][0], ledgers)
        for ledger in ledgers:
            outcome.lost += [f"at the end: {loss}" for loss in verify(servers[1][0], ledger)]
    outcome.acknowledged = sum(ledger.acknowledged for ledger in ledgers)
    outcome.twice = sorted(path.name for path in runs.glob("twice *"))
    return outcome


def _new_session(base: str, name: str) -> Ledger:
    reply = httpx.post(f"{base}/api/v1/sessions", json={"display_name": name}).json()
    return Ledger(next(each["id"] for each in reply["sessions"] if each["display_name"] == name))


def _unfinished(base: str, ledgers: list[Ledger], seconds: float = 60) -> list[str]:
    """The scenarios that are queued or processing for so long that nobody can be running them."""
    deadline = time.monotonic() + seconds
    with httpx.Client(timeout=20) as http:
        while True:
            waiting = [
                f"{each['status']} scenario {each['tag']}"
                for ledger in ledgers
                for each in http.get(f"{base}/api/v1/sessions/{ledger.session}/scenarios?view=summary").json()
                if each["status"] not in (*ENDED, "created")
            ]
            if not waiting or time.monotonic() > deadline:
                return waiting
            time.sleep(0.2)
