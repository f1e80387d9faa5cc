"""The operations on scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from algomancy_api.client.exceptions import InvalidParameter
from algomancy_api.client.flow import Api, Call, Flow, read
from algomancy_api.schemas import RunCounts, Scenario, ScenarioStatus, ScenarioSummary

AnyScenario: TypeAlias = ScenarioSummary | ScenarioStatus | str
"""A scenario: anything that tells its id, or the id itself."""


def scenario_id(scenario: AnyScenario) -> str:
    """The id of what stands for a scenario."""
    return scenario if isinstance(scenario, str) else scenario.id


def scenario_call(api: Api, method: str, scenario: AnyScenario, *action: str) -> Call:
    """The request on one scenario."""
    return Call(method, api.session_path("scenarios", scenario_id(scenario), *action))


def list_scenarios(api: Api) -> Flow[list[Scenario]]:
    """All scenarios of the session with their results, oldest first."""
    return api.fetch(Call("GET", api.session_path("scenarios")), list[Scenario])


def list_scenario_summaries(api: Api) -> Flow[list[ScenarioSummary]]:
    """All scenarios of the session, oldest first, without their results where the server can leave them out."""
    return api.fetch(Call("GET", api.session_path("scenarios"), query={"view": "summary"}), list[ScenarioSummary])


def create_scenario(  # noqa: D417 - callers see a method, without `api`
    api: Api,
    tag: str,
    dataset_key: str,
    algo_name: str,
    algo_params: Mapping[str, Any] | None = None,
    data_params: Mapping[str, Any] | None = None,
) -> Flow[Scenario]:
    """Make a scenario; it does not run yet, unless the server is set to run at once.

    Args:
        tag: name of the scenario, new within the session.
        dataset_key: key of the dataset to read.
        algo_name: name of the algorithm to run.
        algo_params: values of the algorithm's parameters by name; those left out take their described value. Moments
            may be `datetime` objects.
        data_params: the same for the dataset's own parameters.

    Raises:
        NotFound: unknown algorithm or dataset.
        Conflict: the tag is taken.
        InvalidParameter: a parameter does not pass validation.
    """
    body: dict[str, Any] = {"tag": tag, "dataset_key": dataset_key, "algo_name": algo_name}
    if algo_params is not None:
        body["algo_params"] = dict(algo_params)
    if data_params is not None:
        body["data_params"] = dict(data_params)
    return api.fetch(Call("POST", api.session_path("scenarios"), body, errors={400: InvalidParameter}), Scenario)


def get_scenario(api: Api, scenario: AnyScenario) -> Flow[Scenario]:
    """A scenario with its KPIs and result.

    Raises:
        NotFound: there is no such scenario.
    """
    return api.fetch(scenario_call(api, "GET", scenario), Scenario)


def delete_scenario(api: Api, scenario: AnyScenario) -> Flow[None]:
    """Delete a scenario; a run of it is stopped.

    Raises:
        NotFound: there is no such scenario.
    """
    yield from api.send(scenario_call(api, "DELETE", scenario))


def run_scenario(api: Api, scenario: AnyScenario) -> Flow[Scenario]:
    """Put a scenario into the queue of its session; `wait` waits for its end.

    Raises:
        NotFound: there is no such scenario.
        Conflict: it is queued or running, or it has ended and was not reset.
    """
    return api.fetch(scenario_call(api, "POST", scenario, "run"), Scenario)


def get_scenario_status(api: Api, scenario: AnyScenario) -> Flow[ScenarioStatus]:
    """Where a scenario stands, and how far it is in percent.

    Raises:
        NotFound: there is no such scenario.
    """
    return api.fetch(scenario_call(api, "GET", scenario, "status"), ScenarioStatus)


def reset_scenario(api: Api, scenario: AnyScenario) -> Flow[Scenario]:
    """Forget the result of a scenario that has ended, so that it can run again (an optional operation).

    Raises:
        NotFound: there is no such scenario, or the server does not offer this.
        Conflict: it is queued or running.
    """
    return api.fetch(scenario_call(api, "POST", scenario, "reset"), Scenario)


def cancel_scenario(api: Api, scenario: AnyScenario) -> Flow[Scenario]:
    """Stop a scenario that is queued or running; it ends as failed (an optional operation).

    Raises:
        NotFound: there is no such scenario, or the server does not offer this.
        Conflict: it is neither queued nor running.
    """
    return api.fetch(scenario_call(api, "POST", scenario, "cancel"), Scenario)


def get_runs(api: Api) -> Flow[RunCounts]:
    """How many runs there are and how many wait, over all sessions (an optional operation).

    Raises:
        NotFound: the server does not offer this.
    """
    return api.fetch(Call("GET", api.path("runs")), RunCounts)


def get_processing(api: Api) -> Flow[Scenario | None]:
    """The scenario that is running in the session now, if any."""
    response = yield from api.send(Call("GET", api.session_path("processing")))
    return None if response.content.strip() == b"null" else read(Scenario, response)
