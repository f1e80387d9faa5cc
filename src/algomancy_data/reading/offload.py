"""One worker process for parsing that would hold the interpreter's lock, and so every other request, for long.

The worker starts when it is first wanted, stays for the life of this process, and starts anew should it die. It is
made by `loky`, which unlike `multiprocessing` does not import the program's main module again: a user's script needs no
`__main__` guard. Only functions of this package are sent to it, never a user's classes.
"""

from __future__ import annotations

import functools
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from loky.process_executor import BrokenProcessPool, ShutdownExecutorError


INLINE_BYTES = 1 << 20
"""Content up to this size is parsed where it is: sending it away would take longer."""

_WATCH_SECONDS = 1.0

P = ParamSpec("P")
ResultT = TypeVar("ResultT")


class ParsingWorker:
    """Runs functions in a process of its own, one after the other. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executor: Any = None

    def run(self, function: Callable[P, ResultT], *args: P.args, **kwargs: P.kwargs) -> ResultT:
        """Run a module-level function of this package in the worker and wait for what it returns.

        Where no process can be started at all the function runs in this one.

        Args:
            function: What to run.
            args: Its arguments, which are pickled.
            kwargs: Its named arguments, likewise.

        Raises:
            ValueError: The worker died of it, twice.
            RuntimeError: The interpreter is ending.
            Exception: Whatever the function raises.
        """
        from loky.process_executor import BrokenProcessPool, ShutdownExecutorError

        for _ in range(2):
            try:
                executor = self._started()
                future = executor.submit(_then_tidy, function, *args, **kwargs)
            except (ImportError, OSError):
                return function(*args, **kwargs)
            except (BrokenProcessPool, ShutdownExecutorError) as ended:
                self._forget(executor, ended)
                continue
            try:
                return future.result()  # type: ignore[no-any-return]
            except (BrokenProcessPool, ShutdownExecutorError) as ended:
                self._forget(executor, ended)
        raise ValueError("The content cannot be read: reading it needs more than this machine has.")

    def close(self) -> None:
        """End the worker process, if there is one; the next `run` starts another."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            queue = executor._call_queue
            executor.shutdown(wait=True, kill_workers=True)
            # Semaphores outlive a process that a signal ends: let go of them all, the feeder thread's included.
            queue.close()
            queue.join_thread()
            del executor, queue
            gc.collect()

    def process_ids(self) -> list[int]:
        """Return the id of the worker process, or nothing while there is none."""
        with self._lock:
            return [] if self._executor is None else list(self._executor._processes)

    def _started(self) -> Any:  # noqa: ANN401 - loky has no types
        from loky import ProcessPoolExecutor

        with self._lock:
            if self._executor is None:
                self._executor = ProcessPoolExecutor(max_workers=1, initializer=_prepare, initargs=(os.getpid(),))
                # Else the interpreter, when it ends, would wait for whatever the worker is at.
                self._executor._flags.kill_workers = True
            return self._executor

    def _forget(self, executor: object, ended: BrokenProcessPool | ShutdownExecutorError) -> None:
        with self._lock:
            if self._executor is not executor:
                return
            if not isinstance(ended, BrokenExecutor):
                # Not by `close`, so the interpreter is ending: an executor begun now would never be cleaned up.
                raise ended
            self._executor = None


WORKER = ParsingWorker()
"""The worker of this process. It is a resource of the machine, like its memory: sessions share it."""


def run_by_size(size: int, function: Callable[P, ResultT], *args: P.args, **kwargs: P.kwargs) -> ResultT:
    """Run a function here when there is little to parse, else in the worker process.

    Args:
        size: Bytes to be parsed.
        function: A module-level function of this package.
        args: Its arguments.
        kwargs: Its named arguments.
    """
    if size <= INLINE_BYTES:
        return function(*args, **kwargs)
    return WORKER.run(function, *args, **kwargs)


def within_memory(extra: int, function: Callable[P, ResultT], *args: P.args, **kwargs: P.kwargs) -> ResultT:
    """Run a function in this process, which must be the worker, with no more memory than allowed.

    Where the system cannot tell how much memory a process has, or cannot bound it, the function simply runs.

    Args:
        extra: How many bytes it may take beyond what the process has now.
        function: What to run.
        args: Its arguments.
        kwargs: Its named arguments.

    Raises:
        MemoryError: It wanted more.
        Exception: Whatever the function raises.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except (ImportError, OSError):  # pragma: no cover - the tests run elsewhere
        return function(*args, **kwargs)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [pages * resource.getpagesize() + extra, *(limit for limit in before if limit >= 0)]
    resource.setrlimit(resource.RLIMIT_DATA, (min(bounds), before[1]))
    try:
        return function(*args, **kwargs)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _then_tidy(function: Callable[P, ResultT], *args: P.args, **kwargs: P.kwargs) -> ResultT:
    try:
        return function(*args, **kwargs)
    finally:
        give_back_freed_memory()


def _prepare(parent: int) -> None:
    # Ctrl-C goes to the whole process group; the parent decides when the worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Parsing makes millions of objects and no cycles: looking for them would double the time.
    gc.set_threshold(1_000_000, 50, 50)
    reuse_freed_memory()
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(0)


_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_PIECE = 32 << 20


def reuse_freed_memory() -> None:
    """Let the C library keep pieces of up to 32 MiB that are freed, for whoever asks next.

    It comes to that by itself, but piece by piece, and until then the machine clears every page of each piece anew:
    reading a large csv file for the first time takes a third longer.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, _LARGEST_PIECE)
        library.mallopt(_TRIM_THRESHOLD, 2 * _LARGEST_PIECE)


def give_back_freed_memory() -> None:
    """Let the C library hand all free memory it holds back to the machine, which takes a few milliseconds.

    Kept, it would be several times the size of the largest file read, for the rest of the process's life.
    """
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@functools.cache
def _glibc() -> Any:  # noqa: ANN401 - a library's functions have no types
    import ctypes

    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None
