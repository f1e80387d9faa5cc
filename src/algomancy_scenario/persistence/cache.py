"""What is in a store and read when it is asked for, kept in memory as long as there is room."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Cache:
    """A least-recently-used cache. An entry goes, too, when the object that reads it does; any thread may use it.

    Args:
        limit: How many bytes they may have together.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: OrderedDict[weakref.ref[Any], tuple[Any, int]] = OrderedDict()
        # Filled by the garbage collector, which may come by in a thread that holds the lock.
        self._gone: deque[weakref.ref[Any]] = deque()
        self._size = 0

    @property
    def size(self) -> int:
        """How many bytes the values have that are kept now."""
        with self._lock:
            self._drop_gone()
            return self._size

    def get(self, kept: object) -> Any:  # noqa: ANN401 - whatever was put there
        """Return the value that something has there, `None` when it is gone."""
        key = weakref.ref(kept)
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, kept: object, value: object, size: int) -> None:
        """Keep a value of so many bytes for something; those that were not used for longest make room for it."""
        key = weakref.ref(kept, self._forget)
        with self._lock:
            self._drop_gone()
            self._size += size - self._entries.pop(key, (None, 0))[1]
            self._entries[key] = (value, size)
            while self._size > self._limit:
                self._size -= self._entries.popitem(last=False)[1][1]

    def _forget(self, key: weakref.ref[Any]) -> None:
        self._gone.append(key)
        if self._lock.acquire(blocking=False):
            try:
                self._drop_gone()
            finally:
                self._lock.release()

    def _drop_gone(self) -> None:
        while self._gone:
            self._size -= self._entries.pop(self._gone.popleft(), (None, 0))[1]


class Kept(Generic[T]):
    """The place of a value in the cache; without it the value is not kept either.

    Args:
        cache: The cache.
    """

    __slots__ = ("__weakref__", "_cache")

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    @property
    def at_hand(self) -> bool:
        """Whether it is in memory now."""
        return self.peek() is not None

    def peek(self) -> T | None:
        """Return the value if it is in memory now."""
        value: T | None = self._cache.get(self)
        return value

    def get(self, read: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return the value.

        Args:
            read: Reads it, if it is not there.
            size: Tells how many bytes it has.
        """
        value = self.peek()
        if value is None:
            value = read()
            self._cache.put(self, value, size(value))
        return value

    def put(self, value: T, size: int) -> None:
        """Have a value there already."""
        self._cache.put(self, value, size)
