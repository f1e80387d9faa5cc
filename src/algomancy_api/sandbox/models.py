"""What the control API of the sandbox takes and gives; fixtures and scripts of runs are in `fixture`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import AwareDatetime, Discriminator, Field, FiniteFloat, StrictBool, Tag, model_validator

from algomancy_api.sandbox.fixture import MAX_SECONDS, ControlModel, Fixture, Seconds, WorldName, broken
from algomancy_api.schemas.fields import DecimalInteger, Model

# --- clock ------------------------------------------------------------------------------------------------------------


class ClockMode(StrEnum):
    """How a clock moves: as time does, by a factor, or only when told."""

    REAL = "real"
    SCALED = "scaled"
    MANUAL = "manual"


class ClockSetting(ControlModel):
    """How a clock is to move."""

    mode: ClockMode
    """As time does, by a factor, or only when told."""
    factor: Annotated[FiniteFloat, Field(gt=0, le=1_000_000)] | None = None
    """Seconds of the world per real second, where the mode is `scaled`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.mode is ClockMode.SCALED) != (self.factor is not None):
            raise broken("Field 'factor' is for the mode 'scaled', which needs it.")
        return self

    @property
    def rate(self) -> float:
        """Seconds of the world per real second."""
        return {ClockMode.REAL: 1.0, ClockMode.MANUAL: 0.0}.get(self.mode, self.factor or 1.0)


class Clock(Model):
    """A world's clock."""

    mode: ClockMode
    """How it moves."""
    factor: float | None
    """Seconds of the world per real second, where the mode is `scaled`."""
    now: datetime
    """What time it is in the world."""


class Advance(ControlModel):
    """By how much a manual clock is to be moved."""

    seconds: Seconds
    """How many seconds; 0 lets happen what is due now."""


# --- worlds -----------------------------------------------------------------------------------------------------------


class NewWorld(ControlModel):
    """Asks for a world."""

    holds_data: ClassVar[bool] = True

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


class NewSnapshot(ControlModel):
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


class NewFault(ControlModel):
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
            raise broken(
                "A fault needs one of the fields 'latency_ms', 'jitter_ms', 'status', 'cut', 'slow_body_ms', 'stale' "
                "and 'drop_events'."
            )
        if sum(map(bool, does[2:])) > 1:
            raise broken("A fault has one of 'status', 'cut', 'slow_body_ms', 'stale' and 'drop_events'.")
        if self.retry_after is not None and self.status is None:
            raise broken("Field 'retry_after' is for a 'status'.")
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
    """How long it took, in real time."""
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
