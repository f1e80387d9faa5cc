"""Values of parameters on their way to a backend that does not look at them closely."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from algomancy_api.checked.values import read_values
from algomancy_utils.baseparameterset import (
    BaseParameterSet,
    BooleanParameter,
    FloatParameter,
    IntegerParameter,
    IntervalParameter,
    ParameterError,
    TimeParameter,
)


class Shift(BaseParameterSet):
    """One parameter of each type that JSON writes differently from Python."""

    def __init__(self) -> None:
        super().__init__("shift")
        instants = [TimeParameter("start"), IntervalParameter("open")]
        self.add_parameters([IntegerParameter("people"), FloatParameter("hours"), BooleanParameter("night"), *instants])

    def validate(self) -> None:
        """Accept everything."""


def test_values_become_what_a_parameter_set_takes() -> None:
    """Whole numbers are integers, instants and pairs of them dates; what is unknown is left to the set to refuse."""
    given = {"people": 3.0, "hours": 8, "night": True, "start": "2026-03-01T06:00:00", "other": "x"}
    given["open"] = ["2026-03-01T00:00:00", "2026-03-31T00:00:00"]
    read = read_values(Shift(), given)
    assert read == {
        "people": 3,
        "hours": 8,
        "night": True,
        "start": datetime(2026, 3, 1, 6),
        "other": "x",
        "open": (datetime(2026, 3, 1), datetime(2026, 3, 31)),
    }
    assert isinstance(read["people"], int)
    assert read_values(Shift(), None) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("people", True), ("hours", False), ("night", "yes"), ("night", 1), ("start", "soon"), ("open", ["now", "then"])],
)
def test_value_of_another_type_is_refused(name: str, value: Any) -> None:
    """The message names the parameter."""
    with pytest.raises(ParameterError, match=f"'{name}'"):
        read_values(Shift(), {name: value})
