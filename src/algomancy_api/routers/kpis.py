"""KPIs (contract KPI)."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from algomancy_api.backend_calls import calls_of
from algomancy_api.errors import UNKNOWN_SESSION
from algomancy_api.operation import Operations
from algomancy_api.replies import JsonReply
from algomancy_api.routers.paths import SessionId
from algomancy_api.schemas import KpiList
from algomancy_data.encoding import encode_json

operations = Operations("KPIs", "What the result of a scenario is measured by.")


@operations.operation("GET", "/sessions/{session_id}/kpis", KpiList, UNKNOWN_SESSION)
async def list_kpis(request: Request, session_id: SessionId) -> Response:
    """List the KPIs.

    Their names are the keys of every scenario's `kpis`.
    """
    session = await calls_of(request).session(session_id)
    names = await calls_of(request).look_up(lambda: list(session.scenarios.available_kpis))
    return JsonReply(encode_json({"kpis": names}))
