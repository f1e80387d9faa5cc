"""`/docs`: Swagger UI from files on this machine, so that it needs no internet (contract MET-5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

DOCS_PATH = "/docs"
ASSETS_PATH = "/docs-assets"

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
/* White on Swagger UI's own light colours is hard to read. */
.swagger-ui .opblock-get .opblock-summary-method {{ background: #1c6fb0; }}
.swagger-ui .opblock-post .opblock-summary-method {{ background: #23794a; }}
.swagger-ui .opblock-patch .opblock-summary-method {{ background: #96600a; }}
.swagger-ui .opblock-delete .opblock-summary-method {{ background: #b3322e; }}
</style>
</head>
<body>
<div id="swagger-ui"></div>
<script src="{assets}/swagger-ui-bundle.js"></script>
<script>
function showDark(dark) {{ document.documentElement.classList.toggle("dark-mode", dark); }}
const preference = matchMedia("(prefers-color-scheme: dark)");
showDark(preference.matches);
preference.addEventListener("change", (event) => showDark(event.matches));
SwaggerUIBundle({{ dom_id: "#swagger-ui", deepLinking: true, ...{options} }});
</script>{end}
</body>
</html>
"""


def swagger_page(title: str, assets: str, options: Mapping[str, Any], end: str = "") -> str:
    """Return the page that shows a document in Swagger UI, light or dark as the browser prefers.

    Args:
        title: Title of the page.
        assets: Address of the folder of `swagger_assets`, without a slash at its end.
        options: What Swagger UI is told: `url`, or the document itself as `spec`, and more.
        end: What follows the script, as HTML.
    """
    told = json.dumps(options, ensure_ascii=False).replace("<", "\\u003c")
    return _PAGE.format(title=escape(title), assets=escape(assets), options=told, end=end)


def add_docs_page(app: FastAPI, title: str) -> None:
    """Serve Swagger UI, and its script, style sheet and icon as the `fastapi-offline` package brings them.

    Args:
        app: The application; its document is at `app.openapi_url`.
        title: Title of the page.
    """

    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        options = {"url": f"{root}{app.openapi_url}", "showExtensions": True, "showCommonExtensions": True}
        return HTMLResponse(swagger_page(title, f"{root}{ASSETS_PATH}", options))

    app.add_route(DOCS_PATH, docs, include_in_schema=False)
    app.mount(ASSETS_PATH, StaticFiles(directory=swagger_assets()), name="docs-assets")


def swagger_assets() -> Path:
    """Return the folder of Swagger UI's files; the package itself need not be imported for them."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The package 'fastapi-offline', which brings the files of /docs, is not installed.")
    return Path(spec.origin).with_name("static")
