"""`/docs`: Swagger UI from files on this machine, so that it needs no internet (contract MET-5)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

DOCS_PATH = "/docs"
ASSETS_PATH = "/docs-assets"


def add_docs_page(app: FastAPI, title: str) -> None:
    """Serve Swagger UI, and its script, style sheet and icon as the `fastapi-offline` package brings them.

    Args:
        app: The application; its document is at `app.openapi_url`.
        title: Title of the page.
    """

    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=title,
            swagger_js_url=f"{root}{ASSETS_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{ASSETS_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{root}{ASSETS_PATH}/favicon.png",
        )

    app.add_route(DOCS_PATH, docs, include_in_schema=False)
    app.mount(ASSETS_PATH, StaticFiles(directory=_assets()), name="docs-assets")


def _assets() -> Path:
    """Return the folder of the package's files; the package itself need not be imported for them."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The package 'fastapi-offline', which brings the files of /docs, is not installed.")
    return Path(spec.origin).with_name("static")
