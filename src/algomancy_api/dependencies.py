"""What a user's own routes need: the backend of the application they are part of.

@router.get("/my-report/{session_id}")
async def my_report(scenarios: Annotated[ScenarioManager, Depends(get_scenario_manager)]): ...
"""

from __future__ import annotations

from typing import Any

from fastapi import Request

from algomancy_api.backend_calls import calls_of
from algomancy_api.http.gate import path_value


def get_session_manager(request: Request) -> Any:  # noqa: ANN401 - whichever backend was built in
    """Return the backend: the `SessionManager`, or what was given to `ApiLauncher.build`."""
    return request.app.state.session_manager


def resolve_session_id(sm: Any, session_id_or_name: str) -> str | None:  # noqa: ANN401 - any session manager
    """Return the id of the session that an id or a display name stands for, `None` where there is none.

    Args:
        sm: The session manager.
        session_id_or_name: What a caller gave; an id wins where it is another session's name, too (contract SES-9).
    """
    sessions: list[dict[str, str]] = sm.list_sessions()
    known = {each["display_name"]: each["id"] for each in sessions} | {each["id"]: each["id"] for each in sessions}
    return known.get(session_id_or_name)


async def get_scenario_manager(request: Request, session_id: str) -> Any:  # noqa: ANN401 - whichever backend was built in
    """Return the scenario manager of the session that the path's `{session_id}` names.

    Raises:
        HTTPException: 404, there is no such session.
    """
    calls = calls_of(request)
    session = await calls.session(path_value(request.scope, session_id))
    return await calls.look_up(request.app.state.session_manager.get_scenario_manager, session.id)
