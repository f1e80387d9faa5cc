"""Texts, truth values and numbers: what they accept, what they refuse and what they say then."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algomancy_utils.baseparameterset import (
    BooleanParameter,
    FloatParameter,
    IntegerParameter,
    ParameterError,
    StringParameter,
    TypedParameter,
)


def duration() -> IntegerParameter:
    return IntegerParameter("duration", minvalue=1, maxvalue=60)


def share() -> FloatParameter:
    return FloatParameter("share", minvalue=0, maxvalue=1, default=0.5)


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        (duration(), 999, "Parameter 'duration' must be at most 60, got 999."),
        (duration(), 0, "Parameter 'duration' must be at least 1, got 0."),
        (duration(), True, "Parameter 'duration' must be an integer, got true."),
        (duration(), "7", "Parameter 'duration' must be an integer, got '7'."),
        (duration(), 7.5, "Parameter 'duration' must be an integer, got 7.5."),
        (duration(), math.nan, "Parameter 'duration' must be an integer, got a number that is not finite."),
        (duration(), math.inf, "Parameter 'duration' must be an integer, got a number that is not finite."),
        (duration(), [1], "Parameter 'duration' must be an integer, got [1]."),
        (duration(), {"a": 1}, "Parameter 'duration' must be an integer, got {\"a\": 1}."),
        (duration(), None, "Parameter 'duration' needs a value, got nothing."),
        (duration(), 1j, "Parameter 'duration' must be an integer, got a value of another kind."),
        (duration(), 10**400, "Parameter 'duration' must be at most 60, got an integer of very many digits."),
        (share(), 1.5, "Parameter 'share' must be at most 1.0, got 1.5."),
        (share(), -1, "Parameter 'share' must be at least 0.0, got -1."),
        (share(), False, "Parameter 'share' must be a finite number, got false."),
        (share(), math.nan, "Parameter 'share' must be a finite number, got a number that is not finite."),
        (share(), -math.inf, "Parameter 'share' must be a finite number, got a number that is not finite."),
        (share(), "0.5", "Parameter 'share' must be a finite number, got '0.5'."),
        (StringParameter("note"), 1, "Parameter 'note' must be a text, got 1."),
        (StringParameter("note"), None, "Parameter 'note' needs a value, got nothing."),
        (BooleanParameter("fast"), 1, "Parameter 'fast' must be true or false, got 1."),
        (BooleanParameter("fast"), "true", "Parameter 'fast' must be true or false, got 'true'."),
    ],
    ids=lambda case: repr(case)[:40],
)
def test_parameter_refuses_in_words(parameter: TypedParameter, value: Any, message: str) -> None:
    """A refused value leaves the parameter as it was, and the message says what is allowed."""
    before = parameter.value
    with pytest.raises(ParameterError) as refusal:
        parameter.set_validated_value(value)
    assert refusal.value.message == str(refusal.value) == message
    assert parameter.value == before


@pytest.mark.parametrize(
    ("parameter", "value", "kept"),
    [
        (duration(), 1, 1),
        (duration(), 60, 60),
        (duration(), 7.0, 7),
        (duration(), Fraction(14, 2), 7),
        (IntegerParameter("count"), 10**40, 10**40),
        (IntegerParameter("count"), -(10**400), -(10**400)),
        (share(), 1, 1.0),
        (share(), 1 + 1e-9, 1.0),
        (share(), -1e-9, 0.0),
        (FloatParameter("x"), 1e308, 1e308),
        (StringParameter("note"), "", ""),
        (StringParameter("note"), "Grüße", "Grüße"),
        (BooleanParameter("fast"), True, True),
    ],
    ids=lambda case: repr(case)[:40],
)
def test_parameter_keeps_valid_value(parameter: TypedParameter, value: Any, kept: Any) -> None:
    """A valid value is kept in the parameter's own form."""
    parameter.set_validated_value(value)
    assert parameter.value == kept
    assert type(parameter.value) is type(kept)


@pytest.mark.parametrize("value", [10**400, Fraction(10**400, 3)], ids=["integer", "fraction"])
def test_number_beyond_float_is_refused(value: Any) -> None:
    """A number too large for a float is a parameter error and not an overflow."""
    with pytest.raises(ParameterError, match=r"beyond 1\.8e308"):
        FloatParameter("x").set_validated_value(value)


@pytest.mark.parametrize(
    ("parameter", "default"),
    [
        (StringParameter("p"), "default"),
        (StringParameter("p", default="x", required=False), "x"),
        (IntegerParameter("p"), 1),
        (FloatParameter("p"), 1.0),
        (BooleanParameter("p"), False),
        (IntegerParameter("p", minvalue=5), 5),
        (FloatParameter("p", maxvalue=0.25), 0.25),
    ],
    ids=repr,
)
def test_parameter_without_value_has_default(parameter: TypedParameter, default: Any) -> None:
    """What was given no value has its default, moved within the bounds, and that value is valid."""
    assert parameter.value == default
    parameter.set_validated_value(parameter.value)
    assert parameter.value == default


def test_optional_parameter_loses_value_to_none() -> None:
    """Giving nothing to a parameter that is not required takes its value away."""
    parameter = IntegerParameter("count", value=7, required=False, default=3)
    parameter.set_validated_value(None)
    assert parameter.value == 3


@pytest.mark.parametrize(
    "construct",
    [
        lambda: IntegerParameter("n", minvalue=2, maxvalue=1),
        lambda: IntegerParameter("n", minvalue=2, value=1),
        lambda: FloatParameter("x", maxvalue=math.nan),
        lambda: StringParameter("s", value=3),  # type: ignore[arg-type]
        lambda: BooleanParameter("b", default=0),  # type: ignore[arg-type]
    ],
    ids=["bounds", "value", "nan bound", "text", "truth"],
)
def test_contradictory_parameter_is_refused(construct: Any) -> None:
    """A parameter that contradicts itself cannot be made."""
    with pytest.raises(ParameterError):
        construct()


def test_long_value_is_cut_in_message() -> None:
    """A message never repeats a long value in full."""
    with pytest.raises(ParameterError) as refusal:
        duration().set_validated_value("x" * 10_000)
    assert len(refusal.value.message) < 200


@given(st.integers())
def test_integer_parameter_is_exact(value: int) -> None:
    """An integer of any size is kept exactly."""
    parameter = IntegerParameter("n")
    parameter.set_validated_value(value)
    assert parameter.value == value


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1), st.floats(1, 2))
def test_float_parameter_stays_within_bounds(value: float, low: float, high: float) -> None:
    """Whatever is given, the value of a bounded number is within its bounds."""
    parameter = FloatParameter("x", minvalue=low, maxvalue=high)
    try:
        parameter.set_validated_value(value)
    except ParameterError:
        assert value < low or value > high
    assert parameter.value is not None
    assert low <= parameter.value <= high
