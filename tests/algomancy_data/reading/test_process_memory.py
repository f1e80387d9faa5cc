"""Memory that was freed: kept while there is large work, given back afterwards."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from algomancy_data.reading.process_memory import give_back_freed_memory, reuse_freed_memory

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
    give_back_freed_memory()
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
    give_back_freed_memory()
    assert full - resident_bytes() > 8 << 20
