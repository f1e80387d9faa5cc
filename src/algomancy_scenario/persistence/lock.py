"""Keeps two servers from using one data folder, and notices those that share nothing though they should."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import os
import sys
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover - the tests run elsewhere
    import msvcrt
else:
    import fcntl

_TAKEN = (BlockingIOError, PermissionError)  # How Unix and Windows say that somebody else has a lock.


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
            OSError: There can be no lock: the disk of another machine may know of none.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle)
        except _TAKEN:
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
        except OSError:
            os.close(handle)
            raise
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._handle = handle
        known = weakref.ref(self)

        def let_go() -> None:
            inherited = known()
            if inherited is not None:
                inherited.release()

        _let_go_in_children(let_go)

    def _lock_left_behind(self, handle: int) -> bool:
        """Try again once what this process dropped without closing it is gone."""
        gc.collect()
        try:
            _lock(handle)
        except _TAKEN:
            return False
        return True

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        """Let the lock go, if it is held."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


@functools.cache
def is_first_worker() -> bool:
    """Tell whether this is the first of the worker processes of one uvicorn or gunicorn that asks.

    The lock that tells is on the parent's own entry in `/proc`, which no other user can take the place of, and which
    leaves nothing behind; where there is none, on a file of the user's temporary folder. It ends with this process. Who
    cannot have it for any other reason than a worker that has it, takes itself to be the first.
    """
    if multiprocessing.parent_process() is None and "gunicorn" not in os.environ.get("SERVER_SOFTWARE", ""):
        return True
    place = Path(f"/proc/{os.getppid()}")
    flags = os.O_RDONLY
    if not place.is_dir():  # pragma: no cover - the tests run on Linux
        place = Path(tempfile.gettempdir()) / f"algomancy-workers-{os.getppid()}.lock"
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    handle = None
    try:
        handle = os.open(place, flags, 0o600)
        _lock(handle)
    except OSError as error:
        if handle is None:
            return True
        os.close(handle)
        return not isinstance(error, _TAKEN)
    _let_go_in_children(functools.partial(os.close, handle))
    return True


def _let_go_in_children(let_go: Callable[[], None]) -> None:
    """See to it that a forked child, such as the user's code may leave behind, does not go on holding a lock."""
    if sys.platform != "win32":
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
