"""The threads beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any

import pytest

from algomancy_api.backend_calls import WorkerPool


def test_call_runs_elsewhere_and_gives_what_it_returns() -> None:
    """The result and the exception of a call come back to the caller."""
    pool = WorkerPool("test-pool", 1)

    async def main() -> None:
        assert await pool.run(divmod, 7, 2) == (3, 1)
        assert (await pool.run(lambda: threading.current_thread().name)) == "test-pool"
        with pytest.raises(ZeroDivisionError):
            await pool.run(divmod, 1, 0)

    asyncio.run(main())


def test_call_runs_in_the_context_of_its_caller() -> None:
    """What the caller has set for itself holds in the thread, and for nobody else there."""
    pool = WorkerPool("test-pool", 1)
    name: ContextVar[str] = ContextVar("name", default="nobody")

    async def called_by(caller: str) -> str:
        name.set(caller)
        return await pool.run(name.get)

    async def main() -> None:
        assert list(await asyncio.gather(called_by("one"), called_by("two"))) == ["one", "two"]
        assert await pool.run(name.get) == "nobody"

    asyncio.run(main())


def test_calls_share_a_bounded_number_of_daemon_threads() -> None:
    """Never more threads than the size, none of which keeps the process alive."""
    pool = WorkerPool("test-pool", 3)
    all_busy = threading.Barrier(3)
    seen: set[threading.Thread] = set()

    def call() -> None:
        all_busy.wait(10)
        seen.add(threading.current_thread())

    async def main() -> None:
        await asyncio.gather(*(pool.run(call) for _ in range(30)))

    asyncio.run(main())
    assert len(seen) == 3
    assert all(thread.daemon for thread in seen)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), StopIteration(), GeneratorExit()], ids=repr)
def test_what_would_end_the_loop_becomes_an_error(error: BaseException) -> None:
    """A call may raise anything: the event loop and the thread go on."""
    pool = WorkerPool("test-pool", 1)

    def call() -> None:
        raise error

    async def main() -> Any:
        with pytest.raises(RuntimeError) as raised:
            await pool.run(call)
        return raised.value.__cause__, await pool.run(lambda: "alive")

    assert asyncio.run(main()) == (error, "alive")


def test_cancelled_caller_leaves_the_call_to_its_end() -> None:
    """A request that is given up neither stops the call nor harms the next one."""
    pool = WorkerPool("test-pool", 1)
    started, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        started.set()
        go_on.wait(10)
        ended.set()

    async def main() -> None:
        waiting = asyncio.create_task(pool.run(call))
        while not started.is_set():
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()
        assert await pool.run(ended.is_set) is True

    asyncio.run(main())


def test_idle_thread_ends() -> None:
    """Threads go when there is nothing to do, and come back when there is."""
    pool = WorkerPool("test-pool", 1, idle_seconds=0.01)
    first = asyncio.run(pool.run(threading.current_thread))
    first.join(10)
    assert not first.is_alive()
    assert asyncio.run(pool.run(threading.current_thread)) is not first


def test_result_for_a_closed_loop_is_dropped() -> None:
    """A call that outlives the server ends without a word."""
    pool = WorkerPool("test-pool", 1)
    started, go_on = threading.Event(), threading.Event()

    def call() -> None:
        started.set()
        go_on.wait(10)

    async def main() -> None:
        task = asyncio.ensure_future(pool.run(call))
        while not started.is_set():
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(main())
    go_on.set()
    assert asyncio.run(pool.run(lambda: 1)) == 1


def test_second_call_never_waits_beside_a_free_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that has taken a call but has not begun it counts as busy: the next call gets a thread of its own."""
    taken, go_on = threading.Event(), threading.Event()

    class Jobs(SimpleQueue[Any]):
        """Gives out the first job, and holds up whoever took it."""

        def get(self, block: bool = True, timeout: float | None = None) -> Any:
            job = super().get(block, timeout)
            if not taken.is_set():
                taken.set()
                go_on.wait(10)
            return job

    monkeypatch.setattr("algomancy_api.backend_calls.SimpleQueue", Jobs)
    pool = WorkerPool("test-pool", 2)

    async def main() -> None:
        first = asyncio.create_task(pool.run(lambda: "first"))
        while not taken.is_set():
            await asyncio.sleep(0)
        assert await asyncio.wait_for(pool.run(lambda: "second"), 10) == "second"
        go_on.set()
        assert await first == "first"

    asyncio.run(main())
