"""How often Python looks for cyclic garbage while the server runs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 10_000
_COLLECTIONS = 10


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector run some ten times less often than usual, then as before.

    All threads stand still while it goes through what is stored. By its usual measure it does so after every few
    thousand scenarios, for longer each time, and one request in a hundred waits for it. What requests leave behind is
    freed without it.
    """
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, _COLLECTIONS, _COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
