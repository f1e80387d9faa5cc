"""What a world begins with and goes back to, how its runs go, and the kinds of values that the control API takes."""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field, FiniteFloat, model_validator
from pydantic_core import PydanticCustomError

from algomancy_api.errors import WHOLE_SENTENCE
from algomancy_api.schemas import RunStatus
from algomancy_api.schemas.fields import JsonObject, Key, Model, Text

MAX_SECONDS = 10 * 365 * 24 * 3600

_WORLD_NAME = r"^[a-z0-9][a-z0-9._-]{0,62}$"

Seconds = Annotated[FiniteFloat, Field(ge=0, le=MAX_SECONDS)]
Percent = Annotated[FiniteFloat, Field(ge=0, le=100)]


def broken(message: str) -> PydanticCustomError:
    """Return a validation error with this message, a whole sentence."""
    return PydanticCustomError(WHOLE_SENTENCE, "{message}", {"message": message})


def _world_name(given: str) -> str:
    if not re.fullmatch(_WORLD_NAME, given):
        raise broken(
            f"The name '{given[:80]}' must be 1 to 63 characters long and hold letters in lower case, digits, '.', '_' "
            "and '-' only, the first of them a letter or a digit."
        )
    return given


WorldName = Annotated[str, AfterValidator(_world_name), Field(json_schema_extra={"pattern": _WORLD_NAME})]


class ControlModel(Model):
    """The base of what the control API takes: an unknown member is an error."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class RunOutcome(StrEnum):
    """How a run ends."""

    COMPLETE = "complete"
    FAIL = "fail"


class RunScript(ControlModel):
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
                raise broken("Field 'progress' must have points of time and percentages that do not fall.")
        if points[-1][0] > self.duration:
            raise broken("Field 'progress' must have no point of time after the duration.")
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


class Fixture(ControlModel):
    """What a world begins with, and goes back to when it is reset."""

    model_config = ConfigDict(json_schema_extra={"$schema": "https://json-schema.org/draft/2020-12/schema"})

    format: Annotated[int, Field(ge=1, le=1)] = 1
    """Which form this is; 1."""
    sessions: list[FixtureSession] = Field(min_length=1)
    """The sessions; never empty."""
    runs: dict[Annotated[str, Field(min_length=1)], RunScript] = Field(default_factory=dict)
    """Scripts of runs, by the id, the tag or the pattern of tags they are for."""
