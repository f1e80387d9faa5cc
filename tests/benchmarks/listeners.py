"""Many listeners to events, in a process of their own: `python listeners.py COUNT URL...`.

Each of the URLs of events gets its share. `ready` is printed when all have had their snapshot; when the input ends,
the moment at which each of them heard of each end, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from urllib.parse import urlsplit


async def listen(url: str, ready: asyncio.Semaphore, heard: dict[str, list[float]]) -> None:
    """Note when a scenario is complete."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    with contextlib.suppress(asyncio.IncompleteReadError):
        while event := await reader.readuntil(b"\n\n"):
            if b"event: snapshot" in event:
                ready.release()
            elif b'"complete"' in event:
                status = json.loads(event.partition(b"data: ")[2])
                heard.setdefault(status["id"], []).append(time.time())


async def main() -> None:
    """Listen until the input ends."""
    count, urls = int(sys.argv[1]), sys.argv[2:]
    heard: dict[str, list[float]] = {}
    ready = asyncio.Semaphore(0)
    listening = []
    for number in range(count):
        listening.append(asyncio.create_task(listen(urls[number % len(urls)], ready, heard)))
        await asyncio.wait_for(ready.acquire(), 20)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in listening:
        task.cancel()
    print(json.dumps(heard), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
