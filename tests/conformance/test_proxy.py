"""The proxy that puts deviations before somebody's server: without one it cannot be told from the server itself."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from algomancy_conformance.mutants import MUTANTS
from algomancy_conformance.mutants.reference import reference_app
from algomancy_conformance.mutants.wire import Deviant
from algomancy_conformance.options import Options
from algomancy_conformance.outcomes import Outcome
from algomancy_conformance.running.plugin import check_target
from algomancy_conformance.selftest import AppTarget, ProxyTarget, run_selftest_on, try_mutant
from algomancy_conformance.target.proxy import Proxy
from algomancy_conformance.target.serving import ThreadServer


class Behind:
    """An application that answers /early before it has read a body, /pieces in pieces, and else repeats the request.

    Attributes:
        go_on: Lets /pieces send its second piece.
    """

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/early":
            await send({"type": "http.response.start", "status": 413, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body", "body": b"too long"})
            return
        if scope["path"] == "/pieces":
            self.loop = asyncio.get_running_loop()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"x-one", b"1"), (b"x-one", b"2")]})
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
            await self.go_on.wait()
            await send({"type": "http.response.body", "body": b"second"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        kind = dict(scope["headers"]).get(b"transfer-encoding", b"whole")
        raw = scope["raw_path"] + b"?" + scope["query_string"]
        answer = b"|".join([scope["method"].encode(), raw, kind, body])
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


@pytest.fixture
def behind() -> Behind:
    """The application behind the proxy."""
    return Behind()


@pytest.fixture
def url(behind: Behind) -> Iterator[str]:
    """The address of the proxy."""
    server = ThreadServer(behind)
    proxy = ThreadServer(Proxy(server.url))
    yield proxy.url
    proxy.stop()
    server.stop()


def test_proxy_passes_request_and_answer_on(url: str) -> None:
    """Method, raw path, query and body arrive as they were sent, a chunked body as a chunked one."""
    whole = httpx.put(f"{url}/a%2Fb%20c?x=%00&y", content=b"text")
    assert whole.content == b"PUT|/a%2Fb%20c?x=%00&y|whole|text"

    chunked = httpx.post(f"{url}/a", content=iter([b"one", b"two"]))
    assert chunked.content == b"POST|/a?|chunked|onetwo"


def test_proxy_passes_an_early_refusal_on(url: str) -> None:
    """An answer that comes before the request has ended is passed on at once."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1099511627776\r\n\r\nbegin")
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert response.status == 413


def test_proxy_passes_pieces_on_as_they_come(url: str, behind: Behind) -> None:
    """The first piece of a stream arrives before the second one is made, and headers that repeat are all there."""
    with httpx.stream("GET", f"{url}/pieces", timeout=20) as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"first"
        assert response.headers.get_list("x-one") == ["1", "2"]
        assert behind.loop is not None
        behind.loop.call_soon_threadsafe(behind.go_on.set)
        assert b"".join(pieces) == b"second"


CHECKED = ("SES-1", "SES-4", "DAT-5", "ETL-3", "ERR-7", "SCN-3")


def test_verdict_through_the_proxy_is_the_direct_one(reference: AppTarget) -> None:
    """The same clauses have the same outcomes with the proxy in between."""
    options = Options(only=CHECKED, layers=("clauses",), fast="Greedy slotting", seed=1, jobs=1)
    through = ProxyTarget(lambda: Deviant(Proxy(reference.url)))
    try:
        proxied = check_target(through, options)
    finally:
        through.close()
    direct = check_target(reference, options)

    assert [(c.clause.id, c.outcome) for c in proxied.clauses] == [(c.clause.id, c.outcome) for c in direct.clauses]
    assert all(c.outcome is Outcome.PASSED for c in direct.clauses)


@pytest.fixture
def users() -> Iterator[str]:
    """A server of the user's own."""
    server = ThreadServer(reference_app())
    yield server.url
    server.stop()


def index_of(name: str) -> int:
    """Where a mutant stands."""
    return next(i for i, mutant in enumerate(MUTANTS) if mutant.name == name)


def test_deviation_before_a_users_server_is_caught(users: str) -> None:
    """A deviation that shows on the server is caught there; one there is nothing for on it says so."""
    options = Options(seed=1, fast="Greedy slotting")
    caught = try_mutant(index_of("lost copy"), users, options)
    without_origin = try_mutant(index_of("no CORS header on errors"), users, options)

    assert caught.caught
    assert caught.shows
    assert not without_origin.shows


def test_selftest_on_a_server_lists_what_cannot_show(users: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Deviations of clauses that could not be tried on the server are listed with the reason, and do not count."""
    survivors = run_selftest_on(users, Options(seed=1), ["no CORS header on errors"], jobs=1)
    said = capsys.readouterr().out

    assert survivors == 0
    assert "0 caught, 0 survived, 1 cannot show here" in said
    assert "no allowed origin is known" in said
