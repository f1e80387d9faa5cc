"""What a user's own routes need: the backend of the application they are part of.

@router.get("/my-report/{session_id}")
async def my_report(scenarios: Annotated[ScenarioManager, Depends(get_scenario_manager)]): ...
"""

from __future__ import annotations

from typing import Any

from fastapi import Request

from algomancy_api.backend_calls import calls_of


def get_session_manager(request: Request) -> Any:  # noqa: ANN401 - whichever backend was built in
    """Return the backend: the `SessionManager`, or what was given to `ApiLauncher.build`."""
    return calls_of(request).sessions


async def get_scenario_manager(request: Request, session_id: str) -> Any:  # noqa: ANN401 - whichever backend was built in
    """Return the scenario manager of the session that the path's `{session_id}` names.

    Raises:
        HTTPException: 404, there is no such session.
    """
    return (await calls_of(request).session(session_id)).scenarios
