"""Building an application, and what running it adds."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.testclient import TestClient

from algomancy_api import ApiConfiguration, ApiLauncher
from algomancy_api.dependencies import get_scenario_manager, get_session_manager
from algomancy_api.example import build_example_config
from algomancy_api.http.gate import is_loopback
from algomancy_data.reading.offload import WORKER
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.sessionmanager import SessionManager


def test_configuration_may_be_a_core_config_or_a_dict(make_configuration: Callable[..., Any], backend: Any) -> None:
    """What a configuration does not say gets the default."""
    config: ApiConfiguration = make_configuration(title="Depot")
    core = CoreConfig(**{name: value for name, value in config.as_dict().items() if name in CoreConfig.__annotations__})
    for given in (config, core, config.as_dict()):
        built = ApiLauncher.build(given, session_manager=backend)
        assert built.state.config == config
        assert built.state.session_manager is backend
        assert isinstance(built, FastAPI)


@pytest.mark.parametrize("given", [None, "config", 1, object], ids=["nothing", "text", "number", "class"])
def test_anything_else_is_no_configuration(given: Any) -> None:
    """A `TypeError` says what a configuration may be."""
    with pytest.raises(TypeError, match="must be an ApiConfiguration"):
        ApiLauncher.build(given)
    with pytest.raises(TypeError, match="must be an ApiConfiguration"):
        ApiLauncher.run(given)


def test_stopping_ends_what_the_backend_started(nonblocking: tuple[Any, TestClient]) -> None:
    """Whoever made the backend, no process of it outlives the application."""
    backend, http = nonblocking
    with http:
        assert http.get("/health").status_code == 200
        assert backend.ended == 0
    assert backend.ended == 1


def test_stopping_ends_the_process_that_reads_files() -> None:
    """The reference backend's parsing worker ends with the application."""
    with TestClient(ApiLauncher.build(build_example_config())):
        WORKER.run(abs, 1)
        assert WORKER.process_ids()
    assert WORKER.process_ids() == []


def test_foreign_application_cannot_be_run() -> None:
    """`run` takes what `build` made."""
    with pytest.raises(TypeError, match=re.escape("ApiLauncher.build")):
        ApiLauncher.run(FastAPI())


def test_backend_given_is_left_open(make_app: Callable[..., FastAPI], backend: Any) -> None:
    """Whoever made the backend closes it."""
    with TestClient(make_app()) as http:
        assert http.get("/health").status_code == 200
    assert backend.closed == 0


def test_backend_made_is_closed(
    make_configuration: Callable[..., Any], backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application closes the backend that it made itself, when it shuts down."""
    monkeypatch.setattr(SessionManager, "from_config", lambda config: backend)
    with TestClient(ApiLauncher.build(make_configuration())) as http:
        assert http.get("/health").status_code == 200
        assert backend.closed == 0
    assert backend.closed == 1


def test_backend_that_does_not_close_is_left(
    make_configuration: Callable[..., Any],
    backend: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Stopping does not wait for a backend that hangs."""
    import threading

    go_on = threading.Event()
    backend.close = lambda: go_on.wait(60)
    monkeypatch.setattr(SessionManager, "from_config", lambda config: backend)
    app = ApiLauncher.build(make_configuration())
    app.state.backend_calls.close_seconds = 0.01
    with caplog.at_level(logging.WARNING, "algomancy_api"), TestClient(app):
        pass
    go_on.set()
    assert "did not close" in caplog.text


def test_users_routes_get_the_backend(make_app: Callable[..., FastAPI], backend: Any) -> None:
    """The dependencies hand out the backend and a session's part of it, and a 404 for a session unknown."""
    router = APIRouter()

    @router.get("/own/{session_id}")
    def own(sessions: Any = Depends(get_session_manager), scenarios: Any = Depends(get_scenario_manager)) -> list[bool]:  # noqa: B008
        return [sessions is backend, scenarios is backend.main]

    app = make_app()
    app.include_router(router)
    http = TestClient(app)
    assert http.get("/own/main").json() == [True, True]
    assert http.get("/own/none").json() == {"detail": "Session 'none' does not exist."}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What `run` would have served."""
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "algomancy_api.api_launcher.serve",
        lambda app, host, port, *, exit_grace_seconds: calls.append((app, host, port, exit_grace_seconds)),
    )
    return calls


def test_run_takes_address_from_call_or_configuration(make_app: Callable[..., FastAPI], served: Any) -> None:
    """Host and port of the call win."""
    app = make_app(host="::1", port=1234)
    ApiLauncher.run(app)
    ApiLauncher.run(app, host="127.0.0.2", port=0, exit_grace_seconds=1)
    assert served == [(app, "::1", 1234, None), (app, "127.0.0.2", 0, 1)]


def test_run_builds_a_configuration(
    make_configuration: Callable[..., Any], backend: Any, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configuration may be run as it is."""
    monkeypatch.setattr(SessionManager, "from_config", lambda config: backend)
    config = make_configuration()
    ApiLauncher.run(config)
    ((app, host, port, _),) = served
    assert (app.state.config, host, port) == (config, "127.0.0.1", 8051)


def test_run_on_loopback_answers_for_this_machine_only(make_app: Callable[..., FastAPI], served: Any) -> None:
    """A page that points its own name here is refused; the document stays as it is."""
    app = make_app()
    http = TestClient(app)
    before = app.openapi()
    assert http.get("/health", headers={"Host": "evil.example"}).status_code == 200
    ApiLauncher.run(app, port=0)
    assert http.get("/health", headers={"Host": "evil.example"}).status_code == 400
    for host in ("127.0.0.1:8051", "localhost", "[::1]:80"):
        assert http.get("/health", headers={"Host": host}).status_code == 200
    assert app.openapi() == before


def test_run_keeps_the_hosts_configured(make_app: Callable[..., FastAPI], served: Any) -> None:
    """`allowed_hosts` is not widened."""
    app = make_app(allowed_hosts=["plan.example"])
    ApiLauncher.run(app)
    assert TestClient(app).get("/health", headers={"Host": "localhost"}).status_code == 400


@pytest.mark.parametrize(("token", "warned"), [(None, True), ("t", False)])
def test_run_for_other_machines_warns_without_token(
    token: str | None,
    warned: bool,
    make_app: Callable[..., FastAPI],
    served: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An address that others can reach wants a token."""
    app = make_app(api_token=token)
    with caplog.at_level(logging.WARNING, "algomancy_api"):
        ApiLauncher.run(app, host="0.0.0.0")
    assert ("api_token" in caplog.text) is warned
    assert TestClient(app).get("/health", headers={"Host": "any.example"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")),
        *((host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "plan.example")),
    ],
)
def test_loopback_addresses_are_known(host: str, loopback: bool) -> None:
    """Only addresses of this machine count."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(("trusted", "scheme"), [(None, "http"), (["10.0.0.1"], "http"), ("*", "https")], ids=repr)
def test_proxies_are_believed_under_any_server(trusted: Any, scheme: str, make_app: Callable[..., FastAPI]) -> None:
    """The application itself reads `X-Forwarded-Proto`, of those who may send it."""
    app = make_app(forwarded_allow_ips=trusted)

    @app.get("/scheme")
    def told(request: Request) -> str:
        return str(request.url.scheme)

    assert TestClient(app).get("/scheme", headers={"X-Forwarded-Proto": "https"}).json() == scheme
