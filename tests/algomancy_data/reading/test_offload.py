"""The worker process."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from algomancy_data.encoding import decode_json
from algomancy_data.file import ReadLimits
from algomancy_data.reading.offload import (
    INLINE_BYTES,
    ParsingWorker,
    give_back_freed_memory,
    reuse_freed_memory,
    run_by_size,
)
from algomancy_utils.errors import TooLargeError


@pytest.fixture
def worker() -> Iterator[ParsingWorker]:
    """A worker of this test's own."""
    worker = ParsingWorker()
    yield worker
    worker.close()


def test_worker_starts_when_wanted_and_is_used_again(worker: ParsingWorker) -> None:
    """There is no process before the first call, one after it, and the same one for every thread."""
    assert worker.process_ids() == []
    assert worker.run(os.getpid) != os.getpid()
    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda _: worker.run(os.getpid), range(8)))
    assert ids == set(worker.process_ids())
    assert len(ids) == 1


def test_worker_passes_on_results_and_errors(worker: ParsingWorker) -> None:
    """What the function returns is returned, and what it raises is raised, with its message."""
    assert worker.run(decode_json, b'{"a": [1]}') == {"a": [1]}
    with pytest.raises(ValueError, match=r"line 1, column 2"):
        worker.run(decode_json, b"{")
    with pytest.raises(TooLargeError, match="This is too much"):
        worker.run(ReadLimits(max_inflated_bytes=1).check_inflated, 2, "This is too much; it")


def test_worker_that_was_killed_is_replaced(worker: ParsingWorker) -> None:
    """When the process dies between calls, the next call starts another."""
    first = worker.run(os.getpid)
    os.kill(first, signal.SIGKILL)
    second = worker.run(os.getpid)
    assert second not in (first, os.getpid())


def test_worker_that_dies_of_its_work_says_so(
    worker: ParsingWorker, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Work that kills the process is refused instead of being tried in this one, and later work goes on.

    The log has one sentence, and not what a library writes when it dies.
    """
    with pytest.raises(ValueError, match="more than this machine has"):
        worker.run(os.abort)
    assert worker.run(abs, -1) == 1
    assert caplog.messages == [
        "The process that reads large files ended: killed by signal 6. Another one takes its place."
    ]
    assert capfd.readouterr().err == ""


def test_worker_closed_leaves_no_process(worker: ParsingWorker) -> None:
    """Closing ends the process at once, closing twice does no harm, and the worker may be used again."""
    first = worker.run(os.getpid)
    worker.close()
    worker.close()
    assert worker.process_ids() == []
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert worker.run(os.getpid) != first


def test_worker_at_work_does_not_hold_up_the_end() -> None:
    """A process ends at once, and quietly, however long its worker would still have to go."""
    code = (
        "import threading, time\n"
        "from algomancy_data.reading.offload import WORKER\n"
        "WORKER.run(abs, 1)\n"
        "begun = threading.Event()\n"
        "def work():\n"
        "    begun.set()\n"
        "    try: WORKER.run(time.sleep, 60)\n"
        "    except RuntimeError: pass\n"
        "threading.Thread(target=work, daemon=True).start()\n"
        "begun.wait()\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert run.stderr == ""


def test_small_content_stays_in_this_process() -> None:
    """What is small is parsed where it is; what is large goes to the worker."""
    assert run_by_size(INLINE_BYTES, os.getpid) == os.getpid()
    assert run_by_size(INLINE_BYTES + 1, os.getpid) != os.getpid()


def test_worker_needs_no_main_guard_and_ends_with_its_parent(tmp_path: Path) -> None:
    """A script without `__main__` guard runs once, and its worker is gone soon after it was killed."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, sys
            print("script")
            from algomancy_data.reading.offload import WORKER
            print(WORKER.run(os.getpid), flush=True)
            sys.stdin.read()
            """
        )
    )
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, script], stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline(), process.stdout.readline()]
        process.kill()
        # The pipe stays open as long as anybody who inherited it lives. All they may say is that they clean up.
        said.append(process.stdout.read())
    assert said[0] == "script\n"
    assert said[1].strip().isdigit()
    assert "script\n" not in said[2]


BLOCK, COUNT, KEPT = 1_000, 60_000, 500


def resident_bytes() -> int:
    """What this process holds of the machine's memory."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the C library is left alone")


@LINUX_ONLY
def test_freed_memory_is_given_back() -> None:
    """Memory that is free between pieces still in use goes back to the machine, and those keep their content."""
    pieces = [bytes([number % 256]) * BLOCK for number in range(COUNT)]
    kept = pieces[:: COUNT // KEPT]
    full = resident_bytes()
    pieces.clear()
    give_back_freed_memory(INLINE_BYTES + 1)
    assert full - resident_bytes() > BLOCK * COUNT // 2
    assert [piece[0] for piece in kept] == [number % 256 for number in range(0, COUNT, COUNT // KEPT)]


@LINUX_ONLY
def test_freed_memory_is_kept_for_reuse_until_then() -> None:
    """A large piece that is freed stays with the process; giving back includes it."""
    reuse_freed_memory()
    piece = bytes(bytearray(16 << 20))
    full = resident_bytes()
    del piece
    assert full - resident_bytes() < 8 << 20
    give_back_freed_memory(INLINE_BYTES + 1)
    assert full - resident_bytes() > 8 << 20


@LINUX_ONLY
@pytest.mark.skipif(
    platform.libc_ver() >= ("glibc", "2.42"), reason="this C library gives back half of what Arrow's threads have freed"
)
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_memory_of_reading_is_given_back(tmp_path: Path, kind: str) -> None:
    """After a file of some megabytes was read the process holds its table, and little more."""
    code = textwrap.dedent(
        f"""
        import json
        from pathlib import Path
        from algomancy_data import CSVFile, JSONFile
        from algomancy_data.reading.csv_reader import read_csv_table
        from algomancy_data.reading.json_reader import read_json_table
        from tests.algomancy_data.reading.test_offload import resident_bytes
        def read(rows, path=Path({str(tmp_path / "t")!r})):
            if {kind!r} == "json":
                path.write_text(json.dumps([{{"n": n, "text": f"text of row {{n}}"}} for n in range(rows)]))
                return read_json_table(JSONFile("t", path), [], "t")
            path.write_text("n;text" + "".join(f"\\n{{n}};text of row {{n}}" for n in range(rows)))
            return read_csv_table(CSVFile("t", path), [], "t", ";")
        read(60_000)
        idle = resident_bytes()
        table = read(400_000)
        print(resident_bytes() - idle, table.frame.memory_usage(deep=True).sum())
        """
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    held, needed = map(int, run.stdout.split())
    assert held < 2 * needed
