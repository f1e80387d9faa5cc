"""What travels over the wire: one pydantic model per request and reply body.

The server's document, the client and the tests all read these models; this package imports neither FastAPI nor pandas.
Replies may carry members that are not listed here: readers ignore what they do not know. Begin with the bodies below;
`fields` has the kinds of values they hold, `parameters` what describes a parameter.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict, Field

from algomancy_api.schemas.datasets import DataClassification as DataClassification
from algomancy_api.schemas.datasets import Dataset as Dataset
from algomancy_api.schemas.datasets import DatasetMetadata as DatasetMetadata
from algomancy_api.schemas.datasets import DatasetPayload as DatasetPayload
from algomancy_api.schemas.datasets import Table as Table
from algomancy_api.schemas.fields import (
    MAX_OFFSET,
    DatasetKey,
    DecimalInteger,
    JsonObject,
    Key,
    Model,
    PageLength,
    Text,
)
from algomancy_api.schemas.fields import Error as Error
from algomancy_api.schemas.parameters import ParameterDescriptor as ParameterDescriptor

# --- sessions ---------------------------------------------------------------------------------------------------------


class Session(Model):
    """A session: a workspace with its own datasets and scenarios."""

    id: str
    """Identifier (a UUID) that never changes."""
    display_name: str
    """Name shown to people, unique at any moment; may be used in place of the id."""


class SessionList(Model):
    """All sessions of the server, oldest first."""

    sessions: list[Session] = Field(min_length=1)
    """The sessions; never empty."""
    default: str
    """Id of the session to start with; one of `sessions`."""


class CreateSessionRequest(Model):
    """Asks for a new, empty session."""

    display_name: Text
    """Name of the new session: 1 to 255 characters, not blank, without control characters; not in use yet."""


class CopySessionRequest(Model):
    """Asks for a copy of a session."""

    new_display_name: Text
    """Name of the copy: 1 to 255 characters, not blank, without control characters; not in use yet."""


class RenameSessionRequest(Model):
    """Asks for another name for a session."""

    display_name: Text
    """The new name: 1 to 255 characters, not blank, without control characters; not in use by another session."""


# --- algorithms and KPIs ----------------------------------------------------------------------------------------------


class AlgorithmList(Model):
    """The algorithms a scenario of this session may run."""

    algorithms: list[str]
    """Names, as `algo_name` takes them."""


class ParameterList(Model):
    """The parameters of an algorithm, or of a dataset."""

    name: str
    """The algorithm's name, or the dataset's key."""
    parameters: list[ParameterDescriptor]
    """One descriptor per parameter, in the order they were declared."""


class KpiList(Model):
    """The KPIs each scenario of this session is measured by."""

    kpis: list[str]
    """Names: the keys of every scenario's `kpis`."""


# --- scenarios --------------------------------------------------------------------------------------------------------


class RunStatus(StrEnum):
    """Where a scenario stands: created → queued → processing → complete or failed."""

    CREATED = "created"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETE = "complete"
    FAILED = "failed"


class BetterWhen(StrEnum):
    """Which values of a KPI are good: high ones, low ones, or those at least or at most its threshold."""

    HIGHER = "HIGHER"
    LOWER = "LOWER"
    AT_LEAST = "AT_LEAST"
    AT_MOST = "AT_MOST"


class Kpi(Model):
    """One key performance indicator of one scenario."""

    name: str
    """Name of the KPI."""
    better_when: BetterWhen
    """Which values are good."""
    unit: str | None
    """Symbol of the unit `value` and `threshold` are in; empty or null when they have none."""
    value: float | None
    """The measured value in `unit`; null until a run is complete."""
    threshold: float | None
    """The bound in `unit` for `AT_LEAST` and `AT_MOST`; null when there is none."""


class Algorithm(Model):
    """The algorithm of a scenario with the values it runs with."""

    name: str
    """Name of the algorithm."""
    parameters: JsonObject
    """Value of each parameter by name; times are in ISO 8601."""


def _with_progress(schema: dict[str, Any]) -> None:
    """Describe `progress` as always there: it is in every reply of this server, and lacks with other backends only."""
    del schema["properties"]["progress"]["default"]
    schema["required"].append("progress")


class ScenarioSummary(Model):
    """A scenario without its result."""

    model_config = ConfigDict(json_schema_extra=_with_progress)

    id: str
    """Identifier (a UUID) that never changes."""
    tag: str
    """Name given at creation, unique within the session."""
    input_data_id: str
    """Id of the dataset the scenario reads: its `metadata.id`."""
    input_data_key: str | None = None
    """Key of the dataset the scenario reads."""
    kpis: dict[str, Kpi]
    """The KPIs by name."""
    algorithm: Algorithm
    """What the scenario runs."""
    data_parameters: JsonObject | None
    """Value of each parameter of the dataset by name; null or empty when it has none."""
    status: RunStatus
    """Where the scenario stands."""
    progress: float = Field(default=0, ge=0, le=100)
    """How far its run is, in percent, 0 to 100; 100 when complete."""
    created_at: datetime | None = None
    """When the scenario was created, UTC."""
    started_at: datetime | None = None
    """When its last run started, UTC; null before."""
    finished_at: datetime | None = None
    """When its last run ended, UTC; null before."""
    error: str | None = None
    """Why its last run failed; null when it did not."""


class Scenario(ScenarioSummary):
    """A scenario: a dataset, an algorithm with its parameters and, once it ran, a result measured by KPIs."""

    result: JsonObject | None
    """What the algorithm returned, in the shape its author chose; `{"error": …}` when the run failed, null before."""


class CreateScenarioRequest(Model):
    """Asks for a scenario; it does not run yet, unless the server is set to run at once."""

    tag: Text
    """Name of the scenario: 1 to 255 characters, not blank, without control characters; new within the session."""
    dataset_key: Key
    """Key of the dataset to read."""
    algo_name: Key
    """Name of the algorithm to run."""
    algo_params: JsonObject | None = None
    """Values of the algorithm's parameters by name; those left out take their described value, all of them when null.
    A parameter that is `required` refuses null as its value."""
    data_params: JsonObject | None = None
    """Values of the dataset's parameters by name; those left out take their described value, all of them when null.
    A parameter that is `required` refuses null as its value."""


class ScenarioStatus(Model):
    """The little that a poller needs."""

    id: str
    """Identifier of the scenario."""
    tag: str
    """Name of the scenario."""
    status: RunStatus
    """Where the scenario stands."""
    progress: float = Field(ge=0, le=100)
    """How far its run is, in percent, 0 to 100; never falls within one run, 100 when complete."""


class RunCounts(Model):
    """The runs of all sessions at one moment."""

    executor: str
    """Where runs happen: `threads`, `processes` or `dask`."""
    workers: int = Field(ge=0)
    """How many runs there can be at the same time."""
    running: int = Field(ge=0)
    """How many scenarios are at work, or next in their session and waiting for a worker."""
    queued: int = Field(ge=0)
    """How many scenarios wait for another of their session."""


class Snapshot(Model):
    """How all scenarios of a session stand: what a stream of events begins with."""

    scenarios: list[ScenarioStatus]
    """The status of each, oldest first."""


class ScenarioDeleted(Model):
    """A scenario is gone."""

    id: str
    """Identifier it had."""


class SessionChanged(Session):
    """A session has another name, or is gone."""

    deleted: bool
    """Whether it is gone; nothing follows then."""


class ScenarioView(StrEnum):
    """How much of each scenario a list shows: all of it, or all but its result."""

    FULL = "full"
    SUMMARY = "summary"


def _as_left_out_or_given(schema: dict[str, Any]) -> None:
    """Describe a query parameter whose `None` stands for its being left out: no text in a query is null."""
    given, _ = schema.pop("anyOf")
    schema.update(given, **({"format": "int32"} if given["type"] == "integer" else {}))


class ScenarioListQuery(Model):
    """Which part of a list is wanted, and how much of each scenario."""

    view: ScenarioView = ScenarioView.FULL
    """How much of each scenario to show: `full`, or `summary` to leave out its `result`."""
    limit: PageLength | None = Field(default=None, json_schema_extra=_as_left_out_or_given)
    """How many scenarios to list at most, 1 to 10000; all of them when left out."""
    offset: DecimalInteger = Field(default=0, ge=0, le=MAX_OFFSET, json_schema_extra={"format": "int32"})
    """How many scenarios to pass over first, 0 to 2147483647."""


class EventsQuery(Model):
    """What is to be told."""

    scenario: str | None = Field(default=None, max_length=255, json_schema_extra=_as_left_out_or_given)
    """Id of a scenario, to be told only of what happens to it and to the session; of everything when left out."""


# --- data -------------------------------------------------------------------------------------------------------------


class DatasetKeys(Model):
    """The keys of a session's datasets."""

    keys: list[str]
    """Keys, as the data routes and `dataset_key` take them."""


class DeriveDatasetRequest(Model):
    """Asks for a copy of a dataset under a new key."""

    new_key: DatasetKey
    """The new key: 1 to 255 characters without `/` and control characters; not `.`, `..`, `from-json` or in use."""


class Severity(StrEnum):
    """How bad a finding is; `ERROR` and `CRITICAL` keep the dataset from being stored."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class EtlMessage(Model):
    """One finding about the uploaded data."""

    severity: Severity
    """How bad it is."""
    message: str
    """What was found."""
    table: str | None = None
    """Name of the table it is about; null when about none in particular."""
    column: str | None = None
    """Name of the column it is about; null when about none in particular."""
    row: int | str | None = None
    """Row it is about, as a person counts: the heading is row 1; or its label; null when about none in particular."""
    code: str | None = None
    """Short name of this kind of finding; null when it has none."""


class EtlUpload(Model):
    """Files, and the key of the dataset they are to make."""

    dataset_name: DatasetKey
    """The key: 1 to 255 characters without `/` and control characters; not `.`, `..` or `from-json`."""
    files: list[bytes] = Field(min_length=1)
    """The files: 1 to 1000, named `<logical name>.csv`, `.json` or `.xlsx`."""


class EtlReport(Model):
    """What became of an upload."""

    dataset_name: str
    """Key asked for."""
    success: bool
    """Whether the dataset was stored; if not, nothing was changed."""
    keys: list[str]
    """Keys of the session's datasets, after the upload."""
    messages: list[EtlMessage] = Field(default_factory=list)
    """What extraction and validation found, in order."""


# --- meta -------------------------------------------------------------------------------------------------------------


class Health(Model):
    """A sign of life."""

    status: Literal["ok"]
    """Always `ok`."""
    title: str
    """The server's title."""
    sessions: list[Session]
    """Its sessions."""


# --- the names that these have in Algomancy's own package -------------------------------------------------------------

SessionInfo = Session
SessionsListResponse = SessionList
AlgorithmsListResponse = AlgorithmList
KpisListResponse = KpiList
ScenarioStatusResponse = ScenarioStatus
DataKeysResponse = DatasetKeys
DeriveDataRequest = DeriveDatasetRequest
EtlResponse = EtlReport
