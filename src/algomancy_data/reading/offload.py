"""One worker process for parsing that would hold the interpreter's lock, and so every other request, for long.

The worker starts when it is first wanted, stays for the life of this process, and starts anew should it die. Only
functions of this package are sent to it, never a user's classes.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import pickle
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from algomancy_utils.worker_process import Port, WorkerEndedError, WorkerProcess

INLINE_BYTES = 1 << 20
"""Content up to this size is parsed where it is: sending it away would take longer."""

_log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")


class WorkerDiedError(ValueError):
    """The worker died of what it was given, twice."""


class NoWorkerError(ValueError):
    """No worker process can be started."""


class ParsingWorker:
    """Runs functions in a process of its own, one after the other. Any thread may use it."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._process: WorkerProcess | None = None

    def run(self, function: Callable[..., ResultT], *args: object) -> ResultT:
        """Run a module-level function of this package in the worker and wait for what it returns.

        Args:
            function: What to run.
            args: Its arguments, which are pickled.

        Raises:
            NoWorkerError: No process can be started.
            WorkerDiedError: The worker died of it, twice.
            RuntimeError: The interpreter is ending.
            Exception: Whatever the function raises.
        """
        call = pickle.dumps((_parse, (function, args)), pickle.HIGHEST_PROTOCOL)
        with self._turn:
            for attempt in range(2):
                try:
                    process = self._started()
                except OSError:
                    raise NoWorkerError("The content cannot be read: no process can be started to read it.") from None
                try:
                    return process.run(call, lambda _note: None)  # type: ignore[no-any-return]
                except WorkerEndedError as error:
                    if self._forget(process) and not attempt:
                        _log.warning(
                            "The process that reads large files ended: %s. Another one takes its place.", error
                        )
        raise WorkerDiedError("The content cannot be read: reading it needs more than this machine has.")

    def close(self) -> None:
        """End the worker process, if there is one; the next `run` starts another."""
        with self._lock:
            process = self._process
        if process is not None:
            self._forget(process)

    def process_ids(self) -> list[int]:
        """Return the id of the worker process, or nothing while there is none."""
        with self._lock:
            return [] if self._process is None else [self._process.pid]

    def _started(self) -> WorkerProcess:
        with self._lock:
            if self._process is None:
                # How it ended is told in a sentence; a library's trace would be of no use to anybody.
                self._process = WorkerProcess(silent=True)
            return self._process

    def _forget(self, process: WorkerProcess) -> bool:
        """Let go of the process; tell whether nobody else has."""
        with self._lock:
            ours = self._process is process
            if ours:
                self._process = None
        process.close()
        return ours


WORKER = ParsingWorker()
"""The worker of this process. It is a resource of the machine, like its memory: sessions share it."""


def run_by_size(size: int, function: Callable[..., ResultT], *args: object) -> ResultT:
    """Run a function here when there is little to parse, or no process can be started, else in the worker process.

    Args:
        size: Bytes to be parsed.
        function: A module-level function of this package.
        args: Its arguments.
    """
    if size > INLINE_BYTES:
        with contextlib.suppress(NoWorkerError):
            return WORKER.run(function, *args)
    return function(*args)


def within_memory(extra: int, function: Callable[..., ResultT], *args: object) -> ResultT:
    """Run a function in this process, which must be the worker, with no more memory than allowed.

    Where the system cannot tell how much memory a process has, or cannot bound it, the function simply runs.

    Args:
        extra: How many bytes it may take beyond what the process has now.
        function: What to run.
        args: Its arguments.

    Raises:
        MemoryError: It wanted more.
        Exception: Whatever the function raises.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except (ImportError, OSError):  # pragma: no cover - the tests run elsewhere
        return function(*args)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [pages * resource.getpagesize() + extra, *(limit for limit in before if limit >= 0)]
    resource.setrlimit(resource.RLIMIT_DATA, (min(bounds), before[1]))
    try:
        return function(*args)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _parse(port: Port, function: Callable[..., ResultT], args: tuple[Any, ...]) -> ResultT:
    if not port.kept.setdefault("prepared", False):
        port.kept["prepared"] = True
        # Parsing makes millions of objects and no cycles: looking for them would double the time.
        gc.set_threshold(1_000_000, 50, 50)
        reuse_freed_memory()
    try:
        return function(*args)
    finally:
        give_back_freed_memory(sys.maxsize)


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


@functools.cache
def let_arrow_give_back() -> None:
    """Have Arrow take its memory from the C library, where that can be told to give it back.

    Arrow's own allocator keeps what its threads have freed: of a csv file of 85 MB more than twice as much, for good.
    """
    import pyarrow as pa

    if _glibc() is not None:
        pa.set_memory_pool(pa.system_memory_pool())


def give_back_freed_memory(size: int) -> None:
    """Let the C library hand all free memory back to the machine, which takes some milliseconds.

    Kept, it would be several times the size of the largest file read, for the rest of the process's life.

    Args:
        size: How many bytes were read or written; what small ones took is not worth it.
    """
    library = _glibc()
    if size > INLINE_BYTES and library is not None:
        library.malloc_trim(0)


@functools.cache
def _glibc() -> Any:  # noqa: ANN401 - a library's functions have no types
    import ctypes

    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None
