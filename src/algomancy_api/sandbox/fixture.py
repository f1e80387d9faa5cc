"""What a world begins with, and goes back to."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
)

from algomancy_api.sandbox.fields import Percent, Told
from algomancy_api.sandbox.run_script import RunScript
from algomancy_api.schemas import RunStatus
from algomancy_api.schemas.fields import JsonObject, Key, Model, Text


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
