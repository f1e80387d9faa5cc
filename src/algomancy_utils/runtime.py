"""Where time and identity come from: one injectable place, so that a server can be made reproducible."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


def random_id() -> str:
    """Return a fresh random UUID as text."""
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Runtime:
    """The clock and the source of identifiers handed to the managers.

    Attributes:
        now: Gives the present time, aware, in UTC.
        new_id: Gives an identifier never given before.
    """

    now: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = random_id
