"""Both faces of the client behind one, time that passes only when they sleep, and a network that remembers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from algomancy_api.client import AlgomancyClient, AsyncAlgomancyClient

URL = "http://backend.test"


@dataclass
class FakeTime:
    """A clock that stands still between sleeps."""

    now: float = 1000.0
    naps: list[float] = field(default_factory=list)
    on_sleep: Callable[[float], None] = lambda now: None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        self.on_sleep(self.now)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


class Face:
    """A client of either kind whose methods are called the same way."""

    def __init__(self, client: AlgomancyClient | AsyncAlgomancyClient, runner: asyncio.Runner) -> None:
        self.client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = getattr(self.client, name)(*args, **kwargs)
            return self._runner.run(result) if inspect.iscoroutine(result) else result

        return call


class Recorder(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The network, for either face, with a memory."""

    def __init__(self) -> None:
        self._blocking, self._async = httpx.HTTPTransport(verify=False), httpx.AsyncHTTPTransport(verify=False)
        self.exchanges: list[tuple[httpx.Request, httpx.Response]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self._blocking.handle_request(request)
        response.read()
        self.exchanges.append((request, response))
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        response = await self._async.handle_async_request(request)
        await response.aread()
        self.exchanges.append((request, response))
        return response

    def close(self) -> None:
        self._blocking.close()

    async def aclose(self) -> None:
        await self._async.aclose()
