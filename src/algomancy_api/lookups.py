"""Finding what a request names, whatever backend holds it; what is not there is a `NotFoundError`."""

from __future__ import annotations

from algomancy_api.backend import ScenarioBackend, ScenarioLike, SessionBackend, optional_member
from algomancy_utils.errors import NotFoundError, PreconditionError
from algomancy_utils.typed_parameter import shown


def resolve_session(sessions: SessionBackend, session_id: str) -> str:
    """Return the id of the session with this id or, second, this display name (contract SES-9).

    Raises:
        NotFoundError: There is none.
    """
    resolve_id = optional_member(sessions, "resolve_id")
    if resolve_id is not None:
        return str(resolve_id(session_id))
    listed = sessions.list_sessions()
    for member in ("id", "display_name"):
        for session in listed:
            if session[member] == session_id:
                return session["id"]
    raise NotFoundError(f"Session {shown(session_id)} does not exist.")


def find_scenario(scenarios: ScenarioBackend, scenario_id: str, *, listed_first: bool = False) -> ScenarioLike:
    """Return a scenario.

    Args:
        scenarios: The session's backend.
        scenario_id: Id of the scenario.
        listed_first: Whether to look at the list of ids first, for a backend whose `get_by_id` may raise anything.

    Raises:
        NotFoundError: There is none.
    """
    known = not listed_first or scenario_id in scenarios.list_ids()
    scenario = scenarios.get_by_id(scenario_id) if known else None
    if scenario is None:
        raise NotFoundError(f"Scenario {shown(scenario_id)} does not exist.")
    return scenario


def require_algorithm(scenarios: ScenarioBackend, name: str) -> None:
    """Raise `NotFoundError` unless there is an algorithm of this name."""
    if name not in scenarios.available_algorithms:
        raise NotFoundError(f"Algorithm {shown(name)} does not exist.")


def require_dataset(scenarios: ScenarioBackend, key: str) -> None:
    """Raise `NotFoundError` unless there is a dataset with this key."""
    if key not in scenarios.get_data_keys():
        raise NotFoundError(f"Dataset {shown(key)} does not exist.")


def require_free_tag(scenarios: ScenarioBackend, tag: str) -> None:
    """Raise `PreconditionError` if a scenario has this tag."""
    if tag in scenarios.list_tags():
        raise PreconditionError(f"Tag {shown(tag)} is already used by a scenario of this session.")


def require_free_key(scenarios: ScenarioBackend, key: str) -> None:
    """Raise `PreconditionError` if a dataset has this key."""
    if key in scenarios.get_data_keys():
        raise PreconditionError(f"A dataset with the key {shown(key)} exists already.")


def require_free_name(sessions: SessionBackend, name: str, *, except_for: str | None = None) -> None:
    """Raise `PreconditionError` if a session, other than the one with the id `except_for`, has this name."""
    if any(each["display_name"] == name and each["id"] != except_for for each in sessions.list_sessions()):
        raise PreconditionError(f"A session named {shown(name)} exists already.")
