"""One choice, or several: what they accept, what they refuse and what they say then."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Any

import pytest

from algomancy_utils.baseparameterset import EnumParameter, MultiEnumParameter, ParameterError


class Colour(StrEnum):
    """Choices that are texts."""

    RED = "red"
    BLUE = "blue"


class Level(Enum):
    """Choices that stand for numbers."""

    LOW = 1
    HIGH = 2


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        (EnumParameter("mode", ["a", "b"]), "c", "Parameter 'mode' must be one of 'a', 'b', got 'c'."),
        (EnumParameter("mode", ["a", "b"]), ["a"], "Parameter 'mode' must be one of 'a', 'b', got [\"a\"]."),
        (EnumParameter("mode", [0, 1]), True, "Parameter 'mode' must be one of 0, 1, got true."),
        (EnumParameter("mode", ["a"]), None, "Parameter 'mode' needs a value, got nothing."),
        (
            MultiEnumParameter("days", ["mo", "tu"]),
            "mo",
            "Parameter 'days' must be a list of some of 'mo', 'tu', got 'mo'.",
        ),
        (
            MultiEnumParameter("days", ["mo", "tu"]),
            ["mo", "we"],
            "Parameter 'days' must be a list of some of 'mo', 'tu', got [\"mo\", \"we\"].",
        ),
        (
            MultiEnumParameter("days", ["mo", "tu"]),
            {"mo": 1},
            "Parameter 'days' must be a list of some of 'mo', 'tu', got {\"mo\": 1}.",
        ),
    ],
    ids=lambda case: repr(case)[:40],
)
def test_choice_refuses_in_words(parameter: Any, value: Any, message: str) -> None:
    """A refused choice leaves the parameter as it was, and the message lists the choices."""
    before = parameter.value
    with pytest.raises(ParameterError) as refusal:
        parameter.set_validated_value(value)
    assert refusal.value.message == message
    assert parameter.value == before


@pytest.mark.parametrize(
    ("parameter", "value", "kept"),
    [
        (EnumParameter("p", ["a", "b"]), "b", "b"),
        (EnumParameter("p", (x for x in "ab")), "b", "b"),
        (EnumParameter("p", Colour), "blue", Colour.BLUE),
        (EnumParameter("p", Level), 2, Level.HIGH),
        (EnumParameter("p", Level), Level.HIGH, Level.HIGH),
        (EnumParameter("p", [False, 0, 1]), 0, 0),
        (MultiEnumParameter("p", ["a", "b", "c"]), ["c", "a"], ["c", "a"]),
        (MultiEnumParameter("p", ["a", "b", "c"]), ("c", "c"), ["c", "c"]),
        (MultiEnumParameter("p", ["a", "b"]), [], []),
    ],
    ids=lambda case: repr(case)[:40],
)
def test_choice_keeps_valid_value(parameter: Any, value: Any, kept: Any) -> None:
    """A valid choice is kept as the choice itself, and its JSON form means the same."""
    parameter.set_validated_value(value)
    assert parameter.value == kept
    assert type(parameter.value) is type(kept)
    parameter.set_validated_value(parameter.to_json_value())
    assert parameter.value == kept


def test_unset_choice_is_first() -> None:
    """While nothing was chosen, the first choice counts."""
    assert EnumParameter("p", ["a", "b"]).value == "a"
    assert MultiEnumParameter("p", ["a", "b"]).value == ["a"]


@pytest.mark.parametrize("kind", [EnumParameter, MultiEnumParameter])
def test_choice_without_choices_is_refused(kind: Any) -> None:
    """There is no choosing from nothing."""
    with pytest.raises(ParameterError, match="at least one choice") as caught:
        kind("p", [])
    assert isinstance(caught.value, AssertionError), "What Algomancy's own packages raise."


def test_chosen_list_is_independent() -> None:
    """Changing the list read from a parameter does not change the parameter."""
    parameter = MultiEnumParameter("p", ["a", "b"], value=["b"])
    parameter.value.append("nonsense")
    assert parameter.value == ["b"]
