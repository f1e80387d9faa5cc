"""Where time and identity come from: one replaceable place, so that a server can be made reproducible."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Runtime:
    """A clock and a source of identifiers.

    Attributes:
        now: Gives the present time, aware, in UTC.
        new_id: Gives an identifier never given before.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())


_SYSTEM = Runtime()
_current: ContextVar[Runtime] = ContextVar("algomancy_runtime", default=_SYSTEM)


def utc_now() -> datetime:
    """Return the present time, aware, in UTC."""
    return _current.get().now()


def local_now() -> datetime:
    """Return the present time on the wall of the server: naive, as users' data mostly is."""
    return _current.get().now().astimezone().replace(tzinfo=None)


def random_id() -> str:
    """Return a fresh identifier: a random UUID as text, unless `use_runtime` says otherwise."""
    return _current.get().new_id()


def as_utc_text(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC with `Z` (contract GEN-12).

    Args:
        moment: The moment; a naive one is taken to be in local time.
    """
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def use_runtime(runtime: Runtime) -> Iterator[None]:
    """Take time and identifiers from elsewhere while the context lasts.

    That holds for this thread or task, and for the runs that it starts, so that several may live side by side, each by
    its own clock.

    Args:
        runtime: The clock and the source of identifiers.
    """
    token = _current.set(runtime)
    try:
        yield
    finally:
        _current.reset(token)
