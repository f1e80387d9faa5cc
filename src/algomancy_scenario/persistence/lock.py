"""Keeps two servers from using one data folder, and notices those that share nothing though they should."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import tempfile
import weakref
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover - the tests run elsewhere
    import msvcrt
else:
    import fcntl


class FolderLock:
    """A lock that ends with the process that holds it, however it ends.

    Args:
        path: The lock file; it holds the id of the process and stays when the lock is let go.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            ValueError: Another server has it; the message names its process.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle)
        except OSError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            if holder == str(os.getpid()) and self._lock_left_behind(handle):
                holder = ""
            else:
                os.close(handle)
                raise ValueError(
                    f"Data folder '{self._path.absolute().parent.name}' is in use by another server, "
                    f"process {holder or 'unknown'}. Several servers, or the worker processes of one, can share a "
                    "database: persistence_backend='database'."
                ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._handle = handle
        _let_go_in_children(self)

    def _lock_left_behind(self, handle: int) -> bool:
        """Try again once what this process dropped without closing it is gone."""
        gc.collect()
        try:
            _lock(handle)
        except OSError:
            return False
        return True

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        """Let the lock go, if it is held."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def lock_among_workers() -> FolderLock | None:
    """Take the lock that the worker processes of uvicorn or gunicorn have in common; without those there is none.

    Raises:
        ValueError: Another worker has it.
    """
    if multiprocessing.parent_process() is None and "gunicorn" not in os.environ.get("SERVER_SOFTWARE", ""):
        return None
    lock = FolderLock(Path(tempfile.gettempdir()) / f"algomancy-workers-{os.getppid()}.lock")
    lock.acquire()
    return lock


def _let_go_in_children(lock: FolderLock) -> None:
    """See to it that a forked child, such as the user's code may leave behind, does not go on holding the lock."""
    if sys.platform == "win32":  # pragma: no cover - the tests run elsewhere
        return
    known = weakref.ref(lock)

    def let_go() -> None:
        inherited = known()
        if inherited is not None:
            inherited.release()

    os.register_at_fork(after_in_child=let_go)


def _lock(handle: int) -> None:
    if sys.platform == "win32":  # pragma: no cover - the tests run elsewhere
        # Far behind the process id, which others must be able to read.
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
