"""The operations of the API, each a flow that gives a model of `schemas`, and datasets to and from pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from algomancy_api.client.exceptions import InvalidParameter, UnexpectedReply, UploadRejected
from algomancy_api.client.flow import SLOW_ANSWER, Api, Call, Flow, Upload, UploadFile, UploadProgress, read
from algomancy_api.schemas import (
    AlgorithmList,
    Dataset,
    DatasetKeys,
    EtlReport,
    Health,
    KpiList,
    ParameterList,
    RunCounts,
    Scenario,
    ScenarioStatus,
    ScenarioSummary,
    Session,
    SessionList,
)

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_data import DataSource


# --- sessions, and what each offers -----------------------------------------------------------------------------------


def get_health(api: Api) -> Flow[Health]:
    """The server's health: its title and sessions."""
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


# --- scenarios --------------------------------------------------------------------------------------------------------


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


# --- datasets ---------------------------------------------------------------------------------------------------------


def list_datasets(api: Api) -> Flow[DatasetKeys]:
    """The keys of the session's datasets."""
    return api.fetch(Call("GET", api.session_path("data")), DatasetKeys)


def get_dataset(api: Api, key: str) -> Flow[Dataset]:
    """A dataset as it travels: metadata, and rows as objects. `dataset` gives pandas tables instead.

    Raises:
        NotFound: there is no such dataset.
    """
    return api.fetch(Call("GET", api.session_path("data", key)), Dataset)


def dataset(api: Api, key: str) -> Flow[DataSource]:
    """A dataset with its tables as pandas DataFrames of the right dtypes: `client.dataset(key).tables["items"]`.

    Raises:
        NotFound: there is no such dataset.
        UnexpectedReply: the server's dataset is none that pandas can hold.
    """
    response = yield from api.send(Call("GET", api.session_path("data", key)))
    from algomancy_data import DataSource

    try:
        return DataSource.from_json(response.content)
    except ValueError as error:
        raise UnexpectedReply(f"Dataset '{key}' cannot be turned into tables: {error}") from error


def get_data_parameters(api: Api, key: str) -> Flow[ParameterList]:
    """The parameters a dataset has for each scenario (an optional operation).

    Raises:
        NotFound: there is no such dataset, or the server does not offer this.
    """
    return api.fetch(Call("GET", api.session_path("data", key, "parameters")), ParameterList)


def delete_dataset(api: Api, key: str) -> Flow[None]:
    """Delete a dataset.

    Raises:
        NotFound: there is no such dataset.
        Conflict: a scenario reads it.
    """
    yield from api.send(Call("DELETE", api.session_path("data", key)))


def derive_dataset(api: Api, key: str, new_key: str) -> Flow[DatasetKeys]:
    """Copy a dataset under a new key, as data derived from it; gives the session's keys.

    Raises:
        NotFound: there is no dataset `key`.
        Conflict: there is a dataset `new_key` already.
    """
    return api.fetch(Call("POST", api.session_path("data", key, "derive"), {"new_key": new_key}), DatasetKeys)


def add_dataset_from_json(  # noqa: D417 - callers see a method, without `api`
    api: Api, payload: str | bytes | Mapping[str, Any] | Dataset | DataSource
) -> Flow[DatasetKeys]:
    """Add a dataset, or replace the one of that name; gives the session's keys.

    Args:
        payload: what `DataSource.to_json()` gives, as text or parsed; such a data source itself; or what `get_dataset`
            gave. Its `metadata.name` is the key.

    Raises:
        BadRequest: it is no such payload.
        Conflict: a scenario reads the dataset that would be replaced.
    """
    content: bytes | Mapping[str, Any]
    if isinstance(payload, bytes | Mapping):
        content = payload
    elif isinstance(payload, Dataset):
        content = payload.model_dump_json().encode()
    else:
        content = (payload if isinstance(payload, str) else payload.to_json()).encode("utf-8", "surrogatepass")
    return api.fetch(Call("POST", api.session_path("data", "from-json"), content, patience=SLOW_ANSWER), DatasetKeys)


def add_dataset(api: Api, key: str, tables: Mapping[str, pd.DataFrame]) -> Flow[DatasetKeys]:
    """Add pandas tables as a dataset of their own, or replace the one of that key; gives the session's keys.

    Raises:
        BadRequest: the key is no possible one.
        Conflict: a scenario reads the dataset that would be replaced.
    """
    from algomancy_data import DataClassification, DataSource

    source = DataSource(DataClassification.MASTER_DATA, key)
    for name, table in tables.items():
        source.add_table(name, table)
    return add_dataset_from_json(api, source)


def run_etl(  # noqa: D417 - callers see a method, without `api`
    api: Api, dataset_name: str, files: Iterable[UploadFile], *, on_progress: UploadProgress | None = None
) -> Flow[EtlReport]:
    """Have files read, checked and stored as a dataset. Whether that went well is told by the report's `success`.

    Args:
        dataset_name: key of the dataset to make or replace.
        files: paths of files, streamed from disk, or `(name, content)` pairs; csv, json and xlsx.
        on_progress: told the bytes sent and the bytes there are, as they leave.

    Raises:
        BadRequest: the server cannot read a file, or one is missing.
        Conflict: a scenario reads the dataset that would be replaced.
        PayloadTooLarge: the files are over the server's limit.
        OSError: a file is missing here, or cannot be read.
    """
    upload = Upload({"dataset_name": dataset_name}, tuple(files), on_progress)
    return api.fetch(Call("POST", api.session_path("etl"), upload=upload, patience=SLOW_ANSWER), EtlReport)


def upload(
    api: Api, dataset_name: str, files: Iterable[UploadFile], *, on_progress: UploadProgress | None = None
) -> Flow[EtlReport]:
    """Do as `run_etl`, and raise an exception where the data did not pass validation.

    Raises:
        UploadRejected: it did not; nothing was stored.
    """
    report = yield from run_etl(api, dataset_name, files, on_progress=on_progress)
    if not report.success:
        raise UploadRejected(report)
    return report
