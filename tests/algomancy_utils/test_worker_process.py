"""A process that does calls and can be killed."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from algomancy_utils.worker_process import Port, UnreadableCallError, WorkerEndedError, WorkerProcess

OPEN_FILES = Path("/proc/self/fd")


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    """A process of this test's own."""
    worker = WorkerProcess()
    yield worker
    worker.close()


def call(function: Any, *args: Any) -> bytes:
    return pickle.dumps((function, args))


def test_worker_calls_a_function_with_its_end_of_the_line(worker: WorkerProcess) -> None:
    """What the function notes comes before what it returns; what it keeps is there at its next call."""
    notes: list[Any] = []
    assert worker.run(call(Port.note, "half"), notes.append) is None
    assert notes == ["half"]


def test_worker_passes_on_what_the_function_raises(worker: WorkerProcess) -> None:
    """With its type, and lives on: an exception of the call's own is not the end of the process."""
    with pytest.raises(AttributeError, match="nowhere"):
        worker.run(call(getattr, "nowhere"), print)
    assert worker.run(call(isinstance, Port), print) is True


def test_call_that_cannot_be_read_is_told_from_one_that_fails(worker: WorkerProcess) -> None:
    """Its module may not be there for the process; it can go on with other calls."""
    with pytest.raises(UnreadableCallError, match="No module named 'elsewhere'"):
        worker.run(b"celsewhere\nfunction\n.", print)
    assert worker.run(call(isinstance, Port), print) is True


def test_worker_that_is_killed_ends_the_call(worker: WorkerProcess) -> None:
    """From another thread, at any time; and says how it ended."""
    killer = threading.Timer(0.05, worker.kill)
    killer.start()
    with pytest.raises(WorkerEndedError, match="killed by signal 9"):
        worker.run(cloudpickle.dumps((lambda _port: threading.Event().wait(), ())), print)
    killer.join()


def test_worker_that_ended_cannot_be_called(worker: WorkerProcess) -> None:
    """The caller is told, and closing it again does no harm."""
    worker.kill()
    with pytest.raises(WorkerEndedError, match="killed by signal 9"):
        worker.run(call(isinstance, Port), print)
    worker.send("nobody hears this")


def test_worker_steps_back_behind_the_process_that_started_it() -> None:
    """Both are of one session, within which niceness counts; its group is its own, to be killed as one."""
    worker = WorkerProcess(niceness=7)
    try:
        niceness = worker.run(cloudpickle.dumps((lambda _port: os.nice(0), ())), print)
        assert niceness == min(19, os.nice(0) + 7)
        assert os.getsid(worker.pid) == os.getsid(0)
        assert os.getpgid(worker.pid) == worker.pid
    finally:
        worker.close()


def members(group: int) -> list[int]:
    """The processes of a group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                found.append(int(folder.name))
    return sorted(found)


def children_told_to_end(_port: Port) -> list[int | None]:
    """How a child ends that this process forked, and a program that it started, both told to by SIGTERM."""
    forked = multiprocessing.get_context("fork").Process(target=threading.Event().wait)
    forked.start()
    forked.terminate()
    forked.join()
    with subprocess.Popen(["sleep", "600"]) as program:
        program.terminate()
    return [forked.exitcode, program.returncode]


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="only Linux lists all processes")
def test_worker_is_not_ended_by_what_is_meant_for_its_parent(worker: WorkerProcess) -> None:
    """A service manager tells all processes of a service to end; what a run has started ends by it as ever."""
    notes: queue.SimpleQueue[str] = queue.SimpleQueue()
    assert worker.run(call(isinstance, Port), print) is True
    group = members(worker.pid)
    assert len(group) == 2
    waiting = cloudpickle.dumps((lambda port: (port.note("at work"), threading.Event().wait(0.1))[1], ()))

    def tell() -> None:
        notes.get()
        os.killpg(worker.pid, signal.SIGTERM)

    told = threading.Thread(target=tell)
    told.start()
    assert worker.run(waiting, notes.put) is False
    told.join()
    assert worker.run(cloudpickle.dumps((children_told_to_end, ())), print) == [-signal.SIGTERM, -signal.SIGTERM]
    assert members(worker.pid) == group


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="only Linux lists the files a process has open")
def test_worker_leaves_no_file_open() -> None:
    """Neither end of the line stays with this process."""
    before = len(list(OPEN_FILES.iterdir()))
    for _ in range(3):
        WorkerProcess().close()
    assert len(list(OPEN_FILES.iterdir())) == before


_ADOPTING = """
import ctypes, os, pickle, time
from algomancy_utils.worker_process import Port, WorkerProcess
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: as the first process of a container
for _ in range(3):
    worker = WorkerProcess()
    worker.run(pickle.dumps((Port.note, (1,))), print)
    worker.close()
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("none is left")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_worker_leaves_no_zombie_to_the_first_process_of_a_container() -> None:
    """There is nobody else there who would wait for what a worker leaves behind."""
    done = subprocess.run([sys.executable, "-c", _ADOPTING], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split("\n")[-2] == "none is left"
