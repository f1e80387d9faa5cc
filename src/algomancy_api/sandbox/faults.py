"""The faults of a world: which requests they are for, how often they have happened, and how they happen."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from algomancy_api.errors import (
    FOREIGN_HOST,
    NO_TOKEN,
    UNAVAILABLE,
    InvalidRequestError,
    NotFoundError,
    error_response,
)
from algomancy_api.http.names import listed, shown
from algomancy_api.http.server import CUT
from algomancy_api.routers.operation import Operation, OperationRoute
from algomancy_api.sandbox.clock import Actor
from algomancy_api.sandbox.models import Cut, Fault, NewFault

if TYPE_CHECKING:
    from algomancy_api.sandbox.worlds import World

VISIT = "algomancy_api.sandbox.visit"
"""Key of a scope: the world of a request, and the request's entry in the world's log."""

_PIECES = 10


class Armed:
    """A fault that waits for its requests.

    Args:
        fault_id: Its identifier.
        told: What it is.

    Attributes:
        kept: What the first GET of each URL was answered with, where reads are to be stale.
    """

    def __init__(self, fault_id: str, told: NewFault) -> None:
        self.id = fault_id
        self.told = told
        self.matched = 0
        self.happened = 0
        self.kept: dict[str, list[Message]] = {}

    def happens(self, chance: random.Random) -> bool:
        """Count a request that it is for; tell whether it happens to it."""
        told = self.told
        self.matched += 1
        times = told.times or (1 if told.nth else None)
        if self.matched < (told.nth or 1) or (times is not None and self.happened >= times):
            return False
        if told.probability < 1 and chance.random() >= told.probability:
            return False
        self.happened += 1
        return True

    def model(self) -> Fault:
        """Return it as the control API shows it."""
        return Fault(**self.told.model_dump(), id=self.id, matched=self.matched, happened=self.happened)


class Faults:
    """The faults of a world, in the order in which they are tried; called in the event loop.

    Args:
        seed: Where chance comes from; without one it is random.
    """

    def __init__(self, seed: int | None) -> None:
        self.chance = random.Random(seed)
        self._seed = seed
        self._armed: dict[str, Armed] = {}
        self._numbers = itertools.count(1)

    def all(self) -> list[Armed]:
        """Return the faults."""
        return list(self._armed.values())

    def add(self, told: NewFault, operations: Mapping[str, Operation]) -> Armed:
        """Add a fault.

        Args:
            told: What it is.
            operations: The operations by name.

        Raises:
            InvalidRequestError: There is no such operation, or the contract forbids such an answer.
        """
        if told.operation is not None and told.operation not in operations:
            known = ", ".join(operations)
            raise InvalidRequestError(f"Operation {shown(told.operation)} is unknown; known are: {known}.")
        _refuse_breach(told, list(operations.values()) if told.operation is None else [operations[told.operation]])
        armed = Armed(str(next(self._numbers)), told)
        self._armed[armed.id] = armed
        return armed

    def remove(self, fault_id: str) -> None:
        """Remove a fault.

        Raises:
            NotFoundError: There is none of this id.
        """
        if self._armed.pop(fault_id, None) is None:
            raise NotFoundError(f"The world has no fault {shown(fault_id)}; it has {listed(self._armed)}.")

    def clear(self) -> None:
        """Remove all; chance begins anew."""
        self._armed.clear()
        self._numbers = itertools.count(1)
        self.chance = random.Random(self._seed)

    def match(
        self, operation: str | None, session_names: Callable[[], Iterable[str]], *, event: bool = False, url: str = ""
    ) -> Armed | None:
        """Return the first fault that happens to a request, or to an event.

        Args:
            operation: What is asked for.
            session_names: Gives id and name of the session that it is about.
            event: Whether it is about an event that is to be sent.
            url: What is read, of a GET.
        """
        for armed in self._armed.values():
            told = armed.told
            if told.drop_events is not event or told.operation not in (None, operation):
                continue
            if told.session is not None and told.session not in session_names():
                continue
            if told.stale and url not in armed.kept:
                if url:
                    return armed  # What it is answered with is kept; nothing has happened to it yet.
                continue
            if armed.happens(self.chance):
                return armed
        return None


def _refuse_breach(told: NewFault, operations: list[Operation]) -> None:
    if told.allow_contract_breach:
        return
    way = "'allow_contract_breach': true lets it happen all the same."
    if told.stale or told.drop_events:
        what = "A stale read" if told.stale else "A lost event"
        raise InvalidRequestError(f"{what} is something that the contract forbids: {way}")
    if told.status is None:
        return
    for operation in operations:
        documented = {each.status for each in (*operation.failures, FOREIGN_HOST, NO_TOKEN, UNAVAILABLE)}
        if told.status not in documented:
            allowed = ", ".join(map(str, sorted(documented)))
            raise InvalidRequestError(
                f"Operation '{operation.name}' does not answer {told.status}; allowed are {allowed}. Or {way}"
            )


# --- how they happen --------------------------------------------------------------------------------------------------


class ThroughFaults:
    """Middleware behind the gate: lets the faults of the world happen.

    Args:
        app: The application it wraps.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if VISIT not in scope:
            await self._app(scope, receive, send)
            return
        world, entry = scope[VISIT]
        entry.operation, session = _operation_of(scope)
        url = f"{entry.path}?{entry.query}" if scope["method"] == "GET" else ""
        armed = world.faults.match(entry.operation, lambda: _names(world, session), url=url)
        if entry.operation == "get_events":
            send = _losing_events(world, entry.operation, session, send)
        if armed is None:
            await self._app(scope, receive, send)
            return
        if not armed.told.stale or url in armed.kept:
            entry.fault = armed.id
        actor = Actor.in_task(world.clock)
        try:
            await self._let_happen(armed, url, actor, world, scope, receive, send)
        finally:
            actor.leave()

    async def _let_happen(
        self, armed: Armed, url: str, actor: Actor, world: World, scope: Scope, receive: Receive, send: Send
    ) -> None:
        told = armed.told
        if told.latency_ms or told.jitter_ms:
            await actor.sleep((told.latency_ms + told.jitter_ms * world.faults.chance.random()) / 1000)
        if scope[VISIT][1].operation == "get_events":
            actor.leave()  # It has no end to wait for.
        if told.status is not None:
            headers = {} if told.retry_after is None else {"Retry-After": str(told.retry_after)}
            await error_response(told.status, told.detail, headers)(scope, receive, send)
        elif told.cut is not None:
            await self._cut(told.cut, scope, receive, send)
        elif told.slow_body_ms:
            await self._app(scope, receive, _slowly(told.slow_body_ms / 1000, actor, send))
        elif url in armed.kept:
            for message in armed.kept[url]:
                await send(message)
        elif told.stale:
            await self._app(scope, receive, _keeping(armed.kept, url, send))
        else:
            await self._app(scope, receive, send)

    async def _cut(self, where: Cut, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, hold)
        cut = (scope.get("extensions") or {}).get(CUT, {}).get("cut")
        if where is Cut.WITHIN or cut is None:
            await send(messages[0])
            body = b"".join(message.get("body", b"") for message in messages) if where is Cut.WITHIN else b""
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        if cut is not None:
            cut()
            while (await receive())["type"] != "http.disconnect":
                pass


def _operation_of(scope: Scope) -> tuple[str | None, str | None]:
    """Return the `operationId` of a request, and the session in its path."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    for route in scope["app"].routes:
        if isinstance(route, OperationRoute) and scope["method"] in (route.methods or ()):
            found = route.path_regex.match(path)
            if found is not None and route.include_in_schema:
                return route.operation.name, found.groupdict().get("session_id")
    return None, None


def _names(world: World, session: str | None) -> Iterable[str]:
    """Return the session that a path names by its id and by its name."""
    for each in world.sessions.list_sessions():
        if session in each.values():
            return each.values()  # type: ignore[no-any-return]
    return ()


def _losing_events(world: World, operation: str, session: str | None, send: Send) -> Send:
    def is_lost(frame: bytes) -> bool:
        if b"\nevent: " not in frame or b"\nevent: snapshot" in frame:
            return False
        return world.faults.match(operation, lambda: _names(world, session), event=True) is not None

    async def send_rest(message: Message) -> None:
        body = message.get("body", b"")
        if body.startswith(b"id: "):
            frames = [frame + b"\n\n" for frame in body.split(b"\n\n") if frame]
            message = {**message, "body": b"".join(frame for frame in frames if not is_lost(frame))}
        await send(message)

    return send_rest


def _slowly(seconds: float, actor: Actor, send: Send) -> Send:
    async def send_slowly(message: Message) -> None:
        body = message.get("body", b"")
        size = max(1, -(-len(body) // _PIECES))
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        for piece in pieces:
            await actor.sleep(seconds / len(pieces))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({**message, "body": b""} if pieces else message)

    return send_slowly


def _keeping(kept: dict[str, list[Message]], url: str, send: Send) -> Send:
    messages: list[Any] = []

    async def send_and_keep(message: Message) -> None:
        messages.append(message)
        if not message.get("more_body") and message["type"] == "http.response.body" and messages[0]["status"] == 200:
            kept[url] = messages
        await send(message)

    return send_and_keep
