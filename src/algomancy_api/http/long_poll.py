"""Long polling: a conditional request that is answered when there is something new (contract SCN-22, RFC 7240)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from algomancy_api.http.replies import conditional_reply
from algomancy_api.http.waiting import Listener, Waiter

MAX_SECONDS = 60
"""How long a request may wait at most."""

DOCUMENTED_PARAMETERS: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-None-Match",
            "in": "header",
            "description": "The `ETag` of the last reply: what it names need not be sent again.",
            "schema": {"type": "string"},
        },
        {
            "name": "Prefer",
            "in": "header",
            "description": f"`wait=N`, with `If-None-Match`: answer when there is something new, else after N seconds, "
            f"{MAX_SECONDS} at most (RFC 7240). A server that cannot do that answers at once, without "
            "`Preference-Applied`.",
            "schema": {"type": "string"},
        },
    ]
}
"""What the document says of an operation that can wait."""

PREFERENCE_APPLIED = {"Preference-Applied": "`wait=N` when `Prefer` asked for that: how long was waited at most."}

_PREFERENCE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')


def preferred_wait(request: Request) -> int | None:
    """Return for how many seconds a request would wait, `None` when it says nothing sensible of that.

    Preferences that are unknown or wrong are ignored, and the first counts of several of one name (RFC 7240).
    """
    lines = [value for name, value in request.scope["headers"] if name == b"prefer"]
    if not lines:
        return None
    for preference in _PREFERENCE.findall(b",".join(lines).decode("latin-1")):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            seconds = value.strip()
            if seconds[:1] == seconds[-1:] == '"':
                seconds = seconds[1:-1]
            return int(min(float(seconds), MAX_SECONDS)) if seconds.isascii() and seconds.isdigit() else None
    return None


async def reply_on_change(
    request: Request,
    seconds: int,
    listen: Callable[[Callable[[], None]], Awaitable[Listener]],
    read: Callable[[], Awaitable[bytes]],
) -> Response:
    """Answer when the body is another than the client has, else 304 after a while.

    Where the backend tells of no changes, the answer comes at once and says nothing of waiting.

    Args:
        request: The request.
        seconds: How long to wait at most.
        listen: Makes a listener, given what wakes it.
        read: Gives the body as it is now.

    Raises:
        HTTPException: What there was to read is gone.
    """
    waiter = Waiter(request.app.state.waiters)
    try:
        listener = await listen(waiter.wake)
    except HTTPException:
        return await conditional_reply(request, await read())
    until = asyncio.get_running_loop().time() + seconds
    try:
        with waiter.watching(request.receive):
            while True:
                _, pause, _ = listener.take()
                response = await conditional_reply(request, await read(), {"Preference-Applied": f"wait={seconds}"})
                left = until - asyncio.get_running_loop().time()
                if response.status_code != 304 or left <= 0 or waiter.is_over:
                    return response
                await waiter.wait(left if pause is None else min(left, pause))
    finally:
        listener.close()
