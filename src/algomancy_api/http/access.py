"""Access: checks host, origin and token of each request, and answers cross-origin requests of browsers."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from algomancy_api.errors import ForbiddenError, ForeignHostError, UnauthorizedError, error_response
from algomancy_api.http.names import shown

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# HEAD is asked of every GET route; PUT is for routes of the user's.
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_HEADERS = (
    "Authorization",
    "Cache-Control",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-Request-ID",
    "X-Requested-With",
    # What tracing adds of its own accord.
    "baggage",
    "sentry-trace",
    "traceparent",
    "tracestate",
)
_EXPOSED_HEADERS = ("Location", "ETag", "Link", "Allow", "Preference-Applied", "WWW-Authenticate")


class AccessPolicy:
    """Decides whether a request may reach the routes.

    Args:
        cors_origins: Origins whose pages may change things from a browser; `*` for all.
        allowed_hosts: Host names that are answered for, `None` for any.
        api_token: The bearer token to be carried, `None` for none.
        open_paths: What may be read without token: paths, and folders that end with a slash; `/` is
            that page alone.
    """

    def __init__(
        self,
        *,
        cors_origins: Sequence[str] | None,
        allowed_hosts: Sequence[str] | None,
        api_token: str | None,
        open_paths: Sequence[str],
    ) -> None:
        self.allowed_hosts = allowed_hosts
        self._origins = frozenset(origin.rstrip("/").lower() for origin in cors_origins or ())
        self._credentials = None if api_token is None else f"Bearer {api_token}".encode()
        self._open_paths = frozenset(open_paths)
        self._open_folders = tuple(path for path in open_paths if path.endswith("/") and path != "/")

    def check(self, scope: Scope) -> None:
        """Let a request pass.

        Args:
            scope: The ASGI scope of the request or web socket.

        Raises:
            AccessError: It may not.
        """
        if self.allowed_hosts is not None:
            self._check_host(scope, self.allowed_hosts)
        if scope.get("method") not in _SAFE_METHODS:  # A web socket has none: what it will carry may change anything.
            self._check_site(scope)
        if self._credentials is not None:
            self._check_token(scope, self._credentials)

    def _check_host(self, scope: Scope, allowed_hosts: Sequence[str]) -> None:
        name = _host_name(_header(scope, b"host") or "")
        for allowed in allowed_hosts:
            pattern = allowed.lower()
            if pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:])):
                return
        raise ForeignHostError("The 'Host' header names a host that this server does not answer for.")

    def _check_site(self, scope: Scope) -> None:
        """Refuse what a browser sends for a page of another origin: multipart and plain text need no preflight."""
        origin = _header(scope, b"origin")
        site = _header(scope, b"sec-fetch-site")
        if site is not None:
            foreign = site not in ("same-origin", "none")
        else:
            foreign = (
                origin is not None and origin.partition("://")[2].lower() != (_header(scope, b"host") or "").lower()
            )
        if foreign and not ("*" in self._origins or (origin is not None and origin.lower() in self._origins)):
            pages = "Pages of another site" if origin is None else f"Pages of the origin {shown(origin)}"
            raise ForbiddenError(
                f"{pages} may not change anything on this server: its setting cors_origins says whose may."
            )

    def _check_token(self, scope: Scope, credentials: bytes) -> None:
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope.get("method") in _SAFE_METHODS and (path in self._open_paths or path.startswith(self._open_folders)):
            return
        sent = _header(scope, b"authorization") or ""
        scheme, _, token = sent.partition(" ")
        if not hmac.compare_digest(f"{scheme.capitalize()} {token.strip()}".encode(), credentials):
            raise UnauthorizedError("This server wants a bearer token: send 'Authorization: Bearer <token>'.")


class Cors(CORSMiddleware):
    """Starlette's middleware, with preflights that are answered as every other OPTIONS and every other error is.

    Args:
        app: What it stands before.
        origins: Origins whose pages may use the server; `*` for all, with whatever headers, and then without their
            credentials.
        headers: What those pages may send beside the usual request headers; `*` for all.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str], headers: Sequence[str] = ()) -> None:
        super().__init__(
            app,
            allow_origins=[origin.rstrip("/").lower() for origin in origins],
            allow_credentials="*" not in origins,
            allow_methods=_METHODS,
            allow_headers=["*"] if "*" in (*headers, *origins) else [*_HEADERS, *headers],
            allow_private_network=True,
            expose_headers=_EXPOSED_HEADERS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight: 204 without a body, or 400 with the one shape of error (contract GEN-1)."""
        answer = super().preflight_response(request_headers)
        headers = {name: text for name, text in answer.headers.items() if not name.startswith("content-")}
        if answer.status_code == 200:
            return Response(status_code=204, headers=headers)
        refused = bytes(answer.body).decode().removeprefix("Disallowed CORS ")
        told = f"A cross-origin request from {shown(request_headers.get('origin', ''))} is not allowed: its {refused}."
        return error_response(400, f"{told} The settings cors_origins and cors_headers say what is.", headers)


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def _host_name(host: str) -> str:
    """Return the name in a `Host` header, in lower case and without port and brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
