"""Nobody gets in by accident: sites, hosts, tokens, policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

NEW = {"display_name": "new"}
SESSIONS = "/api/v1/sessions"
HOST = "testserver"

SITES: dict[str, tuple[dict[str, str], int]] = {
    "no browser": ({}, 201),
    "same origin": ({"Sec-Fetch-Site": "same-origin", "Origin": f"http://{HOST}"}, 201),
    "typed by the person": ({"Sec-Fetch-Site": "none"}, 201),
    "another site": ({"Sec-Fetch-Site": "cross-site", "Origin": "http://evil"}, 403),
    "another port": ({"Sec-Fetch-Site": "same-site", "Origin": f"http://{HOST}:81"}, 403),
    "another site without origin": ({"Sec-Fetch-Site": "cross-site"}, 403),
    "old browser, another site": ({"Origin": "http://evil"}, 403),
    "old browser, no origin to tell": ({"Origin": "null"}, 403),
    "old browser, same origin": ({"Origin": f"https://{HOST.upper()}"}, 201),
    "allowed origin": ({"Sec-Fetch-Site": "cross-site", "Origin": "http://page:3000"}, 201),
    "old browser, allowed origin": ({"Origin": "http://page:3000"}, 201),
    "looks like the allowed origin": ({"Origin": "http://page:3000.evil"}, 403),
}


@pytest.mark.parametrize(("headers", "status"), SITES.values(), ids=SITES)
def test_write_for_another_site_is_refused(
    headers: dict[str, str], status: int, make_client: Callable[..., TestClient]
) -> None:
    """A web page elsewhere cannot change anything unless its origin is allowed; reading is CORS's business."""
    http = make_client(cors_origins=["http://page:3000"])
    assert http.post(SESSIONS, json=NEW, headers=headers).status_code == status
    assert len(http.get(SESSIONS, headers=headers).json()["sessions"]) == (2 if status == 201 else 1)


def test_multipart_of_another_site_is_refused(http: TestClient) -> None:
    """An upload needs no preflight, so it is refused by its origin."""
    answer = http.post(
        f"{SESSIONS}/main/etl",
        data={"dataset_name": "x"},
        files={"files": ("x.csv", b"")},
        headers={"Origin": "http://evil"},
    )
    assert answer.status_code == 403


def test_any_origin_is_allowed_without_credentials(make_client: Callable[..., TestClient]) -> None:
    """`*` lets every page in, but never with its person's cookies."""
    http = make_client(cors_origins=["*"])
    headers = {"Origin": "http://any", "Sec-Fetch-Site": "cross-site"}
    answer = http.post(SESSIONS, json=NEW, headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, "*")
    assert "access-control-allow-credentials" not in answer.headers


def test_pages_may_read_the_headers_they_need(make_client: Callable[..., TestClient]) -> None:
    """Location, ETag and Link are exposed; a preflight allows what the API takes."""
    http = make_client(cors_origins=["http://page"])
    exposed = http.get(SESSIONS, headers={"Origin": "http://page"}).headers["access-control-expose-headers"]
    assert set(exposed.split(", ")) == {"Location", "ETag", "Link", "Allow", "Preference-Applied", "WWW-Authenticate"}
    preflight = http.options(
        SESSIONS,
        headers={
            "Origin": "http://page",
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization, content-type, if-none-match",
        },
    )
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert "PATCH" in preflight.headers["access-control-allow-methods"]


TRACING = ("traceparent", "tracestate", "sentry-trace", "baggage")
PREFLIGHTS: dict[str, tuple[dict[str, list[str]], str, str, bool]] = {
    # settings, method and header asked for, whether they pass
    "HEAD, asked of every GET route": ({"cors_origins": ["http://Page/"]}, "HEAD", "authorization", True),
    "PUT, of a user's route": ({"cors_origins": ["http://Page/"]}, "PUT", "authorization", True),
    "own header": ({"cors_origins": ["http://page"]}, "GET", "X-Tenant", False),
    "own header, listed": ({"cors_origins": ["http://page"], "cors_headers": ["x-tenant"]}, "GET", "X-Tenant", True),
    "own header, all listed": ({"cors_origins": ["http://page"], "cors_headers": ["*"]}, "GET", "X-Tenant", True),
    "own header, any origin": ({"cors_origins": ["*"]}, "POST", "X-Tenant", True),
    **{
        f"{header}, of a browser's tools": ({"cors_origins": ["http://page"]}, "POST", header, True)
        for header in (*TRACING, "X-Request-ID", "X-Requested-With", "Cache-Control")
    },
}


@pytest.mark.parametrize(("settings", "method", "header", "passes"), PREFLIGHTS.values(), ids=PREFLIGHTS)
def test_preflight_allows_what_a_page_may_send(
    settings: dict[str, list[str]], method: str, header: str, passes: bool, make_client: Callable[..., TestClient]
) -> None:
    """Usual headers and those of tracing pass, others where they are configured; origins are as people copy them."""
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": header}
    preflight = make_client(**settings).options(SESSIONS, headers={"Origin": "http://page", **asked})
    assert preflight.status_code == (204 if passes else 400)
    if passes:
        assert preflight.headers["access-control-allow-origin"] in ("http://page", *settings["cors_origins"])
        assert header.lower() in preflight.headers["access-control-allow-headers"].lower()


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "origin": ({"Origin": "http://evil", "Access-Control-Request-Method": "POST"}, "origin"),
    "method": ({"Origin": "http://page", "Access-Control-Request-Method": "TRACE"}, "method"),
    "header": (
        {"Origin": "http://page", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-own"},
        "headers",
    ),
}


@pytest.mark.parametrize(("headers", "fault"), REFUSED.values(), ids=REFUSED)
def test_refused_preflight_has_the_shape_of_every_error(
    headers: dict[str, str], fault: str, make_client: Callable[..., TestClient]
) -> None:
    """It says what is not allowed, in JSON (contract GEN-1)."""
    refused = make_client(cors_origins=["http://page"]).options(SESSIONS, headers=headers)
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/json"
    origin = headers["Origin"]
    assert refused.json() == {
        "detail": f"A cross-origin request from '{origin}' is not allowed: its {fault}. "
        "The settings cors_origins and cors_headers say what is."
    }


HOSTS: dict[str, tuple[list[str] | None, str, int]] = {
    "any by default": (None, "anything.example", 200),
    "listed": (["plan.example"], "plan.example", 200),
    "listed, with port": (["plan.example"], "PLAN.example:8051", 200),
    "foreign": (["plan.example"], "evil.example", 400),
    "suffix": (["plan.example"], "evil-plan.example", 400),
    "subdomain": (["*.example"], "plan.example", 200),
    "no subdomain": (["*.example"], "example", 400),
    "all": (["*"], "evil", 200),
    "IPv6": (["::1"], "[::1]:8051", 200),
    "IPv6 foreign": (["::1"], "[::2]", 400),
}


@pytest.mark.parametrize(("allowed", "host", "status"), HOSTS.values(), ids=HOSTS)
def test_foreign_host_is_refused(
    allowed: list[str] | None, host: str, status: int, make_client: Callable[..., TestClient]
) -> None:
    """With `allowed_hosts`, a request for another host's name is a 400, on every path."""
    http = make_client(allowed_hosts=allowed)
    for path in ("/health", SESSIONS, "/docs", "/nowhere"):
        answer = http.get(path, headers={"Host": host})
        assert answer.status_code == (404 if path == "/nowhere" and status == 200 else status), path


@pytest.mark.parametrize(("version", "status"), [("1.0", 200), ("1.1", 400)])
def test_request_without_a_host_is_answered_where_http_allows_it(
    version: str, status: int, make_app: Callable[..., FastAPI]
) -> None:
    """The probe of a load balancer may speak HTTP/1.0, which knows no `Host`; later versions demand one."""
    app = make_app(allowed_hosts=["localhost"])
    sent: list[dict[str, Any]] = []

    async def ask() -> None:
        scope = {"type": "http", "http_version": version, "method": "GET", "scheme": "http", "path": "/health"}
        nothing: dict[str, Any] = {"query_string": b"", "root_path": "", "headers": [], "server": None, "client": None}
        await app(scope | nothing, receive, send)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(ask)
    assert sent[0]["status"] == status


@pytest.mark.parametrize("path", ["/health", "/api/v1/health", "/docs", "/openapi.json", "/docs-assets/favicon.png"])
def test_open_page_needs_no_token(path: str, make_client: Callable[..., TestClient]) -> None:
    """Probes, documentation and schema stay open."""
    assert make_client(api_token="s3cret").get(path).status_code == 200


TOKENS: dict[str, tuple[str | None, int]] = {
    "none": (None, 401),
    "wrong": ("Bearer s3creT", 401),
    "longer": ("Bearer s3cret2", 401),
    "not bearer": ("Basic s3cret", 401),
    "alone": ("s3cret", 401),
    "not ASCII": ("Bearer s3cr\u00e9t", 401),
    "right": ("Bearer s3cret", 200),
    "right, lower case": ("bearer s3cret", 200),
}


@pytest.mark.parametrize(("authorization", "status"), TOKENS.values(), ids=TOKENS)
def test_token_is_wanted(authorization: str | None, status: int, make_client: Callable[..., TestClient]) -> None:
    """With `api_token` set, everything else wants it, and the refusal does not repeat what was sent."""
    http = make_client(api_token="s3cret")
    headers = {} if authorization is None else {b"Authorization": authorization.encode("latin-1")}
    answer = http.get(SESSIONS, headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json() == {"detail": "This server wants a bearer token: send 'Authorization: Bearer <token>'."}
        assert http.get("/nowhere", headers=headers).status_code == 401


def test_token_cannot_be_dodged_by_spelling(make_client: Callable[..., TestClient]) -> None:
    """No path that leads to a route passes for an open one."""
    http = make_client(api_token="s3cret")
    for path in ("/docs-assets/..%2fapi/v1/sessions", "/docs-assets/%2e%2e/api/v1/sessions", "/health/", "/.//health"):
        assert http.get(path).status_code in (401, 404), path
    assert http.post("/health").status_code == 401


def test_sessions_cannot_be_made_where_policy_forbids(make_client: Callable[..., TestClient]) -> None:
    """`allow_session_create=False` refuses create and copy, and nothing else."""
    http = make_client(allow_session_create=False)
    for path, body in ((SESSIONS, NEW), (f"{SESSIONS}/main/copy", {"new_display_name": "new"})):
        answer = http.post(path, json=body)
        assert (answer.status_code, answer.json()) == (403, {"detail": "This server does not allow new sessions."})
    assert http.patch(f"{SESSIONS}/main", json=NEW).status_code == 200


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        ({}, False),
        ({"Authorization": "Bearer secret"}, True),
        ({"Authorization": "Bearer secret", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Authorization": "Bearer secret", "Origin": "https://evil.example"}, False),
        ({"Authorization": "Bearer secret", "Host": "evil.example"}, False),
    ],
    ids=["no token", "token", "cross-site", "foreign origin", "foreign host"],
)
def test_web_socket_of_a_user_is_let_in_as_a_request_is(
    make_app: Callable[..., FastAPI], headers: dict[str, str], let_in: bool
) -> None:
    """A web socket that a user adds is open to whoever may change things, and to nobody else."""
    app = make_app(api_token="secret", allowed_hosts=["testserver"])

    @app.websocket("/watch")
    async def watch(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    client = TestClient(app)
    if let_in:
        with client.websocket_connect("/watch", headers=headers) as socket:
            assert socket.receive_text() == "hello"
    else:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/watch", headers=headers):
            pass


def test_private_network_is_open_to_listed_origins(make_client: Callable[..., TestClient]) -> None:
    """A public page may ask a server at home, when its origin is listed."""
    asked = {
        "Origin": "http://page",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = make_client(cors_origins=["http://page"]).options(SESSIONS, headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-private-network"]) == (204, "true")


def test_refused_origin_is_told_with_the_setting(make_client: Callable[..., TestClient]) -> None:
    """Whoever reads the 403 knows what to add where."""
    refused = make_client().post(SESSIONS, json={"display_name": "x"}, headers={"Origin": "http://page"})
    assert refused.status_code == 403
    assert "'http://page'" in refused.json()["detail"]
    assert "cors_origins" in refused.json()["detail"]
