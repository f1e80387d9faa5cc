"""The operations on sessions: the server's sign of life, the sessions, and the algorithms and KPIs that one offers."""

from __future__ import annotations

from algomancy_api.client.flow import Api, Call, Flow, read
from algomancy_api.schemas import AlgorithmList, Health, KpiList, ParameterList, Session, SessionList


def get_health(api: Api) -> Flow[Health]:
    """The server's sign of life: its title and sessions."""
    return api.fetch(Call("GET", "/health"), Health)


def list_sessions(api: Api) -> Flow[SessionList]:
    """All sessions of the server, and which of them to start with."""
    return api.fetch(Call("GET", api.path("sessions")), SessionList)


def get_session(api: Api, session: str) -> Flow[Session]:
    """One session by its id or name (an optional operation).

    Raises:
        NotFound: there is no such session, or the server does not offer this.
    """
    return api.fetch(Call("GET", api.path("sessions", session)), Session)


def create_session(api: Api, display_name: str) -> Flow[SessionList]:
    """Make a session, empty of data and scenarios; gives all sessions.

    Raises:
        Conflict: the name is taken.
        Forbidden: this server's sessions are fixed.
    """
    return api.fetch(Call("POST", api.path("sessions"), {"display_name": display_name}), SessionList)


def copy_session(api: Api, session: str, new_display_name: str) -> Flow[SessionList]:
    """Copy a session with its datasets under a new name; gives all sessions.

    Raises:
        NotFound: there is no such session.
        Conflict: the new name is taken.
    """
    call = Call("POST", api.path("sessions", session, "copy"), {"new_display_name": new_display_name})
    return api.fetch(call, SessionList)


def rename_session(api: Api, session: str, display_name: str) -> Flow[Session]:
    """Give a session another name; its id stays.

    Raises:
        NotFound: there is no such session.
        Conflict: another session has that name.
    """
    return api.fetch(Call("PATCH", api.path("sessions", session), {"display_name": display_name}), Session)


def delete_session(api: Api, session: str) -> Flow[SessionList]:
    """Delete a session with all its data and scenarios; gives the sessions left, a fresh `"main"` in place of the last.

    Raises:
        NotFound: there is no such session.
    """
    response = yield from api.send(Call("DELETE", api.path("sessions", session)))
    if not response.is_success:  # an earlier attempt deleted it, and its answer was lost
        return (yield from list_sessions(api))
    return read(SessionList, response)


def list_algorithms(api: Api) -> Flow[AlgorithmList]:
    """The names of the algorithms a scenario may run."""
    return api.fetch(Call("GET", api.session_path("algorithms")), AlgorithmList)


def get_algorithm_parameters(api: Api, algorithm_name: str) -> Flow[ParameterList]:
    """The parameters of an algorithm: types, bounds, choices and the values used when none are given.

    Raises:
        NotFound: there is no such algorithm.
    """
    return api.fetch(Call("GET", api.session_path("algorithms", algorithm_name, "parameters")), ParameterList)


def list_kpis(api: Api) -> Flow[KpiList]:
    """The names of the KPIs each scenario is measured by."""
    return api.fetch(Call("GET", api.session_path("kpis")), KpiList)
