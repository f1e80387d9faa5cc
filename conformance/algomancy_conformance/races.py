"""Requests sent at one moment. A race is run until it is seen to go wrong, or a stated number of rounds is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .outcomes import Broken, Fault

RACERS = 8
RACES = 12
"""Rounds. A server that checks and then acts loses one round in two or three on an idle machine."""


def race(ask: Callable[[], int]) -> list[int]:
    """The sorted statuses of what `ask` is answered by eight clients at one moment."""
    barrier = threading.Barrier(RACERS)

    def start() -> int:
        barrier.wait(10)
        return ask()

    with ThreadPoolExecutor(RACERS) as pool:
        return sorted(future.result() for future in [pool.submit(start) for _ in range(RACERS)])


def check_one_winner(statuses: list[int], route: str) -> None:
    """Exactly one of the racers was answered 201, the others 409."""
    if statuses != [201] + [409] * (RACERS - 1):
        fault = Fault(("race", route), f"of several simultaneous `{route}` with one name not just one wins")
        raise Broken(f"the answers are {statuses}", fault=fault)
