"""One request and its reply, free of any input or output.

A *flow* is a generator that yields what it wants done (`Send` a request, `Listen` to events, `Sleep` a while), is given
the reply, and returns its result. Flows hold the whole logic of the client; `clients` merely carry them out.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeAlias, TypeVar, cast
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from algomancy_api.client.exceptions import (
    TRANSIENT,
    AlgomancyError,
    ApiError,
    ConnectionFailed,
    NotFound,
    RetryPolicy,
    TooManyRequests,
    UnexpectedReply,
    error_class,
    parse_retry_after,
)

T = TypeVar("T")

STREAMS = 50
"""Streams that waits of one client may hold open at a time: half of the connections that httpx makes at most."""

SLOW_ANSWER = 600.0
"""Seconds that the answer to an upload may take at least: the server reads and checks all of it first."""


@dataclass(frozen=True)
class Call:
    """A request, as an operation describes it."""

    method: str
    path: str
    body: Mapping[str, Any] | bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    errors: Mapping[int, type[ApiError]] = field(default_factory=dict)
    """Statuses that mean something more special here than they do in general."""
    headers: Mapping[str, str] = field(default_factory=dict)
    patience: float = 0.0
    """How many seconds the answer may take at least."""

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does the same as sending it once."""
        return self.method in ("GET", "DELETE")

    @contextmanager
    def request(self, http: httpx.Client | httpx.AsyncClient) -> Iterator[httpx.Request]:
        """The request for httpx, with its files open."""
        with ExitStack() as stack:
            headers = {"Accept": "application/json", **self.headers}
            content: bytes | None = None
            if self.body is not None:
                headers["Content-Type"] = "application/json"
                content = self.body if isinstance(self.body, bytes) else _encoded(self.body)
            request = http.build_request(
                self.method,
                self.path,
                params=self.query or None,
                headers=headers,
                content=content,
                data=self.upload.form if self.upload else None,
                files=self.upload.open(stack) if self.upload else None,
            )
            if self.patience:
                request.extensions["timeout"]["read"] = max(self.patience, request.extensions["timeout"]["read"] or 0)
            if self.upload and self.upload.on_progress:
                request.stream = CountedStream(request, self.upload.on_progress)
            yield request


@dataclass(frozen=True)
class Send:
    """Send this request, and answer with the reply or throw the `httpx.RequestError` that came instead."""

    call: Call


@dataclass(frozen=True)
class Sleep:
    """Sleep for some seconds."""

    seconds: float


class NoStreamLeft(Exception):
    """All streams that a client may have open are in use: this wait has to poll."""


@dataclass(frozen=True)
class Listen:
    """Answer with the next line of the session's stream of events, `None` at its end, or throw what went wrong.

    Yielded again, the same object asks for the line after it; anything else closes the stream.
    """

    last_event_id: str | None = None
    scenario: str | None = None


Flow: TypeAlias = Generator["Send | Sleep | Listen", Any, T]


@dataclass(frozen=True)
class Api:
    """What every operation of one client shares: where the server is, and how to handle its failures."""

    url: str
    session: str
    prefix: str = "/api/v1"
    timeout: float = 30.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        try:
            parsed = httpx.URL(self.url)
        except (httpx.InvalidURL, TypeError):
            parsed = httpx.URL("")
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query or parsed.fragment:
            raise ValueError(f"URL '{self.url}' must look like http://127.0.0.1:8051.")
        prefix = f"/{self.prefix.strip('/')}" if self.prefix.strip("/") else ""
        object.__setattr__(self, "prefix", prefix)
        # The documented base of all paths ends in the prefix: take it for the server's own address just as well.
        object.__setattr__(self, "url", self.url.rstrip("/").removesuffix(prefix))

    def in_session(self, session: str) -> Api:
        """The same server, another session."""
        return replace(self, session=session)

    def path(self, *segments: str) -> str:
        """The path below the prefix with these segments, each of which may hold any characters."""
        return self.prefix + "".join(f"/{_quoted(segment)}" for segment in segments)

    def session_path(self, *segments: str) -> str:
        """The path below the client's session."""
        return self.path("sessions", self.session, *segments)

    def attempt(self, call: Call) -> Flow[httpx.Response]:
        """Send once.

        Raises:
            ApiError: the server answered with an error.
            ConnectionFailed: it did not answer.
            UnexpectedReply: the answer is none of an Algomancy server's.
        """
        try:
            response: httpx.Response = yield Send(call)
        except httpx.RequestError as error:
            raise self.no_answer(error, call) from error
        if response.is_success or (response.status_code == 304 and "If-None-Match" in call.headers):
            return response
        raise refusal(response, call)

    def send(self, call: Call) -> Flow[httpx.Response]:
        """Send, and send again where that is safe and the failure is transient.

        A DELETE that is answered 404 only after an attempt whose answer was lost has done its work: that 404 is given
        back like a success.
        """
        failures = 0
        may_be_done = False
        while True:
            try:
                return (yield from self.attempt(call))
            except TRANSIENT as error:
                failures += 1
                delay = self.retry.delay(failures, error.retry_after)
                if not call.repeatable or failures >= self.retry.attempts or delay > self.retry.max_retry_after:
                    raise
                may_be_done = may_be_done or not isinstance(error, TooManyRequests)
            except NotFound as error:
                if call.method == "DELETE" and may_be_done:
                    return httpx.Response(error.status)
                raise
            yield Sleep(delay)

    def fetch(self, call: Call, kind: type[T]) -> Flow[T]:
        """Send, and read the reply as a `kind`."""
        return read(kind, (yield from self.send(call)))

    def no_answer(self, error: httpx.RequestError, call: Call) -> AlgomancyError:
        """Return the exception for a request that was not answered."""
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ConnectionFailed(f"Could not connect to {self.url}: is the server running there?")
        if isinstance(error, httpx.TimeoutException):
            seconds = max(self.timeout, call.patience)
            return ConnectionFailed(f"{self.url} did not answer within {seconds:g} seconds.")
        if isinstance(error, httpx.TransportError):
            return ConnectionFailed(f"The connection to {self.url} broke before the answer was there.")
        return UnexpectedReply(f"The answer of {self.url} cannot be read: {error}")


def authorization(token: str | None) -> dict[str, str] | None:
    """The header that carries a token, if there is one.

    Raises:
        ValueError: no header can carry it.
    """
    if not token:
        return None
    if not (token.isascii() and token.isprintable()):
        raise ValueError("A token must not hold anything but printable ASCII characters.")
    return {"Authorization": f"Bearer {token}"}


def read(kind: type[T], response: httpx.Response) -> T:
    """The body of a successful reply as a `kind`.

    Raises:
        UnexpectedReply: it is no such thing.
    """
    adapter: TypeAdapter[T] = _adapter(cast("Any", kind))
    try:
        return adapter.validate_json(response.content)
    except ValidationError as error:
        place = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(step) for step in place["loc"])
        raise UnexpectedReply(
            f"{response.request.method} {response.request.url} did not answer as an Algomancy server does: "
            f"{f'{where}: ' if where else ''}{place['msg']}"
        ) from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a type, or a generic alias like `list[Scenario]`
    return TypeAdapter(kind)


def refusal(response: httpx.Response, call: Call) -> AlgomancyError:
    """The exception for a reply that is no success."""
    status = response.status_code
    if status < 400:
        target = response.headers.get("Location")
        return UnexpectedReply(
            f"{response.request.url} answered {status}{f', pointing to {target}' if target else ''}: "
            "is that the server's own address?"
        )
    kind = call.errors.get(status, error_class(status))
    return kind(status, _detail(response), parse_retry_after(response.headers.get("Retry-After")))


def _detail(response: httpx.Response) -> str:
    """The server's words; those of HTTP, with the address, where they say nothing or something else answered."""
    try:
        detail = json.loads(response.content)["detail"]
    except (ValueError, TypeError, LookupError):
        detail = None
    if isinstance(detail, str) and detail not in ("", response.reason_phrase):
        return detail
    request = response.request
    return f"HTTP {response.status_code} {response.reason_phrase} to {request.method} {request.url}"


def _encoded(body: Mapping[str, Any]) -> bytes:
    # Not a number has no place in JSON; sending null for it would silently mean "the default".
    return json.dumps(body, allow_nan=False, default=_plain).encode()


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever the person passed as a parameter
    """Moments as ISO 8601, numpy's numbers as Python's, sets as lists."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"A value of type {type(value).__name__} cannot be sent as JSON.")


def _quoted(segment: str) -> str:
    if not segment:
        raise ValueError("A name or id must not be empty.")
    if not segment.strip("."):
        return segment.replace(".", "%2E")  # a path of dots would be taken for a step up
    return quote(segment, safe="", errors="replace")


UploadFile: TypeAlias = "str | os.PathLike[str] | tuple[str, bytes]"
"""A file on disk, or a name with content."""

UploadProgress: TypeAlias = Callable[[int, int], None]
"""Told the bytes sent so far and the bytes there are, both counted over the whole request body."""


@dataclass(frozen=True)
class Upload:
    """The parts of a multipart request."""

    fields: Mapping[str, str]
    files: tuple[UploadFile, ...]
    on_progress: UploadProgress | None = None

    @property
    def form(self) -> dict[str, bytes]:
        """The fields as httpx takes them; whether what is no text may be one is for the server to say."""
        return {name: value.encode("utf-8", "surrogatepass") for name, value in self.fields.items()}

    def open(self, stack: ExitStack) -> list[tuple[str, tuple[str, IO[bytes] | bytes, str]]]:
        """The files as httpx takes them, open until `stack` closes.

        Raises:
            OSError: a file is missing or cannot be read.
        """
        return [("files", self._part(file, stack)) for file in self.files]

    @staticmethod
    def _part(file: UploadFile, stack: ExitStack) -> tuple[str, IO[bytes] | bytes, str]:
        if isinstance(file, tuple):
            name, content = file
            return _sendable(name), content, "application/octet-stream"
        path = Path(file)
        return _sendable(path.name), stack.enter_context(path.open("rb")), "application/octet-stream"


def _sendable(name: str) -> str:
    """The name with `?` for what no text can hold: file systems take any bytes."""
    return name.encode("utf-8", "replace").decode()


class CountedStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A request body that tells how much of it was sent."""

    def __init__(self, request: httpx.Request, on_progress: UploadProgress) -> None:
        self._stream = cast("Iterable[bytes]", request.stream)
        self._total = int(request.headers["Content-Length"])
        self._on_progress = on_progress

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for piece in self._stream:
            yield piece
            # The next piece is asked for when this one has left.
            sent += len(piece)
            self._on_progress(sent, self._total)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece
