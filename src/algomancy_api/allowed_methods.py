"""Which methods a path takes, for `Allow` headers (contract GEN-6)."""

from __future__ import annotations

import re
from functools import cached_property

from fastapi import FastAPI
from starlette.routing import Match, Mount
from starlette.types import Scope

ROOT_PATH = "algomancy_api.root_path"
"""Key of a scope: the root path of the application itself. Below its mounts `root_path` has grown by where they are."""

_ORDER = ("get", "post", "put", "patch", "delete")


class AllowedMethods:
    """The methods of each path: the documented ones of the most specific template, else those of the routes.

    Args:
        app: The application.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def of(self, scope: Scope) -> list[str]:
        """Return the methods that the path of a request takes; none when there is nothing there."""
        path = scope["path"].removeprefix(_root_path(scope))
        for template, methods in self._documented:
            if template.fullmatch(path):
                return methods
        return [method.upper() for method in _ORDER if self.include(method.upper(), scope)]

    def include(self, method: str, scope: Scope) -> bool:
        """Tell whether a route takes the path of a request with a method, without making the document."""
        asked = {**scope, "method": method, "root_path": _root_path(scope)}
        return any(
            route.matches(asked)[0] is Match.FULL and (method == "GET" or not isinstance(route, Mount))
            for route in self._app.routes
        )

    @cached_property
    def _documented(self) -> list[tuple[re.Pattern[str], list[str]]]:
        paths = self._app.openapi()["paths"]
        # A literal segment is more specific than a parameter, and sorts first when the parameter is written `{`.
        most_specific_first = sorted(paths, key=lambda path: path.replace("{", "\U0010ffff"))
        return [(_pattern(path), _methods(paths[path])) for path in most_specific_first]


def _root_path(scope: Scope) -> str:
    root_path: str = scope.get(ROOT_PATH, scope.get("root_path", ""))
    return root_path


def _pattern(template: str) -> re.Pattern[str]:
    segments = re.split(r"(\{[^}]*\})", template)
    return re.compile("".join("[^/]+" if segment.startswith("{") else re.escape(segment) for segment in segments))


def _methods(path_item: dict[str, object]) -> list[str]:
    return [method.upper() for method in _ORDER if method in path_item]
