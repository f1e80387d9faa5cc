"""Both faces of the client, as fixtures. The tests import what they share from this folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import respx

from algomancy_api.client import AlgomancyClient, AsyncAlgomancyClient
from tests.algomancy_api.client.client_faces import URL, Face, FakeTime
from tests.algomancy_api.client.stand_in import Server


@pytest.fixture
def fake_time() -> FakeTime:
    """The time both faces live in."""
    return FakeTime()


@pytest.fixture(params=["blocking", "asyncio"])
def make_face(request: pytest.FixtureRequest, fake_time: FakeTime) -> Iterator[Callable[..., Face]]:
    """Makes faces of one kind; they sleep in fake time unless told otherwise."""
    faces = []
    with asyncio.Runner() as runner:

        def make(url: str = URL, *, real_time: bool = False, **settings: Any) -> Face:
            # Nothing here is encrypted, and reading certificates would take most of each test's time.
            kind: Any = AlgomancyClient
            defaults: dict[str, Any] = {
                "sleep": fake_time.sleep,
                "clock": fake_time.clock,
                "transport": httpx.HTTPTransport(verify=False),
            }
            if request.param == "asyncio":
                kind = AsyncAlgomancyClient
                defaults |= {"sleep": fake_time.sleep_async, "transport": httpx.AsyncHTTPTransport(verify=False)}
            if real_time:
                del defaults["sleep"], defaults["clock"]
            face = Face(kind(url, **(defaults | settings)), runner)
            faces.append(face)
            return face

        yield make
        for face in faces:
            face.close()


@pytest.fixture
def face(make_face: Callable[..., Face]) -> Face:
    """A client of a server that respx stands in for."""
    return make_face()


@pytest.fixture
def server() -> Iterator[Server]:
    """What stands in for a server with one scenario."""
    with respx.mock(assert_all_called=False) as router:
        yield Server(router)
