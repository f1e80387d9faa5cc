"""`/`: a small page for whoever opens the server's address, with what to do first."""

from __future__ import annotations

import shlex
from html import escape
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match, Route

from algomancy_api.document.pages import ASSETS_PATH, DOCS_PATH, first_algorithm, first_dataset
from algomancy_api.explorer import EXPLORER_PATH

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Scope

    from algomancy_api.api_configuration import ApiConfiguration

START_PATH = "/"

_REFERENCE = "https://algomancy.readthedocs.io/en/latest/reference/api.html"
_DEFAULT_URL = "http://127.0.0.1:8051"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{root}{assets}/favicon.png">
<style>
:root {{ color-scheme: light dark;
  --text: #22282b; --soft: #566068; --link: #0b6a72; --ground: #fff; --code: #f2f4f4; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --text: #e4e8ea; --soft: #a4adb3; --link: #6cc5cd; --ground: #1c2022; --code: #282e31; }}
}}
body {{ max-width: 44rem; margin: 0 auto; padding: 2rem 1.2rem; color: var(--text); background: var(--ground);
  font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }}
h1 {{ margin: 0; font-size: 1.9rem; line-height: 1.2; }}
h2 {{ margin-top: 2rem; font-size: 1.2rem; }}
a {{ color: var(--link); }}
li {{ margin: 0.3rem 0; }}
p.soft, dd {{ color: var(--soft); }}
dd {{ margin: 0 0 1rem; }}
code {{ padding: 0.1rem 0.3rem; border-radius: 0.2rem; background: var(--code); font-size: 0.9em; }}
dt code {{ display: block; padding: 0.5rem 0.8rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="soft">A server of the Algomancy HTTP API.</p>
<ul>
<li><a href="{root}{docs}">{docs}</a>: every operation, to try out in the browser</li>
<li><a href="{root}/openapi.json">/openapi.json</a>: the document to generate clients from</li>
<li><a href="{root}/health">/health</a>: whether it is alive, and its sessions</li>
<li>The site: <code>make docs</code> builds it in the project's folder, with a tutorial and a guide for frontend teams.
The API's <a href="{reference}">reference</a> is on the web.</li>
</ul>
<h2>Three first commands</h2>
<dl>
{commands}
</dl>
<p class="soft">In a checkout, the command is <code>.venv/bin/algomancy-api</code> unless its environment is active
(<code>source .venv/bin/activate</code>).{token}</p>
</body>
</html>
"""


def add_start_page(app: FastAPI, config: ApiConfiguration) -> None:
    """Serve the page, or the way to the explorer, wherever the application has no route of its own for `/`.

    Args:
        app: The application.
        config: Its configuration: the page names the title and an algorithm.
    """

    async def start(request: Request) -> Response:
        if config.explorer:
            return RedirectResponse(request.scope.get("root_path", "") + EXPLORER_PATH)
        url = str(request.base_url).rstrip("/")
        return HTMLResponse(start_page(config, url, request.scope.get("root_path", "")))

    app.router.routes.append(_LastRoute(app, START_PATH, start, include_in_schema=False))


def start_page(config: ApiConfiguration, url: str, root_path: str) -> str:
    """Return the page.

    Args:
        config: The server's configuration.
        url: Where the server is, as the browser knows it.
        root_path: What a proxy, or an application around this one, has in front of its paths.
    """
    options = [] if url == _DEFAULT_URL else ["--url", url]
    if config.prefix != "/api/v1":
        options += ["--prefix", config.prefix]
    run = ("run", first_algorithm(config) or "ALGORITHM", "--dataset", first_dataset(config) or "KEY")
    commands = (
        (("data", "list"), "the datasets there are"),
        (run, "plan with one of them, and see the KPIs"),
        (("compare",), "all plans side by side, as soon as there are two"),
    )
    shown = "\n".join(
        f"<dt><code>{escape(shlex.join(['algomancy-api', *words, *options]))}</code></dt><dd>{escape(purpose)}</dd>"
        for words, purpose in commands
    )
    token = " This server wants a token: set <code>ALGOMANCY_TOKEN</code>." if config.api_token is not None else ""
    return _PAGE.format(
        title=escape(config.title),
        root=escape(root_path),
        docs=DOCS_PATH,
        assets=ASSETS_PATH,
        reference=_REFERENCE,
        commands=shown,
        token=token,
    )


class _LastRoute(Route):
    """A route that steps aside for any other one that matches, also one that is added later."""

    def __init__(self, app: FastAPI, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401 - starlette's
        super().__init__(*arguments, **settings)
        self._routes = app.router.routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match where nothing else does."""
        match, child = super().matches(scope)
        if match is Match.NONE or any(r.matches(scope)[0] is Match.FULL for r in self._routes if r is not self):
            return Match.NONE, {}
        return match, child
