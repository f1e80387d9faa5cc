"""One server per data folder."""

from __future__ import annotations

import errno
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from algomancy_data import DataSource
from algomancy_scenario.persistence import lock as lock_module
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.directory import DirectoryStore
from algomancy_scenario.persistence.lock import FolderLock

HOLDER = """
import sys
import tempfile
import threading
from pathlib import Path
from algomancy_scenario.persistence.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
print("locked", flush=True)
sys.stdin.read()
"""


FORKING_HOLDER = """
import os, sys
from pathlib import Path
from algomancy_scenario.persistence.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
if os.fork() == 0:
    print("forked", flush=True)
    sys.stdin.read()
    os._exit(0)
os.wait()
"""


def test_second_holder_is_refused_and_told_the_first(tmp_path: Path) -> None:
    """The message has the process id of the holder, not the path; a lock let go can be taken."""
    path = tmp_path / "folder" / "inner" / "server.lock"
    path.parent.mkdir(parents=True)
    first, second = FolderLock(path), FolderLock(path)
    first.acquire()
    with pytest.raises(ValueError, match=f"process {os.getpid()}") as caught:
        second.acquire()
    assert str(tmp_path) not in str(caught.value)
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_folder_that_cannot_be_locked_is_no_folder_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk knows of no locks, the message says so, and names no other server."""

    def refuse(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock_module, "_lock", refuse)
    with pytest.raises(ValueError, match=r"cannot be written to: No locks available\."):
        DirectoryStore(tmp_path, DataSource, Cache(1))


def test_lock_that_was_dropped_can_be_taken(tmp_path: Path) -> None:
    """What this process dropped without letting it go, in a circle of objects even, does not keep the lock."""
    first = FolderLock(tmp_path / "server.lock")
    first.acquire()
    circle: list[Any] = [first]
    circle.append(circle)
    del first, circle
    second = FolderLock(tmp_path / "server.lock")
    second.acquire()
    second.release()


def test_lock_of_a_killed_process_can_be_taken(tmp_path: Path) -> None:
    """A lock ends with its process, however that ends."""
    path = tmp_path / "server.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(ValueError, match=str(holder.pid)):
            FolderLock(path).acquire()
        holder.kill()
    lock = FolderLock(path)
    lock.acquire()
    assert path.read_text() == f"{os.getpid()}\n"
    lock.release()


def test_forked_child_of_a_killed_process_does_not_hold_its_lock(tmp_path: Path) -> None:
    """A lock is its process's alone: a child that the process forked does not keep it."""
    path = tmp_path / "server.lock"
    with subprocess.Popen(
        [sys.executable, "-c", FORKING_HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "forked\n"
        with pytest.raises(ValueError, match=str(holder.pid)):
            FolderLock(path).acquire()
        holder.kill()
        holder.wait(10)
        lock = FolderLock(path)
        lock.acquire()
        lock.release()


def test_workers_that_share_no_state_are_warned_of(tmp_path: Path) -> None:
    """Under a process manager with two workers, the second whose sessions are in memory says what to do."""
    (tmp_path / "service.py").write_text(
        "from algomancy_api import ApiLauncher\n"
        "from algomancy_api.example import build_example_config\n"
        "app = ApiLauncher.build(build_example_config())\n"
    )
    command = [sys.executable, "-m", "uvicorn", "service:app", "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as manager:
        try:
            assert manager.stderr is not None
            told = next(line for line in manager.stderr if "now these, now those" in line)
        finally:
            manager.terminate()
    assert "persistence_backend='database'" in told


def ask_whether_first(folder: str, answers: multiprocessing.Queue[bool]) -> None:
    """Be a worker process: ask twice, as a second store of the same process does, and stay."""
    tempfile.tempdir = folder
    from algomancy_scenario.persistence.lock import is_first_worker

    answers.put(is_first_worker() and is_first_worker())
    threading.Event().wait()


def test_worker_that_tells_others_touches_no_file_of_anyone(tmp_path: Path) -> None:
    """What lies in a temporary folder that all users share, a link to a file even, is in nobody's way and stays."""
    precious = tmp_path / "precious"
    precious.write_text("kept")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / f"algomancy-workers-{os.getpid()}.lock").symlink_to(precious)
    spawning = multiprocessing.get_context("spawn")
    answers = spawning.Queue()
    workers = [spawning.Process(target=ask_whether_first, args=(str(shared), answers)) for _ in range(2)]
    try:
        for worker in workers:
            worker.start()
        assert sorted(answers.get(timeout=60) for _ in workers) == [False, True]
        assert precious.read_text() == "kept"
        assert len(list(shared.iterdir())) == 1
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
