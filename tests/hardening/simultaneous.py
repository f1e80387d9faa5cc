"""Many requests at the same moment, each on a connection of its own that is open already."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlsplit

Request = tuple[str, str, dict[str, Any] | None]


def at_once(base: str, rounds: Iterable[list[Request]]) -> list[Counter[int]]:
    """Send each round's requests simultaneously and count the statuses of the answers.

    Args:
        base: The URL that the requests' paths are appended to.
        rounds: Lists of method, path and JSON body; the next list is asked for when the last one is answered.
    """
    return asyncio.run(_play(base, rounds))


async def _play(base: str, rounds: Iterable[list[Request]]) -> list[Counter[int]]:
    url = urlsplit(base)
    connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    outcomes = []
    try:
        for requests in rounds:
            while len(connections) < len(requests):
                connections.append(await asyncio.open_connection(url.hostname, url.port))
            for (_, writer), request in zip(connections, requests, strict=False):
                writer.write(_encoded(url.netloc, url.path, *request))
            readers = [reader for reader, _ in connections[: len(requests)]]
            outcomes.append(Counter(await asyncio.gather(*map(_status, readers))))
    finally:
        for _, writer in connections:
            writer.close()
    return outcomes


def _encoded(host: str, base: str, method: str, path: str, body: dict[str, Any] | None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {quote(base + path)} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(content) + content


async def _status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if "content-length:" in head:
        await reader.readexactly(int(head.split("content-length:")[1].split("\r\n")[0]))
    return int(head.split()[1])
