"""About the server itself (contract MET)."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from algomancy_api.backend_calls import calls_of
from algomancy_api.document.operation import Operations
from algomancy_api.http.json_text import encode_json
from algomancy_api.http.replies import reply
from algomancy_api.schemas import Health

operations = Operations("Meta", "About the server itself.")


@operations.operation("GET", "/health", Health)
async def get_health(request: Request) -> Response:
    """Tell whether the server is alive.

    Meant for liveness probes; needs no token.
    """
    calls = calls_of(request)
    sessions = await calls.look_up(calls.sessions.list_sessions)
    health = {"status": "ok", "title": request.app.state.config.title, "sessions": sessions}
    return await reply(request, encode_json(health))
