"""Runs the checks of a suite in several processes at a time, each with sessions of its own on the target.

The processes are forks: what pytest has collected and what the kit has found out about the target is shared as it is.
Which process makes which check is decided as they go; a check's outcome does not depend on it, for what is random
starts from the seed of the run and the check's own place.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing.connection import Connection

import pytest

from ..outcomes import CheckResult, KitError
from ..target.residue import Ledger
from .context import Run, held_signals
from .watching import Watcher

TOGETHER = {"restart": "servers", "fresh": "servers", "story": "busy", "waiting": "busy", "busy": "busy"}
"""Fixtures whose checks stay in one process: those that start a server, and those that keep the target's workers
busy: where there are few of them, such checks would be in each other's way."""
LISTENS = "test_stream_beats"
"""A check that listens for ten seconds and more: it is made besides the others, for it needs no processor."""
FIRST = (
    LISTENS,
    "test_durability",
    "test_run_whose_process_dies",
    "test_target_agrees_with_the_model",
    "add_dataset_from_json",
    "test_random_request",
    "test_scenario_can_be_waited_for",
    "test_list_holds_the_result_of_every_algorithm",
    "test_others_are_answered",
    "test_invalid_data",
)
"""What is begun first: what takes longest, and beside what waits something that needs the processor."""
FEWEST = 20

Task = list[int]


@dataclass
class Share:
    """What one process has to report at its end."""

    watcher: Watcher
    ledger: Ledger
    requests: int


@dataclass
class Worker:
    """One of the processes, as its parent sees it."""

    pid: int
    pipe: Connection
    busy: Task = field(default_factory=list)


def can_fork(jobs: int, items: Sequence[pytest.Item]) -> bool:
    """Whether it is possible, and worth it, to run these checks in several processes."""
    return jobs > 1 and len(items) >= FEWEST and hasattr(os, "fork") and threading.active_count() == 1


def tasks_of(items: Sequence[pytest.Item]) -> list[Task]:
    """What one process does at a stretch, as indexes of `items`; what takes longest comes first."""
    shared: dict[str, Task] = {}
    tasks: list[Task] = []
    for index, item in enumerate(items):
        fixture = next((TOGETHER[f] for f in getattr(item, "fixturenames", ()) if f in TOGETHER), "")
        if fixture in shared:
            shared[fixture].append(index)
            continue
        tasks.append([index])
        if fixture:
            shared[fixture] = tasks[-1]

    def weight(task: Task) -> int:
        names = [items[index].nodeid for index in task]
        return next((n for n, part in enumerate(FIRST) if any(part in name for name in names)), len(FIRST))

    return sorted(tasks, key=weight)


def run_forked(run: Run, items: Sequence[pytest.Item], jobs: int) -> None:
    """Make the checks `items` in `jobs` processes and add up what they report.

    Raises:
        KitError: One of the processes has died.
        KeyboardInterrupt: The user broke it off; all of them have ended.
    """
    waiting = tasks_of(items)
    jobs += any(LISTENS in item.name for item in items)
    workers: dict[Connection, Worker] = {}
    try:
        for number in range(min(jobs, len(waiting))):
            worker = _start(run, items, number, [w.pipe for w in workers.values()])
            workers[worker.pipe] = worker
        while workers:
            for ready in multiprocessing.connection.wait(list(workers)):
                if isinstance(ready, Connection):
                    _hear(run, workers, workers[ready], waiting)
    except KeyboardInterrupt:
        with held_signals():
            for worker in workers.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGINT)
            while workers:
                for ready in multiprocessing.connection.wait(list(workers)):
                    if isinstance(ready, Connection):
                        with contextlib.suppress(KitError):
                            _hear(run, workers, workers[ready], [])
        raise
    finally:
        for worker in workers.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGTERM)
            os.waitpid(worker.pid, 0)


def _hear(run: Run, workers: dict[Connection, Worker], worker: Worker, waiting: list[Task]) -> None:
    """Take in what a process has sent."""
    try:
        said = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        del workers[worker.pipe]
        os.waitpid(worker.pid, 0)
        raise KitError(f"A process of the kit has died while it made the checks {worker.busy}.") from None
    if isinstance(said, CheckResult):
        run.add(said)
    elif isinstance(said, Share):
        run.take_over(said.watcher, said.ledger, said.requests)
        del workers[worker.pipe]
        os.waitpid(worker.pid, 0)
    else:
        worker.busy = waiting.pop(0) if waiting else []
        with contextlib.suppress(BrokenPipeError):
            worker.pipe.send(worker.busy)


def _start(run: Run, items: Sequence[pytest.Item], number: int, others: list[Connection]) -> Worker:
    parent_end, child_end = multiprocessing.Pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        child_end.close()
        return Worker(pid, parent_end)
    code = 1
    try:
        gc.freeze()  # what the parent made stays: looking through it again and again is for nothing
        parent_end.close()
        for other in others:
            other.close()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        run.begin_share(number, child_end.send)
        _work(items, child_end)
        with held_signals():
            run.delete_own()
            run.api.close()
            child_end.send(Share(run.watcher, run.world.ledger, run.api.sent))
        code = 0
    finally:
        os._exit(code)  # nothing of the parent's is this process' to end


class _Following:
    """The check after this one, in the place of it: asked for when pytest, at the end of this one, looks what it needs.

    A process that asked earlier would keep a check from those that have nothing to do.
    """

    def __init__(self, items: Sequence[pytest.Item], pipe: Connection) -> None:
        self._items = items
        self._pipe = pipe

    @cached_property
    def task(self) -> Task:
        """What this process does next; empty when there is nothing left."""
        self._pipe.send("next")
        task: Task = self._pipe.recv()
        return task

    def listchain(self) -> Sequence[object]:
        """What the next check needs, as pytest asks each of its items."""
        return self._items[self.task[0]].listchain() if self.task else []


def _work(items: Sequence[pytest.Item], pipe: Connection) -> None:
    """Ask for tasks and make their checks, until there are none left or the user breaks it off."""
    state = items[0].session._setupstate
    try:
        following = _Following(items, pipe)
        while current := following.task:
            following = _Following(items, pipe)
            for index, after in zip(current, [*(items[i] for i in current[1:]), following], strict=True):
                items[index].config.hook.pytest_runtest_protocol(item=items[index], nextitem=after)
    except (KeyboardInterrupt, pytest.exit.Exception):
        with held_signals(), contextlib.suppress(BaseException):  # both the user and the parent may send one
            state.teardown_exact(None)
