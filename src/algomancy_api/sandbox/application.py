"""Puts the sandbox together: a control API beside the API, and what takes requests into worlds and through faults."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from algomancy_api.backend import SessionBackend
from algomancy_api.errors import error_response
from algomancy_api.http.names import shown
from algomancy_api.http.replies import conditional_reply, encode_json
from algomancy_api.http.server import CUT
from algomancy_api.openapi import About, build_document
from algomancy_api.pages import ASSETS_PATH, in_script, swagger_page
from algomancy_api.routers.operation import Operation, OperationRoute, add_operations
from algomancy_api.sandbox.clock import Actor
from algomancy_api.sandbox.control import CONTROL_GROUPS
from algomancy_api.sandbox.faults import Armed
from algomancy_api.sandbox.fixture import Fixture
from algomancy_api.sandbox.models import Cut, NewWorld
from algomancy_api.sandbox.worlds import DEFAULT, CurrentWorld, World, Worlds, current_world

if TYPE_CHECKING:
    from algomancy_api.api_configuration import ApiConfiguration

CONTROL_PATH = "/sandbox"
WORLDS_PATH = "/worlds/"

_VISIT = "algomancy_api.sandbox.visit"
"""Key of a scope: the world of a request, and the request's entry in the world's log."""

_PIECES = 10
_DOCUMENT = f"{CONTROL_PATH}/openapi.json"
_PAGES = (CONTROL_PATH, f"{CONTROL_PATH}/docs")

ABOUT = About(
    "Algomancy sandbox",
    "Worlds for the development and the tests of frontends, steered over HTTP.",
    "Each world is a server of its own, with the whole Algomancy API below its `base_url`. Every error is answered "
    'with `{"detail": "<message>"}`; an unknown member is refused.',
    CONTROL_GROUPS,
    (Fixture,),
)


_OPERATIONS: list[Operation] = [operation for group in CONTROL_GROUPS for operation in group.all]


def control_document(*, with_token: bool = False) -> dict[str, Any]:
    """Return the OpenAPI document of the control API.

    Args:
        with_token: Whether the sandbox wants a bearer token.
    """
    app = FastAPI(openapi_url=None)
    add_operations(app.router.routes, _OPERATIONS, CONTROL_PATH)
    return build_document(app, with_token=with_token, about=ABOUT)


class Sandbox:
    """What an application needs beyond that of a server.

    Args:
        config: The configuration of all worlds.
        fixture: What the default world begins with: the name of a fixture, or the path of a JSON file.
        seed: The seed of the default world.

    Raises:
        ValueError: There is no such fixture, or the file breaks a rule.
        SandboxUnavailableError: The backend that is installed cannot be steered.
    """

    def __init__(self, config: ApiConfiguration, fixture: str | Path, seed: int | None) -> None:
        self._config = config
        self._worlds = Worlds(config)
        name = str(fixture)
        if name not in self._worlds.fixtures.names:
            if not isinstance(fixture, Path) and not name.endswith(".json"):
                known = ", ".join(self._worlds.fixtures.names)
                raise ValueError(f"There is no fixture '{name}': take one of {known}, or a file that ends in .json.")
            name = self._worlds.fixtures.add_file(Path(fixture))
        self._worlds.create(NewWorld(name=DEFAULT, fixture=name, seed=seed))
        self.backend = cast("SessionBackend", CurrentWorld(self._worlds))
        into = partial(IntoWorlds, worlds=self._worlds, prefix=config.prefix)
        self.middleware = ((into,), (ThroughFaults,))
        self.open_paths = (*_PAGES, _DOCUMENT)

    def add_control(self, app: FastAPI) -> None:
        """Add the control API, its document and its page to the application."""
        app.state.worlds = self._worlds
        for operation in _OPERATIONS:
            route = OperationRoute(operation, CONTROL_PATH)
            route.include_in_schema = False  # In the document of the API; there is another for these.
            app.router.routes.append(route)

        @functools.cache
        def document() -> bytes:
            return encode_json(control_document(with_token=self._config.api_token is not None))

        async def openapi(request: Request) -> Response:
            return await conditional_reply(request, document())

        async def docs(request: Request) -> HTMLResponse:
            root = request.scope.get("root_path", "")
            url = in_script(f"{root}{_DOCUMENT}")
            return HTMLResponse(swagger_page(ABOUT.title, f"{root}{ASSETS_PATH}", f"show({{ url: {url} }});"))

        app.add_route(_DOCUMENT, openapi, include_in_schema=False)
        for path in _PAGES:
            app.add_route(path, docs, include_in_schema=False)


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

        await self._app({**scope, _VISIT: (world, entry)}, noting_receive, noting_send)


class ThroughFaults:
    """Middleware behind the gate: lets the faults of the world happen.

    Args:
        app: The application it wraps.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if _VISIT not in scope:
            await self._app(scope, receive, send)
            return
        world, entry = scope[_VISIT]
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
        if scope[_VISIT][1].operation == "get_events":
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
