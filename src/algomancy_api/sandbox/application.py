"""Puts the sandbox together: what brings requests into their worlds, and a control API beside the API."""

from __future__ import annotations

import functools
import time
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
from algomancy_api.openapi import About, build_document
from algomancy_api.pages import ASSETS_PATH, in_script, swagger_page
from algomancy_api.routers.operation import Operation, OperationRoute, add_operations
from algomancy_api.sandbox.control import CONTROL_GROUPS
from algomancy_api.sandbox.faults import VISIT, ThroughFaults
from algomancy_api.sandbox.fixture import Fixture
from algomancy_api.sandbox.models import NewWorld
from algomancy_api.sandbox.worlds import DEFAULT, CurrentWorld, World, Worlds, current_world

if TYPE_CHECKING:
    from algomancy_api.api_configuration import ApiConfiguration

CONTROL_PATH = "/sandbox"
WORLDS_PATH = "/worlds/"

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

        await self._app({**scope, VISIT: (world, entry)}, noting_receive, noting_send)
