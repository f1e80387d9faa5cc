"""The HTTP client of the kit: records what it sends and keeps off sessions that are not its own.

A request whose connection breaks is repeated once, on a fresh connection, before anybody is blamed.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from ..document import route_of
from ..messages import KEPT_BYTES, REPLAYED_BYTES, Argument, Exchange, Json, worth_showing
from ..outcomes import Broken, Fault, KitError, Untried
from .wire import BROKEN_OFF, Answer, CannotConnectError, Connection, Reply

KEPT_EXCHANGES = 12
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_SHOWN = 200
SHORT_TIMEOUT = 3.0
"""Seconds that are waited on a route that was not answered in time before."""
MOST_TIMEOUTS = 3
"""After more of them a route is asked no more: what makes a target hang is one fault, and not as many waits."""
IN_A_TARGET = "/?%:@!$&'()*+,;=~-._[]"
"""What stays as it is in the target of a request; the rest is percent-encoded."""
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
USUAL = {"accept": "Accept: */*", "accept-encoding": "Accept-Encoding: gzip"}
_UNSET: Any = object()

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


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
        self._timeout = timeout
        self._timed_out: Counter[str] = Counter()
        self._idle: dict[str, list[Connection]] = {}
        self._session_path = re.compile(re.escape(self.prefix) + r"/sessions/([^/?]+)")

    def close(self) -> None:
        """Close the connections."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle = {}

    def reconnect(self) -> None:
        """Use connections of its own from now on, in a process that was forked; what was recorded is forgotten."""
        self._idle = {}
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
        """A request to `path` below the prefix.

        Args:
            method: The method.
            path: The path.
            more: The body, as `json`, as `content` byte for byte or as the `data` and `files` of a form; `headers`.
        """
        return self._send(method, self.prefix + path, **more)

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

    def _send(
        self,
        method: str,
        path: str,
        *,
        json: Json = _UNSET,
        content: bytes = b"",
        data: Mapping[str, str] | None = None,
        files: Iterable[tuple[str, tuple[Any, ...]]] = (),
        headers: Headers = (),
    ) -> Answer:
        self.guard(method, path)
        shown = list(headers.items() if isinstance(headers, Mapping) else headers)
        if json is not _UNSET:
            content = as_json(json)
            shown.append(("Content-Type", "application/json"))
        elif data or files:
            content, kind = as_form(data or {}, files)
            shown.append(("Content-Type", kind))
        lines = list(self._usual(dict(shown)))
        if content or method in WITH_BODY:
            lines.append(f"Content-Length: {len(content)}")
        lines += [f"{name}: {value}" for name, value in shown]
        url, target = self.next_url(), quote(self._below_server(path), safe=IN_A_TARGET)
        route = self._route(method, path)
        if self._timed_out[route] > MOST_TIMEOUTS:
            raise KitError(f"{method} {path}: `{route}` has not been answered in time before, and is asked no more")
        try:
            seconds = min(self._timeout, SHORT_TIMEOUT) if self._timed_out[route] else self._timeout
            reply = self._answer_to(url, seconds, method, target, lines, content)
        except BROKEN_OFF as error:
            said = f"{method} {path}: the target broke off without a proper answer"
            if self._answers(url):
                fault = Fault(("broke off", route), f"`{route}` is broken off without an answer")
                raise Broken(f"{said}, twice ({error or type(error).__name__})", fault=fault) from None
            self.unanswered += 1
            raise KitError(f"{said} and is gone") from None
        except (CannotConnectError, OSError) as error:
            hangs = isinstance(error, TimeoutError)
            self._timed_out[route] += hangs
            self.unanswered += not (hangs and self._answers(url))  # a route that hangs is not a target that is gone
            raise KitError(f"{method} {path}: {type(error).__name__}: {error}") from None
        self.unanswered = 0
        return self.record(method, url + target, shown, content, reply)

    def _usual(self, given: Mapping[str, str]) -> Iterable[str]:
        """The lines of every head that is not `given` others."""
        names = {name.lower() for name in given}
        if self.token and "authorization" not in names:
            yield f"Authorization: Bearer {self.token}"
        yield from (line for name, line in USUAL.items() if name not in names)

    def _answer_to(self, url: str, seconds: float, method: str, target: str, lines: list[str], content: bytes) -> Reply:
        """Send a request, and once more on a fresh connection where the one it went out on was closed."""
        idle = self._idle.setdefault(url, [])
        while idle:
            connection = idle.pop()
            if connection.usable:
                connection.wait_at_most(seconds)
                break
            connection.close()
        else:
            connection = Connection(url, seconds)
        try:
            return self._ask(connection, idle, method, target, lines, content)
        except BROKEN_OFF as broken_off:
            try:
                connection = Connection(url, seconds)
            except CannotConnectError:
                raise broken_off from None
            return self._ask(connection, idle, method, target, lines, content)

    @staticmethod
    def _ask(
        connection: Connection, idle: list[Connection], method: str, target: str, lines: list[str], content: bytes
    ) -> Reply:
        """Send a request on `connection`, which is `idle` afterwards where it can be used again."""
        try:
            response = connection.ask(method, target, lines, content)
            reply = Reply.whole(response)
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            connection.rest()
            idle.append(connection)
        return reply

    def raw(self, method: str, target: str, lines: Sequence[str] = (), beginning: bytes = b"") -> Answer | None:
        """Send a request no HTTP library would send, and record its answer like any other; None where none comes.

        Args:
            method: The method.
            target: Path and query, the prefix included.
            lines: Lines of the head, as they are to be sent.
            beginning: The first bytes of the body, after which it ends.

        Raises:
            Untried: The target is not to be had over plain http.
            KitError: The network broke.
        """
        url = self.next_url()
        if not url.startswith("http:"):
            raise Untried("this is tried over plain http only")
        self.guard(method, target.partition("?")[0])
        token = [f"Authorization: Bearer {self.token}"] if self.token else []
        try:
            with contextlib.closing(Connection(url, timeout=5)) as connection:
                reply = Reply.whole(connection.ask(method, target, [*lines, *token], beginning))
        except (TimeoutError, *BROKEN_OFF):
            return None
        except (CannotConnectError, OSError) as error:
            raise KitError(f"{method} {target[:60]}: {error}") from None
        sent = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines) if value]
        shown = [(name, value if len(value) < LONGEST_SHOWN else f"{value[:9]}...") for name, value in sent]
        head = (f"{method} {target} HTTP/1.1", f"Host: {urlsplit(url).netloc}", *lines)
        as_curl_does = len(sent) == len(lines) and max(map(len, head)) < LONGEST_SHOWN
        return self.record(
            method, url + target[:LONGEST_SHOWN], shown, beginning, reply, head=() if as_curl_does else head
        )

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

    def _answers(self, url: str) -> bool:
        """Whether the server at `url` answers anything at all: then it is the one request that broke off."""
        try:
            with contextlib.closing(Connection(url, min(self._timeout, 5.0))) as connection:
                connection.ask("GET", "/health", self._usual({}))
        except HTTPException:
            return True
        except (CannotConnectError, OSError):
            return False
        return True

    def record(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]],
        content: bytes,
        reply: Reply,
        *,
        head: tuple[str, ...] = (),
    ) -> Answer:
        """Keep an answer for the report and show it to the watchers.

        Args:
            method: The method of the request.
            url: Where it went.
            headers: The headers that make it what it is.
            content: Its body.
            reply: What came back.
            head: The lines of its head, where curl would not send them as they are.
        """
        shown = [*headers, *([("Authorization", "")] if self.token else [])]
        exchange = Exchange(
            method=method,
            url=self.hide(url),
            headers=worth_showing(shown),
            content=content[: REPLAYED_BYTES + 1],
            status=reply.status,
            answer_headers={name: self.hide(value) for name, value in reply.headers.items()},
            answer_content=reply.content[:KEPT_BYTES],
            route=self._route(method, url),
            size=len(content),
            answer_size=len(reply.content),
            token=self.token,
            head=head,
        )
        self.sent += 1
        self.recent.append(exchange)
        if len(self.recent) > 4 * KEPT_EXCHANGES:
            del self.recent[:-KEPT_EXCHANGES]
        answer = Answer(reply.status, reply.headers, reply.content, exchange, content)
        for watch in self.watchers:
            watch(answer)
        return answer


def as_json(value: Json) -> bytes:
    """`value` as the bytes of a JSON body."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def as_form(data: Mapping[str, str], files: Iterable[tuple[str, tuple[Any, ...]]]) -> tuple[bytes, str]:
    """The bytes and the type of a form of fields and files."""
    from urllib3 import encode_multipart_formdata

    return encode_multipart_formdata([*data.items(), *files])


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
