"""What a request passes in the sandbox: into its world and its log, and through the world's faults."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from algomancy_api.document.operation import OperationRoute
from algomancy_api.errors import error_response
from algomancy_api.http.names import shown
from algomancy_api.http.server import CUT
from algomancy_api.sandbox.clock import Actor
from algomancy_api.sandbox.faults import Armed
from algomancy_api.sandbox.models import Cut
from algomancy_api.sandbox.request_log import Entry
from algomancy_api.sandbox.worlds import DEFAULT, World, Worlds, current_world

CONTROL_PATH = "/sandbox"
WORLDS_PATH = "/worlds/"

_ENTRY = "algomancy_api.sandbox.entry"
_PIECES = 10


class IntoWorlds:
    """Middleware before the gate: finds the world of a request, and notes the request in its log.

    Args:
        app: The application it wraps.
        worlds: The worlds.
        prefix: Where the API begins.
    """

    def __init__(self, app: ASGIApp, worlds: Worlds, prefix: str) -> None:
        self._app = app
        self._worlds = worlds
        self._logged = (f"{prefix}/", "/health")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        root = scope.get("root_path", "")
        path: str = scope["path"].removeprefix(root)
        name = DEFAULT
        if path.startswith(WORLDS_PATH):
            name, slash, rest = path.removeprefix(WORLDS_PATH).partition("/")
            scope = {**scope, "root_path": f"{root}{WORLDS_PATH}{name}"}
            path = slash + rest
        world = self._worlds.find(name)
        if world is None or (name != DEFAULT and path.startswith(f"{CONTROL_PATH}/")):
            there = f"There is no world {shown(name)}." if world is None else "A world has no control API of its own."
            await error_response(404, f"{there} POST {CONTROL_PATH}/worlds makes one.")(scope, receive, send)
            return
        token = current_world.set(world)
        try:
            with self._worlds.backend.use_steering(world.runs):
                if path.startswith(self._logged):
                    await self._answer_logged(world, path, scope, receive, send)
                else:
                    await self._app(scope, receive, send)
        finally:
            current_world.reset(token)

    async def _answer_logged(self, world: World, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        query = scope.get("query_string", b"").decode("latin-1")
        entry = world.log.begin(world.clock.now(), scope.get("method", ""), path, query)

        async def noting_receive() -> Message:
            message = await receive()
            entry.request_body.add(message.get("body", b""))
            return message

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            entry.response_body.add(message.get("body", b""))
            entry.duration_ms = round(1000 * (time.perf_counter() - begun), 3)
            await send(message)

        await self._app({**scope, _ENTRY: entry}, noting_receive, noting_send)


class ThroughFaults:
    """Middleware behind the gate: lets the faults of the world happen.

    Args:
        app: The application it wraps.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        entry: Entry | None = scope.get(_ENTRY)
        if entry is None:
            await self._app(scope, receive, send)
            return
        world = current_world.get()
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
        if scope[_ENTRY].operation == "get_events":
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
