"""What can be set for the algorithms of the example."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from algomancy_utils.baseparameterset import (
    BaseParameterSet,
    BooleanParameter,
    EnumParameter,
    FloatParameter,
    IntegerParameter,
    IntervalParameter,
    MultiEnumParameter,
    StringParameter,
    TimeParameter,
)


class SlowParameters(BaseParameterSet):
    """`duration`: how many seconds to take."""

    def __init__(self, name: str = "Slow") -> None:
        super().__init__(name)
        self.add_parameters([IntegerParameter("duration", minvalue=1, maxvalue=60, default=1)])

    def validate(self) -> None:
        """Every duration within the bounds will do."""


class RandomParameters(BaseParameterSet):
    """`seed`: the same seed gives the same layout."""

    def __init__(self, name: str = "Random slotting") -> None:
        super().__init__(name)
        self.add_parameters([IntegerParameter("seed", minvalue=0, default=0)])

    def validate(self) -> None:
        """Every seed will do."""


class FailureMode(StrEnum):
    """The ways in which a scenario can fail."""

    VALUE_ERROR = "ValueError"
    RUNTIME_ERROR = "RuntimeError"
    NOTHING = "no result"
    KPI = "KPI error"


class FailingParameters(BaseParameterSet):
    """`mode`: how to fail."""

    def __init__(self, name: str = "Failing") -> None:
        super().__init__(name)
        self.add_parameters([EnumParameter("mode", [mode.value for mode in FailureMode])])

    def validate(self) -> None:
        """Every way to fail will do."""


class ShowcaseParameters(BaseParameterSet):
    """One parameter of each of the eight types."""

    def __init__(self, name: str = "Parameter showcase") -> None:
        super().__init__(name)
        self.add_parameters(
            [
                StringParameter("note", default="first try"),
                IntegerParameter("pickers", minvalue=1, maxvalue=20, default=4),
                FloatParameter("walking_speed", minvalue=0.5, maxvalue=2.5, default=1.4),
                BooleanParameter("night_shift", default=False),
                EnumParameter("strategy", ["nearest", "farthest", "balanced"]),
                MultiEnumParameter("zones", ["Zone A", "Zone B", "Zone C", "Zone D", "Zone E"]),
                TimeParameter("start", default=datetime(2024, 3, 4, 7)),
                IntervalParameter("period", default=(datetime(2024, 3, 4), datetime(2024, 3, 29))),
            ]
        )

    def validate(self) -> None:
        """Every combination will do."""
