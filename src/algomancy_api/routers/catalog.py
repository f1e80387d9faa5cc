"""What a scenario can be made of: algorithms with their parameters (contract ALG), and KPIs (contract KPI)."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from algomancy_api.backend_calls import calls_of
from algomancy_api.document.operation import AlgorithmName, Operations, SessionId
from algomancy_api.errors import REFUSED_BY_PROJECT, UNEXPECTED, UNKNOWN_ALGORITHM, UNKNOWN_SESSION
from algomancy_api.http.json_text import encode_json
from algomancy_api.http.replies import JsonReply, reply
from algomancy_api.parameter_describer import describe_parameter_set
from algomancy_api.schemas import AlgorithmList, KpiList, ParameterList

algorithms = Operations("Algorithms", "What a scenario can run, and the parameters each algorithm takes.")
kpis = Operations("KPIs", "What the result of a scenario is measured by.")


@algorithms.operation("GET", "/sessions/{session_id}/algorithms", AlgorithmList, UNKNOWN_SESSION)
async def list_algorithms(request: Request, session_id: SessionId) -> Response:
    """List the algorithms.

    Their names are what `algo_name` takes when a scenario is created.
    """
    session = await calls_of(request).session(session_id)
    names = await calls_of(request).look_up(lambda: list(session.scenarios.available_algorithms))
    return JsonReply(encode_json({"algorithms": names}))


@algorithms.operation(
    "GET",
    "/sessions/{session_id}/algorithms/{algorithm_name}/parameters",
    ParameterList,
    UNKNOWN_SESSION,
    UNKNOWN_ALGORITHM,
    REFUSED_BY_PROJECT,
    UNEXPECTED,
)
async def get_algorithm_parameters(request: Request, session_id: SessionId, algorithm_name: AlgorithmName) -> Response:
    """Describe the parameters of an algorithm.

    One descriptor per parameter, told apart by `type`. A scenario created with exactly the described values is
    accepted.
    """
    session = await calls_of(request).session(session_id)

    def describe() -> list[dict[str, Any]]:
        return describe_parameter_set(session.scenarios.get_algorithm_parameters(algorithm_name))

    descriptors = await calls_of(request).write(describe)
    return await reply(request, encode_json({"name": algorithm_name, "parameters": descriptors}))


@kpis.operation("GET", "/sessions/{session_id}/kpis", KpiList, UNKNOWN_SESSION)
async def list_kpis(request: Request, session_id: SessionId) -> Response:
    """List the KPIs.

    Their names are the keys of every scenario's `kpis`.
    """
    session = await calls_of(request).session(session_id)
    names = await calls_of(request).look_up(lambda: list(session.scenarios.available_kpis))
    return JsonReply(encode_json({"kpis": names}))
