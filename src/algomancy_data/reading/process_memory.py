"""What the C library does with memory that was freed, while large files are read and afterwards.

Both functions do nothing where the C library is not glibc.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

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
