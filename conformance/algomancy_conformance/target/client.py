"""The HTTP client of the kit: records what it sends, keeps off sessions that are not its own, and never retries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from ..outcomes import KitError, Untried
from .messages import Argument, Exchange, Json, readable, strict_json, worth_showing

KEPT_EXCHANGES = 12
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_UNSET: Any = object()


@dataclass(frozen=True)
class Answer:
    """What the target answered."""

    status: int
    headers: httpx.Headers
    content: bytes
    exchange: Exchange
    raw: httpx.Response

    def expect(self, *statuses: int) -> Answer:
        """This answer, when its status is one of `statuses`.

        Raises:
            AssertionError: It is another one.
            Untried: The target lets nobody make sessions, which it may (ERR-8).
        """
        if self.status not in statuses:
            path = self.exchange.url.partition("?")[0]
            if self.status == 403 and self.exchange.method == "POST" and path.endswith(("/sessions", "/copy")):
                raise Untried("no session can be made: the target forbids it with 403")
            wanted = " or ".join(map(str, statuses))
            sent = f"{self.exchange.method} {self.exchange.url}"
            raise AssertionError(f"{sent} answered {self.status}, expected {wanted}: {self.exchange.answer[:300]}")
        return self

    def json(self) -> Json:
        """The body as strict JSON.

        Raises:
            AssertionError: It is not JSON.
        """
        try:
            return strict_json(self.content)
        except ValueError as error:
            sent = f"{self.exchange.method} {self.exchange.url}"
            raise AssertionError(f"{sent}: the body is not strict JSON, {error}") from None

    @property
    def detail(self) -> str:
        """The message of an error body, or an empty string where there is none."""
        body = self.json()
        detail = body.get("detail") if isinstance(body, dict) else None
        return detail if isinstance(detail, str) else ""


def path_of(*segments: str) -> str:
    """A path made of `segments`, each percent-encoded whole."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


class Api:
    """Requests to one target, all of them recorded.

    Args:
        url: Where the target is, without the prefix.
        prefix: What all routes but the meta ones start with.
        token: Sent as a bearer token, when given.
        read_only: Refuse to send anything but GET.
        protected: Ids and names of sessions that are not the kit's: no write to them leaves this client.

    Attributes:
        unanswered: How many requests in a row have got no answer.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "/api/v1",
        *,
        token: str | None = None,
        read_only: bool = False,
        protected: frozenset[str] = frozenset(),
        timeout: float = 30.0,
    ) -> None:
        self.url = url.rstrip("/")
        self.prefix = "/" + prefix.strip("/") if prefix.strip("/") else ""
        self.token = token
        self.read_only = read_only
        self.protected = protected
        self.recent: list[Exchange] = []
        self.sent = 0
        self.unanswered = 0
        self.watchers: list[Callable[[Answer], None]] = []
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=self.url, headers=headers, timeout=timeout, trust_env=False, follow_redirects=False
        )
        self._session_path = re.compile(re.escape(self.prefix) + r"/sessions/([^/?]+)")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **more: Argument) -> Answer:
        """GET `path` below the prefix."""
        return self.request("GET", path, **more)

    def post(self, path: str, json: Json = _UNSET, **more: Argument) -> Answer:
        """POST to `path` below the prefix."""
        return self.request("POST", path, json=json, **more)

    def patch(self, path: str, json: Json = _UNSET, **more: Argument) -> Answer:
        """PATCH `path` below the prefix."""
        return self.request("PATCH", path, json=json, **more)

    def delete(self, path: str, **more: Argument) -> Answer:
        """DELETE `path` below the prefix."""
        return self.request("DELETE", path, **more)

    def root(self, method: str, path: str, **more: Argument) -> Answer:
        """A request to `path` outside the prefix: the meta routes."""
        return self._send(method, path, **more)

    def request(self, method: str, path: str, **more: Argument) -> Answer:
        """A request to `path` below the prefix; `more` is what httpx takes."""
        return self._send(method, self.prefix + path, **more)

    def send_raw(self, method: str, url: str, headers: list[tuple[str, str]], content: bytes) -> Answer:
        """A request made elsewhere, byte for byte."""
        return self._send(method, url, headers=headers, content=content)

    def guard(self, method: str, path: str) -> None:
        """Refuse what this client must not send.

        Raises:
            Untried: It is a write, and the run is read-only, or it is for another server.
            KitError: It would write to a session that was there before the run.
        """
        if urlsplit(path)[:2] not in (("", ""), urlsplit(self.url)[:2]):
            raise Untried(f"{path} is on another server")
        if method in SAFE_METHODS:
            if self.read_only and method != "GET":
                raise Untried("the run is read-only")
            return
        if self.read_only:
            raise Untried("the run is read-only")
        found = self._session_path.match(path.removeprefix(self.url))
        copies = method == "POST" and path.endswith("/copy")  # makes another session and leaves this one alone
        if found and not copies and unquote(found[1]) in self.protected:
            raise KitError(f"The kit was about to send {method} {path}, a write to a session that is not its own.")

    def _send(self, method: str, path: str, *, json: Json = _UNSET, **more: Argument) -> Answer:
        self.guard(method, path)
        if json is not _UNSET:
            more["json"] = json
        try:
            request = self._http.build_request(method, path, **more)
            request.read()  # a multipart body is a stream until then, and the report wants it
            response = self._http.send(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            said = f"{method} {path}: the target broke off without a proper answer"
            if self._answers():
                raise AssertionError(f"{said} ({error or type(error).__name__})") from None
            self.unanswered += 1
            raise KitError(f"{said} and is gone") from None
        except httpx.InvalidURL as error:
            raise AssertionError(f"{method} {path}: this is no address ({error})") from None
        except httpx.HTTPError as error:
            self.unanswered += 1
            raise KitError(f"{method} {path}: {type(error).__name__}: {error}") from None
        self.unanswered = 0
        return self.record(response)

    def hide(self, text: str) -> str:
        """`text` without the token."""
        return text.replace(self.token, "***") if self.token else text

    def _answers(self) -> bool:
        """Whether the target still answers anything at all: what broke off then is the one request, not the network."""
        try:
            self._http.get("/health", timeout=5)
        except httpx.HTTPError as error:
            return isinstance(error, httpx.RemoteProtocolError)
        return True

    def record(self, response: httpx.Response) -> Answer:
        """Keep an answer for the report and show it to the watchers."""
        request = response.request
        exchange = Exchange(
            method=request.method,
            url=self.hide(str(request.url)),
            headers=worth_showing(request.headers, self._http.headers),
            body=readable(request.content),
            status=response.status_code,
            answer_headers={name: self.hide(value) for name, value in response.headers.items()},
            answer=self.hide(readable(response.content)),
            content=request.content,
        )
        self.sent += 1
        self.recent.append(exchange)
        if len(self.recent) > 4 * KEPT_EXCHANGES:
            del self.recent[:-KEPT_EXCHANGES]
        answer = Answer(response.status_code, response.headers, response.content, exchange, response)
        for watch in self.watchers:
            watch(answer)
        return answer


@dataclass(frozen=True)
class Session:
    """A session of the kit's own, with the requests below it."""

    api: Api
    id: str
    name: str
    key: str = ""

    @property
    def path(self) -> str:
        """Its path below the prefix."""
        return path_of("sessions", self.id)

    def get(self, *segments: str, **more: Argument) -> Answer:
        """GET below the session."""
        return self.api.get(self.path + path_of(*segments), **more)

    def post(self, *segments: str, **more: Argument) -> Answer:
        """POST below the session."""
        return self.api.post(self.path + path_of(*segments), **more)

    def delete(self, *segments: str, **more: Argument) -> Answer:
        """DELETE below the session, or the session itself."""
        return self.api.delete(self.path + path_of(*segments), **more)
