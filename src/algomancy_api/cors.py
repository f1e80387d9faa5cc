"""Cross-origin requests: which pages of other origins a browser lets read the replies."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from algomancy_api.errors import error_response

# HEAD is asked of every GET route; PUT is for routes of the user's.
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_HEADERS = ("Authorization", "Content-Type", "If-None-Match")
_EXPOSED_HEADERS = ("Location", "ETag", "Link")


class Cors(CORSMiddleware):
    """Starlette's middleware, with preflights that are answered as every other OPTIONS and every other error is.

    Args:
        app: What it stands before.
        origins: Origins whose pages may use the server; `*` for all, and then without their credentials.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=[origin.rstrip("/").lower() for origin in origins],
            allow_credentials="*" not in origins,
            allow_methods=_METHODS,
            allow_headers=_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight: 204 without a body, or 400 with the one shape of error (contract GEN-1)."""
        answer = super().preflight_response(request_headers)
        headers = {name: text for name, text in answer.headers.items() if not name.startswith("content-")}
        if answer.status_code == 200:
            return Response(status_code=204, headers=headers)
        refused = bytes(answer.body).decode().removeprefix("Disallowed CORS ")
        return error_response(400, f"Not allowed in a cross-origin request: its {refused}.", headers)
