"""What mutants are made of: an ASGI layer over the reference that bends requests and answers, one rule at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from ..messages import Json

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX = "/api/v1"
TOO_LONG = 2**32


def parsed(body: bytes) -> Json:
    """A body parsed, or None where it is no JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None


@dataclass(frozen=True)
class Call:
    """A request on its way to the reference. `path` is raw: without the prefix, or after a ``~`` where it has none."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    @property
    def json(self) -> Json:
        """The body parsed, or None where it is no JSON."""
        return parsed(self.body)

    @property
    def parts(self) -> list[str]:
        """The segments of the path."""
        return self.path.strip("/").split("/")

    def sending(self, body: Json) -> Call:
        """This request with another JSON body."""
        kept = tuple(h for h in self.headers if h[0] != b"content-length")
        return replace(self, body=json.dumps(body).encode(), headers=kept)

    def to(self, method: str, path: str, body: Json = None) -> Call:
        """A request of another kind from the same client."""
        bare = Call(method, path, headers=tuple(h for h in self.headers if h[0] in (b"host", b"authorization")))
        if body is None:
            return bare
        return replace(bare.sending(body), headers=(*bare.headers, (b"content-type", b"application/json")))


@dataclass(frozen=True)
class Reply:
    """An answer on its way back."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    @property
    def json(self) -> Json:
        """The body parsed, or None where it is no JSON."""
        return parsed(self.body)

    @property
    def good(self) -> bool:
        """Whether it is a success with a body."""
        return 200 <= self.status < 300 and bool(self.body)

    def saying(self, body: Json, status: int | None = None) -> Reply:
        """This answer with another JSON body."""
        return Reply(status or self.status, json.dumps(body).encode(), self.headers)


def refusal(status: int, message: str = "Refused.") -> Reply:
    """An error in the one shape."""
    return Reply(status, json.dumps({"detail": message}).encode())


Forward = Callable[[Call], Awaitable[Reply]]
Deviation = Callable[[Call, Forward], Awaitable[Reply]]


class EventsDeviation:
    """A deviation of the streams of events alone.

    Args:
        change: Makes of an event, as it is written, what is sent in its place.
        first: Makes of the `Last-Event-ID` of a listener what is sent before all else.
    """

    def __init__(
        self, change: Callable[[bytes], bytes] = lambda event: event, first: Callable[[bytes], bytes] = lambda _: b""
    ) -> None:
        self.change = change
        self.first = first

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Leave everything else as it is."""
        return await forward(call)


@dataclass(frozen=True)
class Mutant:
    """A server that breaks one rule.

    Attributes:
        name: What it is called.
        clause: The clause that must catch it.
        deviation: How it differs from the reference; None where `factory` says it.
        layer: The layer of the suite that must catch it.
        factory: ``module:function`` of a server that is broken beyond its wire, run as a process of its own, or the
            command line of one.
        replica: Whether it has two servers, and only the second deviates.
    """

    name: str
    clause: str
    deviation: Deviation | None = None
    layer: str = "clauses"
    factory: str = ""
    replica: bool = False


class Deviant:
    """An ASGI application that lets one deviation at a time into the traffic of another one.

    Attributes:
        deviation: The one in force, or None.
        faults: Exceptions of the deviation itself: what it was caught for then proves nothing.
        bent: How many answers it has changed.
    """

    def __init__(self, app: App, deviation: Deviation | None = None, prefix: str = PREFIX) -> None:
        self._app = app
        self._prefix = prefix
        self.bent = 0
        self.deviation = deviation
        self.faults: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        announced = dict(scope.get("headers", ())).get(b"content-length", b"0")
        stream = scope["type"] == "http" and scope["path"].endswith("/events")  # it never ends: only bent as it goes
        if stream and isinstance(self.deviation, EventsDeviation):
            await self._app(scope, receive, self._tell_otherwise(scope, send, self.deviation))
            return
        bendable = scope["type"] == "http" and self.deviation is not None and not stream
        if not bendable or (announced.isdigit() and int(announced) > TOO_LONG):
            answer = self._answer_untouched(send) if bendable else send
            await self._app(scope, receive, answer)
            return
        call = await self._read(scope, receive)

        plain: list[tuple[Call, Reply]] = []

        async def forward(sent: Call) -> Reply:
            plain.append((sent, await self._forward(scope, sent, receive)))
            return plain[-1][1]

        if self.deviation is None:
            raise RuntimeError("The deviation was taken away during a request.")
        try:
            reply = await self.deviation(call, forward)
        except Exception as error:
            self.faults.append(f"{call.method} {call.path}: {type(error).__name__}: {error}")
            raise
        self.bent += (call, reply) not in plain
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
        headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _tell_otherwise(self, scope: Scope, send: Send, deviation: EventsDeviation) -> Send:
        """A `send` for a stream of events that are whole in each message."""
        begun = False

        async def bent(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            if message["type"] == "http.response.body":
                events = message.get("body", b"").split(b"\n\n")
                told = b"\n\n".join([deviation.change(event) for event in events])
                if not begun:
                    told = deviation.first(dict(scope["headers"]).get(b"last-event-id", b"")) + told
                begun = True
                self.bent += told != message.get("body", b"")
                message = {**message, "body": told}
            await send(message)

        return bent

    def _answer_untouched(self, send: Send) -> Send:
        """A `send` for requests too long to be read: only the status of the answer can be bent."""

        async def bent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and self.deviation is not None:

                async def forward(_: Call) -> Reply:
                    return Reply(message["status"])

                reply = await self.deviation(Call("POST", "/too-long"), forward)
                message = {**message, "status": reply.status}
            await send(message)

        return bent

    async def _read(self, scope: Scope, receive: Receive) -> Call:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        raw = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
        path = raw.removeprefix(self._prefix) if raw.startswith(self._prefix + "/") else "~" + raw
        query = scope.get("query_string", b"").decode("latin-1")
        return Call(scope["method"], path, query, tuple(scope["headers"]), body)

    async def _forward(self, scope: Scope, call: Call, client: Receive) -> Reply:
        raw = call.path[1:] if call.path.startswith("~") else self._prefix + call.path
        headers = [h for h in call.headers if h[0] not in (b"content-length", b"accept-encoding")] + [
            (b"content-length", str(len(call.body)).encode())
        ]
        inner = {
            **scope,
            "method": call.method,
            "path": unquote(raw),
            "raw_path": raw.encode("latin-1"),
            "query_string": call.query.encode("latin-1"),
            "headers": headers,
            "state": scope.get("state", {}),
        }
        got: dict[str, Any] = {"status": 500, "headers": {}, "body": b""}
        sent = False

        async def receive() -> MutableMapping[str, Any]:
            nonlocal sent
            if sent:
                return await client()  # it waits until the client goes, as it would without a deviation
            sent = True
            return {"type": "http.request", "body": call.body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                got["status"] = message["status"]
                got["headers"] = {k.decode("latin-1"): v.decode("latin-1") for k, v in message.get("headers", ())}
            if message["type"] == "http.response.body":
                got["body"] += message.get("body", b"")

        try:
            await self._app(inner, receive, send)
        except Exception:
            if got["status"] != 500:
                raise  # a framework answers 500 first and raises afterwards, for the log
        kept = {k: v for k, v in got["headers"].items() if k.lower() != "content-length"}
        return Reply(got["status"], got["body"], kept)


def matches(call: Call, route: str) -> bool:
    """Whether `call` is for `route`: ``METHOD /path``; ``*`` is any of them, ``/**`` any path, ``~`` no prefix."""
    method, _, path = route.partition(" ")
    if path == "/**":
        return method in ("*", call.method)
    pattern = re.escape(path).replace(r"/\*\*", "(/.*)?").replace(r"\*", "[^/]+")
    return method in ("*", call.method) and re.fullmatch(pattern, call.path) is not None


def status(route: str, to: int, when: int | tuple[int, ...] = (), body: Json = None) -> Deviation:
    """Answer `route` with another status where it would be one of `when`, and with another body if one is given."""
    wanted = (when,) if isinstance(when, int) else when

    async def deviate(call: Call, forward: Forward) -> Reply:
        reply = await forward(call)
        if (matches(call, route) or call.path == "/too-long") and (reply.status in wanted or not wanted):
            reply = replace(reply, status=to)
            return reply if body is None else reply.saying(body)
        return reply

    return deviate


def answer(
    route: str, change: Callable[[Any], Any], when: Callable[[Reply], bool] = lambda reply: reply.good
) -> Deviation:
    """Change the JSON that answers `route`."""

    async def deviate(call: Call, forward: Forward) -> Reply:
        reply = await forward(call)
        return reply.saying(change(reply.json)) if matches(call, route) and when(reply) else reply

    return deviate


def text(route: str, change: Callable[[bytes], bytes]) -> Deviation:
    """Change the bytes that answer `route`."""

    async def deviate(call: Call, forward: Forward) -> Reply:
        reply = await forward(call)
        return replace(reply, body=change(reply.body)) if matches(call, route) else reply

    return deviate


def header(
    name: str, value: str | None, route: str = "* /**", when: Callable[[Reply], bool] = lambda _: True
) -> Deviation:
    """Answer with another value of a header, or without it."""

    async def deviate(call: Call, forward: Forward) -> Reply:
        reply = await forward(call)
        if not matches(call, route) or not when(reply) or name not in reply.headers:
            return reply
        others = {k: v for k, v in reply.headers.items() if k != name}
        return replace(reply, headers=others if value is None else {**others, name: value})

    return deviate


def request(route: str, change: Callable[[Any], Any]) -> Deviation:
    """Change the JSON sent to `route` before anything looks at it."""

    async def deviate(call: Call, forward: Forward) -> Reply:
        if matches(call, route) and isinstance(call.json, dict):
            return await forward(call.sending(change(call.json)))
        return await forward(call)

    return deviate


def longest(field: str) -> Callable[[Any], bool]:
    """Whether a member is as long as it may be."""
    return lambda body: len(str(body.get(field))) >= 255


def refuse(route: str, refused: Callable[[Any], bool], to: int) -> Deviation:
    """Refuse the requests to `route` whose JSON is of a kind."""

    async def act(call: Call, forward: Forward) -> Reply:
        return refusal(to) if isinstance(call.json, dict) and refused(call.json) else await forward(call)

    return instead(route, act)


def instead(route: str, act: Deviation) -> Deviation:
    """Do something else altogether on `route`."""

    async def deviate(call: Call, forward: Forward) -> Reply:
        return await act(call, forward) if matches(call, route) else await forward(call)

    return deviate


def pretend(route: str, reply: Reply) -> Deviation:
    """Acknowledge `route` and do nothing."""

    async def act(_: Call, __: Forward) -> Reply:
        return reply

    return instead(route, act)


def stale(route: str) -> Deviation:
    """Answer `route` with what was the answer at the first time."""
    kept: dict[str, Reply] = {}

    async def act(call: Call, forward: Forward) -> Reply:
        if call.path not in kept:
            kept[call.path] = await forward(call)
        return kept[call.path]

    return instead(route, act)
