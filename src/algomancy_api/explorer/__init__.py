"""`/explorer`: a page in the browser for people who do not read JSON; it uses nothing but the public API.

Its files are in `page/`, plain modules that a browser loads as they are: `app.js` reads the address and draws a view,
`live.js` keeps a session up to date, `api.js` sends every request. The launcher imports this folder; nothing else does.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    import os

    from fastapi import FastAPI
    from starlette.types import Scope

    from algomancy_api.api_configuration import ApiConfiguration

EXPLORER_PATH = "/explorer"

_PAGE = Path(__file__).with_name("page")
_HEADERS = {
    # The API may be on another origin (`?api=`); everything else is the page's own.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self' http: https:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_explorer(app: FastAPI, config: ApiConfiguration) -> None:
    """Serve the page at `/explorer`, and its files below.

    Args:
        app: The application.
        config: Its configuration.
    """
    page = Template((_PAGE / "index.html").read_text(encoding="utf-8"))

    async def explorer(request: Request) -> HTMLResponse:
        base = request.scope.get("root_path", "") + config.prefix
        return HTMLResponse(page.substitute(title=escape(config.title), base=escape(base)), headers=_HEADERS)

    app.add_route(EXPLORER_PATH, explorer, include_in_schema=False)
    app.mount(EXPLORER_PATH, _Files(directory=_PAGE), name="explorer")


class _Files(StaticFiles):
    """Files of the page, with the headers of the page."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_HEADERS)
        return response
