"""Giving memory back to the machine once large work is done.

The C library keeps what was freed for whoever asks next. In a server that read one large file, that would be several
times the file's size for the rest of its life.
"""

from __future__ import annotations

import functools
from collections.abc import Callable


def give_back_freed_memory() -> None:
    """Let the C library hand over the free memory it holds, in a few milliseconds; nothing happens without glibc."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    import ctypes

    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):  # Another C library, or another kind of system.
        return None
