"""What the control API of the sandbox takes and gives, and what a fixture is."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    StrictBool,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from algomancy_api.errors import WHOLE_SENTENCE
from algomancy_api.schemas import RunStatus
from algomancy_api.schemas.fields import DecimalInteger, JsonObject, Key, Model, Text

MAX_SECONDS = 10 * 365 * 24 * 3600

_WORLD_NAME = r"^[a-z0-9][a-z0-9._-]{0,62}$"

Seconds = Annotated[FiniteFloat, Field(ge=0, le=MAX_SECONDS)]
Percent = Annotated[FiniteFloat, Field(ge=0, le=100)]


def _broken(message: str) -> PydanticCustomError:
    return PydanticCustomError(WHOLE_SENTENCE, "{message}", {"message": message})


def _world_name(given: str) -> str:
    if not re.fullmatch(_WORLD_NAME, given):
        raise _broken(
            f"The name '{given[:80]}' must be 1 to 63 characters long and hold letters in lower case, digits, '.', '_' "
            "and '-' only, the first of them a letter or a digit."
        )
    return given


WorldName = Annotated[str, AfterValidator(_world_name), Field(json_schema_extra={"pattern": _WORLD_NAME})]


class Told(Model):
    """Settings of what steers: a member that there is not is told, not passed over."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


# --- runs -------------------------------------------------------------------------------------------------------------


class RunOutcome(StrEnum):
    """How a run ends."""

    COMPLETE = "complete"
    FAIL = "fail"


class RunScript(Told):
    """How a run goes, by the clock of its world."""

    duration: Seconds = 10.0
    """How many seconds it takes."""
    elapsed: Seconds = 0.0
    """How many of these have passed already when it starts."""
    outcome: RunOutcome = RunOutcome.COMPLETE
    """How it ends."""
    error: Annotated[str, Field(min_length=1, max_length=100_000)] = "The sandbox was told to let this run fail."
    """Why it failed, where it is to fail."""
    fail_at: Percent = 100.0
    """At which progress it fails, where it is to fail."""
    progress: list[tuple[Seconds, Percent]] = Field(default_factory=list, max_length=1_000)
    """Points of time, in seconds since its start, and its progress there; in between it grows evenly."""
    kpis: dict[str, FiniteFloat] | None = None
    """Values of KPIs by name; the others are those that the algorithm gives."""
    result: JsonObject | None = None
    """What comes of it; left out, what the algorithm gives."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        points = self.curve()
        for (earlier, less), (later, more) in pairwise(points):
            if later < earlier or more < less:
                raise _broken("Field 'progress' must have points of time and percentages that do not fall.")
        if points[-1][0] > self.duration:
            raise _broken("Field 'progress' must have no point of time after the duration.")
        return self

    @property
    def wants_algorithm(self) -> bool:
        """Whether something of what comes of the run is left to the algorithm."""
        return self.outcome is RunOutcome.COMPLETE and (self.result is None or self.kpis is None)

    def curve(self) -> list[tuple[float, float]]:
        """Return points of time and progress, the first at the start and the last at the end."""
        points = list(self.progress)
        if not points or points[0][0] > 0:
            points.insert(0, (0.0, 0.0))
        if points[-1][0] < self.duration or len(points) == 1:
            points.append((self.duration, 100.0))
        return points

    def progress_at(self, seconds: float) -> float:
        """Return the progress some seconds after the start."""
        points = self.curve()
        for (start, least), (end, most) in pairwise(points):
            if seconds < end:
                return least + (most - least) * max(0.0, seconds - start) / (end - start)
        return points[-1][1]

    def length(self) -> float:
        """Return after how many seconds it ends: where it fails, when it reaches that progress."""
        if self.outcome is RunOutcome.COMPLETE:
            return self.duration
        points = self.curve()
        for (start, least), (end, most) in pairwise(points):
            if least <= self.fail_at <= most and self.fail_at < 100:
                return start if most == least else start + (end - start) * (self.fail_at - least) / (most - least)
        return self.duration


class NamedScript(Model):
    """A script, and the runs it is for."""

    scenario: str
    """Id of a scenario, or its tag, or a pattern of tags such as `nightly*`."""
    script: RunScript
    """How they go."""


class ScriptList(Model):
    """The scripts of a world."""

    runs: list[NamedScript]
    """The scripts, in the order in which they were given; of patterns that fit, the last one counts."""


# --- fixtures ---------------------------------------------------------------------------------------------------------


class FixtureKpi(Model):
    """A KPI of a scenario that is complete."""

    value: FiniteFloat | None = None
    """Its value."""
    threshold: FiniteFloat | None = None
    """Its threshold; left out, that of its class."""


def _value_or_kpi(given: Any) -> Any:  # noqa: ANN401 - whatever was sent
    return {"value": given} if isinstance(given, (int, float)) else given


class FixtureAlgorithm(Model):
    """What a scenario runs."""

    name: Key
    """Name of the algorithm."""
    parameters: JsonObject | None = None
    """Values of its parameters by name; the others have their defaults."""


class FixtureScenario(Model):
    """A scenario, as the API shows it. What is left out of the times is the time at which the fixture is read."""

    id: Key | None = None
    """Its identifier; a fresh one when left out."""
    tag: Text
    """Its tag."""
    input_data_key: Key
    """Key of its dataset."""
    algorithm: FixtureAlgorithm
    """What it runs."""
    data_parameters: JsonObject | None = None
    """Values of its dataset's own parameters."""
    status: RunStatus = RunStatus.CREATED
    """Where it stands. Those that are queued or processing run when the world starts, those processing first."""
    progress: Percent = 0.0
    """How far its run was, where it failed."""
    created_at: AwareDatetime | None = None
    """When it was created."""
    started_at: AwareDatetime | None = None
    """When its run started."""
    finished_at: AwareDatetime | None = None
    """When its run ended."""
    error: str | None = None
    """Why it failed."""
    kpis: dict[str, Annotated[FixtureKpi, BeforeValidator(_value_or_kpi)]] = Field(default_factory=dict)
    """Its KPIs by name, where it is complete: the values, or what the API shows of them."""
    result: JsonObject | None = None
    """Its result, where it is complete."""


class FixtureSession(Model):
    """A session."""

    id: Key | None = None
    """Its identifier; a fresh one when left out."""
    display_name: Text
    """Its name."""
    datasets: list[JsonObject] = Field(default_factory=list)
    """Its datasets, each as `GET …/data/{key}` shows it."""
    scenarios: list[FixtureScenario] = Field(default_factory=list)
    """Its scenarios, in order of creation."""


class Fixture(Told):
    """What a world begins with, and goes back to when it is reset."""

    model_config = ConfigDict(json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"})

    format: Annotated[int, Field(ge=1, le=1)] = 1
    """Which form this is; 1."""
    sessions: list[FixtureSession] = Field(min_length=1)
    """The sessions; never empty."""
    runs: dict[Annotated[str, Field(min_length=1)], RunScript] = Field(default_factory=dict)
    """Scripts of runs, by the id, the tag or the pattern of tags they are for."""


# --- clock ------------------------------------------------------------------------------------------------------------


class ClockMode(StrEnum):
    """How a clock moves: as time does, by a factor, or only when told."""

    REAL = "real"
    SCALED = "scaled"
    MANUAL = "manual"


class ClockSetting(Told):
    """How a clock is to move."""

    mode: ClockMode
    """As time does, by a factor, or only when told."""
    factor: Annotated[FiniteFloat, Field(gt=0, le=1_000_000)] | None = None
    """Seconds of the world to a second by the wall, where the mode is `scaled`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.mode is ClockMode.SCALED) != (self.factor is not None):
            raise _broken("Field 'factor' is for the mode 'scaled', which needs it.")
        return self

    @property
    def rate(self) -> float:
        """Seconds of the world to a second by the wall."""
        return {ClockMode.REAL: 1.0, ClockMode.MANUAL: 0.0}.get(self.mode, self.factor or 1.0)


class Clock(Model):
    """A world's clock."""

    mode: ClockMode
    """How it moves."""
    factor: float | None
    """Seconds of the world to a second by the wall, where the mode is `scaled`."""
    now: datetime
    """What time it is in the world."""


class Advance(Told):
    """By how much a manual clock is to be moved."""

    seconds: Seconds
    """How many seconds; 0 lets happen what is due now."""


# --- worlds -----------------------------------------------------------------------------------------------------------


class NewWorld(Told):
    """Asks for a world."""

    name: WorldName | None = None
    """What it is called: letters in lower case, digits, `.`, `_` and `-`; made up when left out."""
    # Without a name for its branch the location of an error in a fixture is the path to it.
    fixture: Annotated[
        Annotated[str, Tag("name")] | Annotated[Fixture, Tag("")],
        Discriminator(lambda given: "name" if isinstance(given, str) else ""),
    ] = "demo"
    """What it begins with: the name of a fixture, or a fixture."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """With a seed, ids and times are the same in every world that is made so."""
    clock: ClockSetting | None = None
    """How its clock moves; left out, as time does, or with a seed only when told."""
    start: AwareDatetime | None = None
    """What time it is in it at first; left out, it is now, or with a seed always the same."""
    idle_ttl: Annotated[FiniteFloat, Field(gt=0, le=MAX_SECONDS)] = 3600.0
    """After how many seconds without a request it is dropped."""


class World(Model):
    """A world: a server of its own."""

    name: str
    """What it is called."""
    base_url: str
    """Where its API begins."""
    fixture: str
    """What it began with; `custom` for one that was sent along."""
    seed: int | None
    """Where its ids come from."""
    clock: Clock
    """Its clock."""
    sessions: int
    """How many sessions it has."""
    snapshots: list[str]
    """What it can be put back to, beside its fixture."""
    requests: int
    """How many requests its log holds."""
    idle_ttl: float | None
    """After how many seconds without a request it is dropped; null for never."""


class WorldList(Model):
    """The worlds there are."""

    worlds: list[World]
    """The worlds, oldest first."""


class NewSnapshot(Told):
    """Asks for a snapshot."""

    name: WorldName
    """What it is called; one of that name is replaced."""


class FixtureList(Model):
    """The fixtures there are."""

    fixtures: list[str]
    """Their names."""


# --- faults -----------------------------------------------------------------------------------------------------------


class Cut(StrEnum):
    """Where a connection is cut: before anything is answered, or in the middle of the body."""

    BEFORE = "before"
    WITHIN = "within"


class NewFault(Told):
    """Something that is to go wrong: which requests it is for, and what happens to them."""

    operation: str | None = None
    """The `operationId` of the requests it is for; any when left out."""
    session: str | None = None
    """Id or name of the session they are about; any when left out."""
    nth: Annotated[int, Field(ge=1)] | None = None
    """Which of these requests it begins with, the first being 1."""
    probability: Annotated[FiniteFloat, Field(gt=0, le=1)] = 1.0
    """How likely it is to happen to each of them."""
    times: Annotated[int, Field(ge=1)] | None = None
    """How often it happens at most; left out, once with `nth`, else until it is deleted."""
    latency_ms: Annotated[FiniteFloat, Field(ge=0, le=600_000)] = 0.0
    """How long the request waits, by the clock of the world, before anything else."""
    jitter_ms: Annotated[FiniteFloat, Field(ge=0, le=600_000)] = 0.0
    """How much longer it waits at most."""
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    """The status it is answered with; nothing is done then."""
    detail: Annotated[str, Field(min_length=1)] = "The sandbox was told to answer so."
    """What the answer says."""
    retry_after: Annotated[int, Field(ge=0)] | None = None
    """The `Retry-After` of the answer, in seconds."""
    cut: Cut | None = None
    """Where the connection is cut; what was asked for has been done all the same."""
    slow_body_ms: Annotated[FiniteFloat, Field(ge=0, le=600_000)] = 0.0
    """How long the body of the answer takes, by the clock of the world."""
    stale: StrictBool = False
    """Whether a GET is answered as the first one to its URL was, since the fault was made."""
    drop_events: StrictBool = False
    """Whether events of a session are lost, `times` of them at most; the `snapshot` is not."""
    allow_contract_breach: StrictBool = False
    """Whether answers may be such as the contract forbids: another status, stale reads, lost events."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        does = (self.latency_ms, self.jitter_ms, self.status, self.cut, self.slow_body_ms, self.stale, self.drop_events)
        if not any(does):
            raise _broken(
                "A fault needs one of the fields 'latency_ms', 'jitter_ms', 'status', 'cut', 'slow_body_ms', 'stale' "
                "and 'drop_events'."
            )
        if sum(map(bool, does[2:])) > 1:
            raise _broken("A fault has one of 'status', 'cut', 'slow_body_ms', 'stale' and 'drop_events'.")
        if self.retry_after is not None and self.status is None:
            raise _broken("Field 'retry_after' is for a 'status'.")
        return self


class Fault(NewFault):
    """A fault, and how often it has happened."""

    id: str
    """Its identifier."""
    matched: int
    """How many requests it was for."""
    happened: int
    """To how many of them it happened."""


class FaultList(Model):
    """The faults of a world."""

    faults: list[Fault]
    """The faults, in the order in which they are tried; the first that happens is the only one."""


# --- requests ---------------------------------------------------------------------------------------------------------


class LoggedRequest(Model):
    """A request that a world was sent, and what it answered."""

    id: int
    """Its number."""
    at: datetime
    """When it came, by the clock of the world."""
    operation: str | None
    """Its `operationId`; null where there is none."""
    method: str
    """Its method."""
    path: str
    """Its path below the world, as it was sent."""
    query: str
    """Its query."""
    request_body: Any
    """What was sent: JSON, text, or null; of more than 4096 bytes `{"bytes": …}`."""
    status: int | None
    """What it was answered with; null where the connection was cut before."""
    response_body: Any
    """What was answered, likewise."""
    duration_ms: float
    """How long it took, by the wall."""
    fault: str | None
    """The fault that happened to it."""


class RequestQuery(Model):
    """Which requests are wanted."""

    operation: str | None = None
    """Those of this `operationId`."""
    status: DecimalInteger | None = None
    """Those that were answered so."""
    after: DecimalInteger = 0
    """Those whose number is greater than this one."""


class RequestList(Model):
    """Requests of a world."""

    requests: list[LoggedRequest]
    """The requests, oldest first."""
