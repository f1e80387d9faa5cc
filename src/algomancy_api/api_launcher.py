"""Builds the application and runs it."""

from __future__ import annotations

import functools
import inspect
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from algomancy_api.api_configuration import ApiConfiguration
from algomancy_api.backend import SessionBackend
from algomancy_api.backend_calls import BackendCalls
from algomancy_api.checked import CheckedBackend
from algomancy_api.errors import install_exception_handlers
from algomancy_api.http.gate import AccessPolicy, AllowedMethods, Cors, Gate, is_loopback
from algomancy_api.http.replies import conditional_reply, encode_json
from algomancy_api.http.server import serve
from algomancy_api.http.waiting import Waiters
from algomancy_api.openapi import add_documented_operations, document_of
from algomancy_api.pages import (
    ASSETS_PATH,
    DOCS_PATH,
    EXPLORER_PATH,
    START_PATH,
    add_docs_page,
    add_explorer,
    add_start_redirect,
)
from algomancy_api.routers.operation import HotPath
from algomancy_api.routers.sessions import get_health
from algomancy_scenario.core_configuration import CoreConfig

logger = logging.getLogger("algomancy_api")

_OPENAPI_PATH = "/openapi.json"
_OTEL_PACKAGES = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs")
"""OpenTelemetry without an SDK: providers of these packages drop what they are told."""

Middleware = Callable[[ASGIApp], ASGIApp]


class ApiLauncher:
    """Turns a configuration into an application, and an application into a running server."""

    @staticmethod
    def build(
        cfg: ApiConfiguration | CoreConfig | Mapping[str, Any], session_manager: SessionBackend | None = None
    ) -> FastAPI:
        """Return the application of a configuration.

        It is a standard FastAPI application: add routes to it, mount it, or hand it to any ASGI server.
        `app.state.config` is the configuration, `app.state.session_manager` the backend.

        Args:
            cfg: The configuration; a `CoreConfig` or a dict of fields gets the defaults for what it does not say.
            session_manager: The backend. Left out, a `SessionManager` is made from `cfg`, and closed when the
                application shuts down.

        Raises:
            TypeError: `cfg` is something else.
            ValueError: A field of it is not valid.
        """
        config = _as_configuration(cfg)
        owned = session_manager is None
        if session_manager is None:
            from algomancy_scenario.sessionmanager import SessionManager

            session_manager = SessionManager.from_config(config)
        calls = BackendCalls(session_manager)
        initial_data = getattr(config, "initial_data_path", None)
        if owned and initial_data is not None and isinstance(calls.sessions, CheckedBackend):
            calls.sessions.add_initial_data(Path(initial_data))

        return _assemble(config, session_manager, calls, owned=owned)

    @staticmethod
    def build_sandbox(
        cfg: ApiConfiguration | CoreConfig | Mapping[str, Any], fixture: str | Path = "demo", seed: int | None = None
    ) -> FastAPI:
        """Return an application to develop and test frontends against: the API, and `/sandbox` to steer it.

        It keeps nothing, and runs algorithms in threads, whatever the configuration says.

        Args:
            cfg: The configuration, as for `build`.
            fixture: What its default world begins with: the name of a fixture, or the path of a JSON file.
            seed: With a seed, ids and times are the same each time, and the clock moves only when told.

        Raises:
            TypeError: `cfg` is something else.
            ValueError: A field of it is not valid, or the fixture is not.
            RuntimeError: The backend that is installed is not the reference.
        """
        from algomancy_api.sandbox.application import Sandbox

        config = _as_configuration(cfg)
        in_memory = {"has_persistent_state": False, "persistence_backend": "none", "executor": "threads"}
        config = type(config)(**{**config.as_dict(), **in_memory})
        sandbox = Sandbox(config, fixture, seed)
        calls = BackendCalls(sandbox.backend)
        app = _assemble(
            config, sandbox.backend, calls, owned=True, around=sandbox.middleware, open_paths=sandbox.open_paths
        )
        sandbox.add_control(app)
        return app

    @staticmethod
    def run(
        app: FastAPI | ApiConfiguration | CoreConfig | Mapping[str, Any],
        host: str | None = None,
        port: int | None = None,
        *,
        exit_grace_seconds: float | None = None,
    ) -> None:
        """Serve until Ctrl-C or SIGTERM, then stop within five seconds whatever is running.

        On a loopback address only requests for this machine's names are answered, unless the configuration says
        otherwise in `allowed_hosts`: a web page elsewhere could point a name of its own here.

        Args:
            app: An application made by `build`, or the configuration to make it from.
            host: The address to bind, in place of the configuration's.
            port: The port to bind, in place of the configuration's.
            exit_grace_seconds: For a process of the server's own: how soon after the server it ends, whatever threads
                are left.

        Raises:
            TypeError: `app` is neither.
            OSError: The address cannot be bound.
        """
        built = app if isinstance(app, FastAPI) else ApiLauncher.build(app)
        config = getattr(built.state, "config", None)
        if not isinstance(config, ApiConfiguration):
            raise TypeError("The application must be one that ApiLauncher.build made.")
        host = config.host if host is None else host
        port = config.port if port is None else port
        built.state.access_policy.restrict_to(host)
        if config.api_token is None and not is_loopback(host):
            logger.warning(
                "The server can be reached from other machines at %s and wants no token: set api_token.", host
            )
        serve(built, host, port, exit_grace_seconds=exit_grace_seconds)


def _assemble(
    config: ApiConfiguration,
    backend: SessionBackend,
    calls: BackendCalls,
    *,
    owned: bool,
    around: tuple[Sequence[Middleware], Sequence[Middleware]] = ((), ()),
    open_paths: Sequence[str] = (),
) -> FastAPI:
    """Put an application together.

    Args:
        config: Its configuration.
        backend: Its backend.
        calls: What calls that.
        owned: Whether to close the backend when the application shuts down.
        around: Further middleware: what stands before the gate, inside CORS, and what behind it.
        open_paths: What may be read without a token beside the usual pages.
    """
    waiters = Waiters()
    telemetry = telemetry_setting()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            with waiters.closed_by_signals():
                yield
        finally:
            await calls.stop(close=owned)

    app = FastAPI(
        title=config.title,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        **telemetry,
    )
    app.openapi_url = _OPENAPI_PATH
    policy = AccessPolicy(
        cors_origins=config.cors_origins,
        allowed_hosts=config.allowed_hosts,
        api_token=config.api_token,
        open_paths=(
            "/health",
            f"{config.prefix}/health",
            _OPENAPI_PATH,
            DOCS_PATH,
            START_PATH,
            f"{ASSETS_PATH}/",
            EXPLORER_PATH,
            f"{EXPLORER_PATH}/",
            *open_paths,
        ),
    )
    app.state.config = config
    app.state.session_manager = backend
    app.state.backend_calls = calls
    app.state.access_policy = policy
    app.state.waiters = waiters
    app.state.allowed_methods = AllowedMethods(app)
    _add_routes(app, config)
    app.openapi = document_of(app, with_token=config.api_token is not None)  # type: ignore[method-assign]
    install_exception_handlers(app)
    before, behind = around
    if telemetry and not behind:
        app.add_middleware(HotPath, application=app)  # Spans and what stands behind the gate want to see all requests.
    for each in behind:
        app.add_middleware(each)
    app.add_middleware(Gate, policy=policy, allowed_methods=app.state.allowed_methods, prefix=config.prefix)
    for each in before:
        app.add_middleware(each)
    if config.cors_origins:
        app.add_middleware(Cors, origins=config.cors_origins, headers=config.cors_headers)
    if config.forwarded_allow_ips is not None:
        trusted = config.forwarded_allow_ips
        hosts = trusted if isinstance(trusted, str) else [*trusted]
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=hosts)
    return app


def _as_configuration(cfg: object) -> ApiConfiguration:
    if isinstance(cfg, ApiConfiguration):
        return cfg
    if isinstance(cfg, CoreConfig):
        return ApiConfiguration(**cfg.as_dict())
    if isinstance(cfg, Mapping):
        return ApiConfiguration(**cfg)
    raise TypeError("A configuration must be an ApiConfiguration, a CoreConfig or a dict of their fields.")


def _add_routes(app: FastAPI, config: ApiConfiguration) -> None:
    add_documented_operations(app, config.prefix)
    if config.prefix:
        app.add_route(f"{config.prefix}/health", get_health, include_in_schema=False)

    @functools.cache
    def document(root_path: str) -> bytes:
        served = app.openapi()
        if root_path:  # Mounted, or behind a proxy that strips a path: the document's paths begin there.
            served = {**served, "servers": [{**served["servers"][0], "url": root_path}]}
        return encode_json(served)

    async def openapi(request: Request) -> Response:
        return await conditional_reply(request, document(request.scope.get("root_path", "")))

    app.add_route(_OPENAPI_PATH, openapi, include_in_schema=False)
    add_docs_page(app, config)
    if config.explorer:
        add_explorer(app, config)
    add_start_redirect(app, config)


def telemetry_setting() -> dict[str, Any]:
    """Return the argument of `FastAPI` that turns its spans and metrics off where nobody listens to them.

    Left on, it would ask the environment at each request whether somebody does: 7 to 10 µs, a third of a status
    request. Somebody does when an SDK was set up before, or when FastAPI is told by its own variable to set one up.
    """
    if "telemetry" not in inspect.signature(FastAPI.__init__).parameters or _is_listened_to():
        return {}
    return {"telemetry": {"tracing": False, "metrics": False, "logs": False}}


def _is_listened_to() -> bool:
    from opentelemetry import _logs, metrics, trace

    if os.environ.get("FASTAPI_OTEL_AUTO_CONFIGURE", "").lower() == "true":
        return True
    providers = (trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider())
    return not all(type(provider).__module__.startswith(_OTEL_PACKAGES) for provider in providers)
