"""When to try again, and how long to wait before that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from algomancy_api.client.exceptions import ConnectionFailed, TooManyRequests, Unavailable

TRANSIENT = (ConnectionFailed, Unavailable, TooManyRequests)
"""Transient failures: a later attempt may succeed."""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How a client handles transient failures: no connection, no answer in time, 429, 502, 503 and 504.

    Only requests that may safely be sent twice (GET and DELETE) are. All times are in seconds.
    """

    attempts: int = 4
    """How often such a request is sent in all, outside of waiting."""
    first_delay: float = 0.2
    """Pause before the second attempt; each later one is twice as long."""
    max_delay: float = 5.0
    """Longest pause of the client's own choosing."""
    max_retry_after: float = 60.0
    """Longest pause the server may ask for by `Retry-After`; asked for more, the client gives up at once. Only
    where it waits for a scenario with a timeout, it is that which ends the waiting."""
    max_outage: float = 300.0
    """How long waiting without a timeout goes on while the server does not answer."""

    def delay(self, failures: int, asked: float | None) -> float:
        """The pause after this many failures in a row, where the server `asked` for one or did not."""
        if asked is not None:
            return asked
        return min(self.first_delay * 2.0 ** min(failures - 1, 32), self.max_delay)


def poll_delay(polls: int) -> float:
    """The pause in seconds after this many questions about a running scenario: short at first, never above 2."""
    return min(0.05 * 1.5 ** min(polls - 1, 32), 2.0)


def parse_retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """The seconds a `Retry-After` header asks for: it holds a number of them, or an HTTP date.

    Args:
        header: the header's text; None when there is none.
        now: the present, where the header holds a date; by default the machine's clock says.

    Returns:
        Seconds, never negative; None when the header is absent or says nothing sensible.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
