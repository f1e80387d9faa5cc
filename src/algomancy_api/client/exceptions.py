"""Everything the client raises, and after what it tries again instead.

```text
AlgomancyError
├── ApiError(status, detail)   the server answered with an error
│   ├── BadRequest             400
│   │   └── InvalidParameter   400 to a scenario: a parameter that fails validation
│   ├── Unauthorized           401
│   ├── Forbidden              403
│   ├── NotFound               404
│   ├── MethodNotAllowed       405
│   ├── Conflict               409
│   ├── PayloadTooLarge        413
│   ├── InvalidRequest         422
│   ├── TooManyRequests        429
│   └── ServerError            any 5xx
│       └── Unavailable        502, 503, 504
├── ConnectionFailed           no answer (also a builtin ConnectionError)
├── UnexpectedReply            an answer no Algomancy server gives
├── ScenarioFailed             the scenario waited for has failed
├── UploadRejected             the uploaded data did not pass validation
└── WaitTimeout                the scenario waited for has not ended in time (also a builtin TimeoutError)
```

Programming mistakes, such as a URL without a scheme, are a plain `ValueError`; files that cannot be read, an `OSError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from algomancy_api.schemas import EtlReport, Scenario, ScenarioStatus


class AlgomancyError(Exception):
    """Anything that went wrong between this client and the server."""


class ApiError(AlgomancyError):
    """The server answered with an error.

    Attributes:
        status: the HTTP status code: branch on this (or on the subclass), not on the text.
        detail: the server's words, for a person to read.
        retry_after: seconds after which the server asks to try again; None when it did not say.
    """

    def __init__(self, status: int, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[ApiError], tuple[int, str, float | None]]:
        return type(self), (self.status, self.detail, self.retry_after)


class BadRequest(ApiError):
    """400: the input makes no sense to the server."""


class InvalidParameter(BadRequest):
    """400 to the creation of a scenario: a parameter has the wrong type, is out of bounds, unknown, or missing."""


class Unauthorized(ApiError):
    """401: the server asks for a token, or for another one."""


class Forbidden(ApiError):
    """403: the server's policy forbids it."""


class NotFound(ApiError):
    """404: no such session, scenario, algorithm or dataset."""


class MethodNotAllowed(ApiError):
    """405: the server does not offer this optional operation."""


class Conflict(ApiError):
    """409: the name is taken, the data is in use, or the scenario is in the wrong state."""


class PayloadTooLarge(ApiError):
    """413: the upload is over the server's limit."""


class InvalidRequest(ApiError):
    """422: a field is missing or has the wrong form."""


class TooManyRequests(ApiError):
    """429: the server asks to slow down."""


class ServerError(ApiError):
    """5xx: the server, or a class of the project it serves, broke."""


class Unavailable(ServerError):
    """502, 503 or 504: the server is not there right now; it may be restarting."""


class ConnectionFailed(AlgomancyError, ConnectionError):
    """No answer came: the server is not there, is too slow, or the connection broke.

    Attributes:
        retry_after: always None; there was no answer to carry one.
    """

    retry_after: float | None = None


class UnexpectedReply(AlgomancyError):
    """The answer is none that an Algomancy server gives; the URL may belong to something else."""


class ScenarioFailed(AlgomancyError):
    """The scenario waited for has failed.

    Attributes:
        scenario: the scenario, as it is now.
        reason: why its run failed, in the server's words.
    """

    def __init__(self, scenario: Scenario) -> None:
        told = scenario.error or (scenario.result or {}).get("error")
        self.reason = str(told) if told else "The server gave no reason."
        super().__init__(f"Scenario '{scenario.tag}' failed: {self.reason}")
        self.scenario = scenario

    def __reduce__(self) -> tuple[type[ScenarioFailed], tuple[Scenario]]:
        return type(self), (self.scenario,)


class UploadRejected(AlgomancyError):
    """The uploaded data did not pass validation; nothing was stored.

    Attributes:
        report: what extraction and validation found.
    """

    def __init__(self, report: EtlReport) -> None:
        found = [m.message for m in report.messages if m.severity in ("ERROR", "CRITICAL")]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        reason = found[0] if found else "The server gave no reason."
        super().__init__(f"Dataset '{report.dataset_name}' was rejected: {reason}{more}")
        self.report = report

    def __reduce__(self) -> tuple[type[UploadRejected], tuple[EtlReport]]:
        return type(self), (self.report,)


class WaitTimeout(AlgomancyError, TimeoutError):
    """The scenario waited for has not ended in time; on the server it goes on.

    Attributes:
        scenario_id: the scenario's id, to wait again.
        last: its status when it was last heard of; None when it never was.
    """

    def __init__(self, scenario_id: str, timeout: float, last: ScenarioStatus | None) -> None:
        state = f"it was {last.status.value} at {last.progress:.0f} %" if last else "the server did not answer"
        super().__init__(f"Scenario {scenario_id} has not ended within {timeout:g} seconds: {state}.")
        self.scenario_id = scenario_id
        self.timeout = timeout
        self.last = last

    def __reduce__(self) -> tuple[type[WaitTimeout], tuple[str, float, ScenarioStatus | None]]:
        return type(self), (self.scenario_id, self.timeout, self.last)


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    413: PayloadTooLarge,
    422: InvalidRequest,
    429: TooManyRequests,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_class(status: int) -> type[ApiError]:
    """The class that stands for this status."""
    return _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)


# --- trying again -----------------------------------------------------------------------------------------------------


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
