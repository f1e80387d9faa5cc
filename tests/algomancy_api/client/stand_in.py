"""What stands in for a server with one scenario: its answers, and its stream of events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import respx

from tests.algomancy_api.client.client_faces import URL
from tests.algomancy_api.client.operation_cases import scenario, scenario_status

ID = scenario()["id"]
SCENARIOS = f"{URL}/api/v1/sessions/main/scenarios"


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """What a server sends, piece by piece; an exception breaks it off, a function is called."""

    def __init__(self, *pieces: Any) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece() if callable(piece) else piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


class Server:
    """Stands in for a server with one scenario, which is complete unless a test lists other answers ahead."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.create = router.post(SCENARIOS)
        self.run = router.post(f"{SCENARIOS}/{ID}/run")
        self.status = router.get(f"{SCENARIOS}/{ID}/status")
        self.get = router.get(f"{SCENARIOS}/{ID}")
        self.list = router.get(SCENARIOS)
        self.events = router.get(f"{URL}/api/v1/sessions/main/events")
        self.events.respond(404, json={"detail": "This server does not offer that."})
        self.create.respond(201, json=scenario())
        self.run.respond(202, json=scenario("queued"))
        self.get.respond(json=scenario("complete"))
        self.status.respond(json=scenario_status("complete", 100.0))

    def shows(self, *answers: str | tuple[str, float] | Exception | httpx.Response) -> None:
        """Answer these to the requests for the status, the last one for ever."""
        replies = [self._reply(answer) for answer in answers]
        self.status.mock(side_effect=lambda request: self._next(replies))

    @staticmethod
    def _reply(answer: Any) -> Any:
        if isinstance(answer, str):
            answer = (answer, 100.0 if answer == "complete" else 0.0)
        return httpx.Response(200, json=scenario_status(*answer)) if isinstance(answer, tuple) else answer

    @staticmethod
    def _next(replies: list[Any]) -> httpx.Response:
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    def streams(self, *streams: Any) -> None:
        """Answer these to the requests for events, each a stream or an exception."""
        headers = {"Content-Type": "text/event-stream; charset=utf-8"}
        self.events.mock(
            side_effect=[
                httpx.Response(200, headers=headers, stream=each) if isinstance(each, Stream) else each
                for each in streams
            ]
        )
