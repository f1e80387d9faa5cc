"""How a run goes."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import (
    Field,
    FiniteFloat,
    model_validator,
)

from algomancy_api.sandbox.fields import Percent, Seconds, Told, broken
from algomancy_api.schemas.fields import JsonObject, Model


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
