"""The algorithms of the example: two that plan, one that takes its time, one that fails, one that shows parameters."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from algomancy_api.example.warehouse import SlottingResult, Warehouse, greedy_layout, random_layout
from algomancy_scenario import BaseAlgorithm
from algomancy_utils.baseparameterset import (
    BaseParameterSet,
    BooleanParameter,
    EmptyParameters,
    EnumParameter,
    FloatParameter,
    IntegerParameter,
    IntervalParameter,
    MultiEnumParameter,
    StringParameter,
    TimeParameter,
)

if TYPE_CHECKING:
    from algomancy_data import DataSource


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


_STEP_SECONDS = 0.05


class SlowAlgorithm(BaseAlgorithm):
    """Takes as many seconds as asked, reports its progress, and returns the layout unchanged."""

    result_class = SlottingResult

    def __init__(self, params: BaseParameterSet) -> None:
        super().__init__(name="Slow", params=params)
        self._cancelled = threading.Event()

    @staticmethod
    def initialize_parameters() -> SlowParameters:
        """One integer, `duration`, in seconds."""
        return SlowParameters()

    def cancel(self) -> None:
        """Wake up; the `set_progress` that follows ends the run."""
        self._cancelled.set()

    def run(self, data: DataSource) -> SlottingResult:
        """Wait, then return the layout of `data`."""
        duration = self.params["duration"]
        end = time.monotonic() + duration
        while (left := end - time.monotonic()) > 0 and not self._cancelled.wait(min(left, _STEP_SECONDS)):
            self.set_progress(100 * (1 - left / duration))
        self.set_progress(100)
        return _unchanged(data)


class GreedySlotting(BaseAlgorithm):
    """Gives the most wanted items the shortest walks."""

    result_class = SlottingResult

    def __init__(self, params: BaseParameterSet) -> None:
        super().__init__(name="Greedy slotting", params=params)

    @staticmethod
    def initialize_parameters() -> EmptyParameters:
        """Nothing can be set."""
        return EmptyParameters()

    def run(self, data: DataSource) -> SlottingResult:
        """Return a better layout."""
        warehouse = Warehouse.of(data)
        return SlottingResult.of(data.id, warehouse, greedy_layout(warehouse))


class RandomSlotting(BaseAlgorithm):
    """Shuffles the items, the same way for the same seed."""

    result_class = SlottingResult

    def __init__(self, params: BaseParameterSet) -> None:
        super().__init__(name="Random slotting", params=params)

    @staticmethod
    def initialize_parameters() -> RandomParameters:
        """One integer, `seed`."""
        return RandomParameters()

    def run(self, data: DataSource) -> SlottingResult:
        """Return another layout."""
        warehouse = Warehouse.of(data)
        return SlottingResult.of(data.id, warehouse, random_layout(warehouse, self.params["seed"]))


class FailingAlgorithm(BaseAlgorithm):
    """Fails in the way asked for: to see what a client is told."""

    result_class = SlottingResult

    def __init__(self, params: BaseParameterSet) -> None:
        super().__init__(name="Failing", params=params)

    @staticmethod
    def initialize_parameters() -> FailingParameters:
        """One choice, `mode`."""
        return FailingParameters()

    def run(self, data: DataSource) -> SlottingResult:
        """Raise, return nothing, or return a result of which no KPI can be computed.

        Raises:
            ValueError: `mode` asks for it.
            RuntimeError: `mode` asks for it.
        """
        mode = FailureMode(self.params["mode"])
        if mode is FailureMode.VALUE_ERROR:
            raise ValueError("This algorithm was asked to raise a ValueError.")
        if mode is FailureMode.RUNTIME_ERROR:
            raise RuntimeError("This algorithm was asked to raise a RuntimeError.")
        if mode is FailureMode.NOTHING:
            return None  # type: ignore[return-value]  # the mistake it is asked to make
        return SlottingResult(data.id, placements=[], moved_items=0)


class ParameterShowcase(BaseAlgorithm):
    """Has a parameter of each type, and returns the layout unchanged at once."""

    result_class = SlottingResult

    def __init__(self, params: BaseParameterSet) -> None:
        super().__init__(name="Parameter showcase", params=params)

    @staticmethod
    def initialize_parameters() -> ShowcaseParameters:
        """One parameter of each of the eight types."""
        return ShowcaseParameters()

    def run(self, data: DataSource) -> SlottingResult:
        """Return the layout of `data`."""
        return _unchanged(data)


def _unchanged(data: DataSource) -> SlottingResult:
    warehouse = Warehouse.of(data)
    return SlottingResult.of(data.id, warehouse, warehouse.layout)


ALGORITHMS: dict[str, type[BaseAlgorithm]] = {
    "Slow": SlowAlgorithm,
    "Greedy slotting": GreedySlotting,
    "Random slotting": RandomSlotting,
    "Failing": FailingAlgorithm,
    "Parameter showcase": ParameterShowcase,
}
"""The algorithms of the example by name."""
