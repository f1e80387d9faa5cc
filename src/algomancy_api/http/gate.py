"""What every request passes on its way to the routes: the checks of host, origin and token, and CORS."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import unquote

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from algomancy_api.errors import (
    AccessError,
    ForbiddenError,
    ForeignHostError,
    UnauthorizedError,
    answer_unexpected,
    as_http_error,
    error_response,
)
from algomancy_api.http.names import shown
from algomancy_api.http.waiting import HEAD

ROOT_PATH = "algomancy_api.root_path"
"""Key of a scope: the root path of the application itself; inside a mount, `root_path` includes the mount's path."""

_ENCODED = "algomancy_api.encoded"
"""Key of a scope: whether `%2F` and `%25` are still encoded in its path."""

_ORDER = ("GET", "POST", "PUT", "PATCH", "DELETE")

_POLICY_VIOLATION = 1008

_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")

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


class Gate:
    """Middleware around all routes, inside CORS so that its refusals carry CORS headers too (contract GEN-8).

    It refuses what the access policy does not allow, answers HEAD as GET without the body and OPTIONS with `Allow`,
    keeps a percent-encoded slash from splitting a path segment, and answers an unexpected exception with a 500 without
    details, and a traceback in the log.

    Args:
        app: The application it wraps.
        policy: Checks host, origin and token.
        allowed_methods: The methods of each path.
        prefix: Where the API begins.
    """

    def __init__(self, app: ASGIApp, policy: AccessPolicy, allowed_methods: AllowedMethods, prefix: str) -> None:
        self._app = app
        self._policy = policy
        self._allowed_methods = allowed_methods
        self._sessions = f"{prefix}/sessions/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "websocket" and not self._allows(scope):
            await WebSocketClose(_POLICY_VIOLATION)(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[ROOT_PATH] = scope.get("root_path", "")
        started = False

        async def noting_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            self._policy.check(scope)
            routed = self._with_encoded_slashes(scope) if b"%" in scope.get("raw_path", b"") else scope
            # A route of the user's may be for HEAD or OPTIONS alone: what no other method is for is left to it.
            if scope["method"] == "HEAD" and self._allowed_methods.include("GET", routed):
                await self._app({**routed, "method": "GET", HEAD: True}, receive, _without_body(noting_send))
            elif scope["method"] == "OPTIONS" and (methods := self._allowed_methods.of(routed)):
                answer = Response(status_code=204, headers={"Allow": ", ".join(methods)})
                await answer(scope, receive, noting_send)
            else:
                await self._app(routed, receive, noting_send)
        except AccessError as error:
            await _refusal(error)(scope, receive, send)
        except ClientDisconnect:
            return  # There is nobody left to answer.
        except Exception as error:
            response = await answer_unexpected(Request(scope), error)
            if started:
                raise  # Half a reply is out: closing the connection is all that tells the client.
            await response(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        try:
            self._policy.check(scope)
        except AccessError:
            return False
        return True

    def _with_encoded_slashes(self, scope: Scope) -> Scope:
        """Return the scope with `%2F` still encoded in a path of the API: part of a name (contract SES-9)."""
        # A proxy may have stripped the root path, or left it.
        if not scope["path"].removeprefix(scope[ROOT_PATH]).startswith(self._sessions):
            return scope
        raw_path = scope["raw_path"].partition(b"?")[0].decode("ascii", "replace").replace("%2f", "%2F")
        if "%2F" not in raw_path:
            return {**scope, "path": unquote(raw_path)}
        # `%25` stays too, so that what is decoded later cannot be taken for an encoded slash.
        parts = re.split("(%2F|%25)", raw_path)
        path = "".join(part if number % 2 else unquote(part) for number, part in enumerate(parts))
        return {**scope, "path": path, _ENCODED: True}


def path_value(scope: Scope, value: str) -> str:
    """Return a path parameter as the client meant it."""
    return value.replace("%2F", "/").replace("%25", "%") if _ENCODED in scope else value


def _refusal(error: AccessError) -> Response:
    refusal = as_http_error(error)
    if refusal is None:
        raise error
    return error_response(refusal.status_code, refusal.detail, refusal.headers)


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


class AllowedMethods:
    """The methods of each path, as the routes of an application take them.

    Args:
        app: The application.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def of(self, scope: Scope) -> list[str]:
        """Return the methods that the path of a request takes; none when there is nothing there."""
        return [method for method in _ORDER if self.include(method, scope)]

    def include(self, method: str, scope: Scope) -> bool:
        """Tell whether a route takes the path of a request with a method."""
        asked = {**scope, "method": method, "root_path": _root_path(scope)}
        return any(
            route.matches(asked)[0] is Match.FULL and (method == "GET" or not isinstance(route, Mount))
            for route in self._app.routes
        )


def _root_path(scope: Scope) -> str:
    root_path: str = scope.get(ROOT_PATH, scope.get("root_path", ""))
    return root_path


class AccessPolicy:
    """Decides whether a request may reach the routes.

    Args:
        cors_origins: Origins whose pages may change things from a browser; `*` for all.
        allowed_hosts: Host names that are answered for, `None` for any.
        api_token: The bearer token to be carried, `None` for none.
        open_paths: What may be read without a token: paths, and folders, which end with a slash; `/` is that page
            alone.
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

    def restrict_to(self, host: str) -> None:
        """Answer for this machine's names only, on a loopback address and unless the configuration says otherwise.

        A web page elsewhere could point a name of its own at that address.
        """
        if self.allowed_hosts is None and is_loopback(host):
            self.allowed_hosts = (*_LOOPBACK_HOSTS, host)

    def check(self, scope: Scope) -> None:
        """Check a request.

        Args:
            scope: The ASGI scope of the request or web socket.

        Raises:
            AccessError: It is not allowed.
        """
        if self.allowed_hosts is not None:
            self._check_host(scope, self.allowed_hosts)
        if scope.get("method") not in _SAFE_METHODS:  # A web socket has none: what it will carry may change anything.
            self._check_site(scope)
        if self._credentials is not None:
            self._check_token(scope, self._credentials)

    def _check_host(self, scope: Scope, allowed_hosts: Sequence[str]) -> None:
        host = _header(scope, b"host")
        if host is None and scope["http_version"] == "1.0":
            return  # The probe of a load balancer, say; a browser, which a page could deceive, always names a host.
        name = _host_name(host or "")
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
        app: The application it wraps.
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


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


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
