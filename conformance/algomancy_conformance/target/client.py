"""The HTTP client of the kit: records what it sends and keeps off sessions that are not its own.

A request whose connection breaks is repeated once, on a fresh connection, before anybody is blamed.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx

from ..document import route_of
from ..messages import KEPT_BYTES, REPLAYED_BYTES, Argument, Exchange, Json, strict_json, worth_showing
from ..outcomes import Broken, Fault, KitError, NotOffered, Untried

KEPT_EXCHANGES = 12
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
KEEP_ALIVE = 2.0
"""Seconds an idle connection is used again: less than servers keep one, or the two would race."""
BROKEN_OFF = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
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
            Broken: It is another one.
            Untried: The target lets nobody make sessions, which it may (ERR-8).
        """
        if self.status in statuses:
            return self
        route, wanted = self.exchange.route, " or ".join(map(str, statuses))
        if self.status == 403 and route in ("POST /sessions", "POST /sessions/{session_id}/copy"):
            raise Untried("no session can be made: the target forbids it with 403")
        sent = f"{self.exchange.method} {self.exchange.url}"
        raise Broken(
            f"{sent} answered {self.status}, expected {wanted}: {self.exchange.answer[:300]}",
            fault=wrong_status(route, self.status, wanted),
        )

    def offered(self, what: str) -> Answer:
        """This answer, unless it says that there is no such thing.

        Raises:
            NotOffered: The optional capability that was asked for is absent.
        """
        if self.status in (404, 405):
            raise NotOffered(f"{what} is not there")
        return self

    def json(self) -> Json:
        """The body as strict JSON.

        Raises:
            Broken: It is not JSON.
        """
        if isinstance(self.parsed, ValueError):
            route, complaint = self.exchange.route, f"the body is not strict JSON, {self.parsed}"
            raise Broken(
                f"{self.exchange.method} {self.exchange.url}: {complaint}",
                fault=Fault(("no json", route), f"the body that answers `{route}` is not strict JSON"),
            )
        return self.parsed

    @cached_property
    def parsed(self) -> Json:
        """The body as strict JSON, or the ValueError that says why it is none."""
        try:
            return strict_json(self.content)
        except ValueError as error:
            return error

    @cached_property
    def asked(self) -> Json:
        """The JSON that was sent, or None where it was none."""
        try:
            return json.loads(self.raw.request.content)
        except (ValueError, RecursionError):
            return None

    @property
    def detail(self) -> str:
        """The message of an error body, or an empty string where there is none."""
        body = self.parsed
        detail = body.get("detail") if isinstance(body, dict) else None
        return detail if isinstance(detail, str) else ""


def wrong_status(route: str, got: int, wanted: str) -> Fault:
    """The fault of an answer that has the wrong status."""
    if got >= 500:
        return Fault(("crash", route), f"`{route}` is answered {got}")
    return Fault(("status", route, str(got), wanted), f"`{route}` answers {got} instead of {wanted}")


def path_of(*segments: str) -> str:
    """A path made of `segments`, each percent-encoded whole."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


class Api:
    """Requests to one target, all of them recorded.

    Args:
        url: Where the target is, without the prefix.
        replicas: More servers of its state: each next request goes to another one.
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
        replicas: Sequence[str] = (),
        token: str | None = None,
        read_only: bool = False,
        protected: frozenset[str] = frozenset(),
        timeout: float = 30.0,
    ) -> None:
        self.url = url.rstrip("/")
        self.urls = (self.url, *(replica.rstrip("/") for replica in replicas))
        self._turns = itertools.cycle(self.urls)
        self.prefix = "/" + prefix.strip("/") if prefix.strip("/") else ""
        self.token = token
        self.read_only = read_only
        self.protected = protected
        self.recent: list[Exchange] = []
        self.sent = 0
        self.unanswered = 0
        self.watchers: list[Callable[[Answer], None]] = []
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._settings: dict[str, Any] = {
            "headers": headers,
            "timeout": timeout,
            "trust_env": False,
            "follow_redirects": False,
            "verify": self.url.startswith("https"),  # else 40 ms go into certificates nobody asks for
            "limits": httpx.Limits(keepalive_expiry=KEEP_ALIVE),
        }
        self._http = httpx.Client(**self._settings)
        self._session_path = re.compile(re.escape(self.prefix) + r"/sessions/([^/?]+)")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def reconnect(self) -> None:
        """Use connections of its own from now on, in a process that was forked; what was recorded is forgotten."""
        self._http = httpx.Client(**self._settings)
        self.recent, self.sent, self.unanswered = [], 0, 0

    def next_url(self) -> str:
        """Where the next request goes: the servers of the target take turns."""
        return next(self._turns)

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
        if urlsplit(path)[:2] not in (("", ""), *(urlsplit(url)[:2] for url in self.urls)):
            raise Untried(f"{path} is on another server")
        if method in SAFE_METHODS:
            if self.read_only and method != "GET":
                raise Untried("the run is read-only")
            return
        if self.read_only:
            raise Untried("the run is read-only")
        found = self._session_path.match(self._below_server(path))
        copies = method == "POST" and path.endswith("/copy")  # makes another session and leaves this one alone
        if found and not copies and unquote(found[1]) in self.protected:
            raise KitError(f"The kit was about to send {method} {path}, a write to a session that is not its own.")

    def _send(self, method: str, path: str, *, json: Json = _UNSET, **more: Argument) -> Answer:
        self.guard(method, path)
        if json is not _UNSET:
            more["json"] = json
        try:
            request = self._http.build_request(method, self.next_url() + self._below_server(path), **more)
            request.read()  # a multipart body is a stream until then, and the report wants it
            response = self._answer_to(request)
        except BROKEN_OFF as error:
            said = f"{method} {path}: the target broke off without a proper answer"
            if self._answers(request.url):
                route = self._route(method, path)
                fault = Fault(("broke off", route), f"`{route}` is broken off without an answer")
                raise Broken(f"{said}, twice ({error or type(error).__name__})", fault=fault) from None
            self.unanswered += 1
            raise KitError(f"{said} and is gone") from None
        except httpx.InvalidURL as error:
            raise AssertionError(f"{method} {path}: this is no address ({error})") from None
        except httpx.HTTPError as error:
            self.unanswered += 1
            raise KitError(f"{method} {path}: {type(error).__name__}: {error}") from None
        self.unanswered = 0
        return self.record(response)

    def _answer_to(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, and once more on a fresh connection where the one it went out on was closed."""
        try:
            return self._http.send(request)
        except BROKEN_OFF as broken_off:
            with httpx.Client(**self._settings) as fresh:
                try:
                    return fresh.send(request)
                except httpx.ConnectError:
                    raise broken_off from None

    def _route(self, method: str, path: str) -> str:
        """Method and path template of a request to `path`, which may be a whole URL."""
        raw = self._below_server(path).partition("?")[0]
        below = raw.removeprefix(self.prefix) if raw.startswith(self.prefix + "/") else raw
        return f"{method} {route_of(below)}"

    def _below_server(self, path: str) -> str:
        """`path` as the target's servers know it, where it is a whole URL of one of them."""
        return next((path.removeprefix(url) for url in self.urls if path.startswith(url + "/")), path)

    def hide(self, text: str) -> str:
        """`text` without the token."""
        return text.replace(self.token, "***") if self.token else text

    def _answers(self, url: httpx.URL) -> bool:
        """Whether the server at `url` answers anything at all: then it is the one request that broke off."""
        try:
            self._http.get(url.copy_with(raw_path=b"/health"), timeout=5)
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
            content=request.content[: REPLAYED_BYTES + 1],
            status=response.status_code,
            answer_headers={name: self.hide(value) for name, value in response.headers.items()},
            answer_content=response.content[:KEPT_BYTES],
            route=self._route(request.method, request.url.raw_path.decode("ascii")),
            size=len(request.content),
            answer_size=len(response.content),
            token=self.token,
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

    def run(self, *ids: str) -> None:
        """Have scenarios run, one after another.

        Raises:
            Broken: One of them is not accepted.
        """
        for scenario in ids:
            self.post("scenarios", scenario, "run").expect(202)

    def add(self, payload: Json) -> None:
        """Add a dataset that is not the target's but of the kit's own making.

        Raises:
            Untried: The target does not take it.
        """
        if self.post("data", "from-json", json=payload).status != 201:
            raise Untried("the target does not take a dataset of the kit's own making")
