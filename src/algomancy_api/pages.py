"""The pages for people: `/docs`, `/explorer`, and `/`, which leads there; none needs the internet (contract MET-5).

The explorer uses nothing but the public API. Its files are in `explorer/`, plain modules that a browser loads as they
are: `app.js` reads the address and draws a view, `live.js` keeps a session up to date, `api.js` sends every request.
"""

from __future__ import annotations

import json
from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    import os

    from fastapi import FastAPI
    from starlette.types import Scope

    from algomancy_api.api_configuration import ApiConfiguration

DOCS_PATH = "/docs"
ASSETS_PATH = "/docs-assets"
START_PATH = "/"
EXPLORER_PATH = "/explorer"

_EXPLORER = Path(__file__).with_name("explorer")
_EXPLORER_HEADERS = {
    # The API may be on another origin (`?api=`); everything else is the page's own.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self' http: https:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{assets}/favicon.png">
<link rel="stylesheet" href="{assets}/swagger-ui.css">
<style>
html {{ color-scheme: light; }}
html.dark-mode {{ color-scheme: dark; background: #1c2022; }}
body {{ margin: 0; }}
header {{ max-width: 1420px; margin: 0 auto; padding: 1.2rem 20px 0; font: 600 1.1rem system-ui, sans-serif; }}
header a {{ color: #0b6a72; }}
.dark-mode header a {{ color: #6cc5cd; }}
/* White on Swagger UI's own light colours is hard to read. */
:root:not(.dark-mode) .swagger-ui .opblock-get .opblock-summary-method {{ background: #1c6fb0; }}
:root:not(.dark-mode) .swagger-ui .opblock-post .opblock-summary-method {{ background: #23794a; }}
:root:not(.dark-mode) .swagger-ui .opblock-patch .opblock-summary-method {{ background: #96600a; }}
:root:not(.dark-mode) .swagger-ui .opblock-delete .opblock-summary-method {{ background: #b3322e; }}
</style>
</head>
<body>
{begin}<div id="swagger-ui"></div>
<script src="{assets}/swagger-ui-bundle.js"></script>
<script>
function showDark(dark) {{ document.documentElement.classList.toggle("dark-mode", dark); }}
const preference = matchMedia("(prefers-color-scheme: dark)");
showDark(preference.matches);
preference.addEventListener("change", (event) => showDark(event.matches));
function show(options) {{ SwaggerUIBundle({{ dom_id: "#swagger-ui", deepLinking: true, ...options }}); }}
{script}
</script>
</body>
</html>
"""

_SHOW_SERVED = """\
const trial = {trial};
fetch({url}).then((answer) => answer.json()).then((spec) => {{
  for (const item of Object.values(spec.paths)) {{
    for (const operation of Object.values(item)) {{
      for (const parameter of operation.parameters ?? []) {{
        if (parameter.in === "path" && parameter.name in trial) parameter.example = trial[parameter.name];
      }}
      const body = operation.requestBody?.content["application/json"];
      if (body && operation.operationId in trial) body.example = trial[operation.operationId];
    }}
  }}
  show({{ spec, showExtensions: true, showCommonExtensions: true }});
}});"""


def swagger_page(title: str, assets: str, script: str, begin: str = "") -> str:
    """Return a page of Swagger UI, light or dark as the browser prefers.

    Args:
        title: Title of the page.
        assets: Address of the folder of `swagger_assets`, without a slash at its end.
        script: What calls `show` with the options of Swagger UI: `url`, or the document itself as `spec`, and more.
        begin: HTML before Swagger UI.
    """
    return _PAGE.format(title=escape(title), assets=escape(assets), script=script, begin=begin)


def in_script(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value as it may stand in a script of a page."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def add_docs_page(app: FastAPI, config: ApiConfiguration) -> None:
    """Serve Swagger UI, and its script, style sheet and icon as the `fastapi-offline` package brings them.

    What can be tried out there is filled in with what this server has: the document itself has no examples of path
    parameters, for a tool that sends examples would change a session that is in use.

    Args:
        app: The application; its document is at `app.openapi_url`.
        config: Its configuration.
    """
    title = f"{config.title} – API"
    trial = in_script(_trial(config))

    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        script = _SHOW_SERVED.format(trial=trial, url=in_script(f"{root}{app.openapi_url}"))
        header = f'<header><a href="{escape(root)}/">{escape(config.title)}</a></header>\n'
        return HTMLResponse(swagger_page(title, f"{root}{ASSETS_PATH}", script, header))

    app.add_route(DOCS_PATH, docs, include_in_schema=False)
    app.mount(ASSETS_PATH, StaticFiles(directory=swagger_assets()), name="docs-assets")


def _trial(config: ApiConfiguration) -> dict[str, Any]:
    """Return what to fill in: values of path parameters by name, bodies by `operationId`."""
    # The default may be no algorithm at all where nothing uses it.
    algorithms = sorted(config.algorithms, key=lambda name: name != config.default_algo)
    algorithm = next(iter(algorithms), None)
    initial = getattr(config, "initial_data_path", None)
    dataset = (
        min((entry.name for entry in Path(initial).iterdir() if entry.is_dir()), default=None) if initial else None
    )
    values: dict[str, Any] = {"session_id": "main"}
    if algorithm is not None:
        values["algorithm_name"] = algorithm
        values["create_scenario"] = {"tag": "my-run", "dataset_key": dataset or "my data", "algo_name": algorithm}
    if dataset is not None:
        values["data_key"] = dataset
    return values


def swagger_assets() -> Path:
    """Return the folder of Swagger UI's files; the package itself need not be imported for them."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The package 'fastapi-offline', which brings the files of /docs, is not installed.")
    return Path(spec.origin).with_name("static")


def add_explorer(app: FastAPI, config: ApiConfiguration) -> None:
    """Serve the page at `/explorer`, and its files below.

    Args:
        app: The application.
        config: Its configuration.
    """
    page = Template((_EXPLORER / "index.html").read_text(encoding="utf-8"))

    async def explorer(request: Request) -> HTMLResponse:
        base = request.scope.get("root_path", "") + config.prefix
        return HTMLResponse(page.substitute(title=escape(config.title), base=escape(base)), headers=_EXPLORER_HEADERS)

    app.add_route(EXPLORER_PATH, explorer, include_in_schema=False)
    app.mount(EXPLORER_PATH, _ExplorerFiles(directory=_EXPLORER), name="explorer")


class _ExplorerFiles(StaticFiles):
    """Files of the explorer, with the headers of its page."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_EXPLORER_HEADERS)
        return response


def add_start_redirect(app: FastAPI, config: ApiConfiguration) -> None:
    """Lead from `/` to the explorer, or to `/docs`, wherever the application has no route of its own for `/`.

    Args:
        app: The application.
        config: Its configuration.
    """
    target = EXPLORER_PATH if config.explorer else DOCS_PATH

    async def start(request: Request) -> RedirectResponse:
        return RedirectResponse(request.scope.get("root_path", "") + target)

    app.router.routes.append(_LastRoute(app, START_PATH, start, include_in_schema=False))


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
