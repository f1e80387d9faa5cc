"""The set of parameters: locking, setting together, copying and the round trip through JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algomancy_utils.baseparameterset import (
    BaseParameterSet,
    BooleanParameter,
    EmptyParameters,
    EnumParameter,
    FloatParameter,
    IntegerParameter,
    IntervalParameter,
    MultiEnumParameter,
    ParameterError,
    ParameterType,
    StringParameter,
    TimeParameter,
    TypedParameter,
)


class EveryType(BaseParameterSet):
    """One parameter of each type, and a rule between two of them."""

    def __init__(self, name: str = "Every type") -> None:
        super().__init__(name)
        self.add_parameters(
            [
                StringParameter("string"),
                IntegerParameter("integer", maxvalue=10**30),
                FloatParameter("float"),
                BooleanParameter("boolean"),
                EnumParameter("enum", ["a", "b"]),
                MultiEnumParameter("multi_enum", ["a", "b", "c"], required=False),
                TimeParameter("time"),
                IntervalParameter("interval"),
            ]
        )
        self.history: list[str] = []

    def validate(self) -> None:
        """Demand that 'b' is chosen for integers above 100 alone."""
        if self["enum"] == "b" and self._parameters["integer"].value > 100:
            raise ParameterError("Parameter 'integer' must be at most 100 for 'b'.")


class Pair(BaseParameterSet):
    """Two bounds, checked by `assert`."""

    def __init__(self, message: str = "") -> None:
        super().__init__("Pair")
        self.low = IntegerParameter("low", default=1)
        self.add_parameters([self.low])
        self.add_parameters([IntegerParameter("high", default=2)])
        self._message = message

    def validate(self) -> None:
        """Demand an order."""
        assert self["low"] <= self["high"], self._message


def test_every_type_is_spelled_as_in_descriptor() -> None:
    """The eight types carry the names the contract gives them."""
    parameters = EveryType().get_parameters()
    assert [parameter.parameter_type for parameter in parameters.values()] == list(parameters)
    assert set(ParameterType) == set(parameters)


def test_set_is_locked_after_init() -> None:
    """Once a set is made no parameter can be added, also not behind its back."""
    parameters = Pair()
    with pytest.raises(ParameterError, match="only be added while"):
        parameters.add_parameters([IntegerParameter("another")])
    parameters.get_parameters()["another"] = IntegerParameter("another")
    assert not parameters.contains("another")


def test_parameter_takes_the_place_of_one_of_its_name() -> None:
    """A subclass says anew what a parameter of its base may be; the place in the list stays."""

    class Narrow(Pair):
        def __init__(self) -> None:
            super().__init__()
            self.add_parameters([IntegerParameter("low", minvalue=3, maxvalue=4, default=3)])

    assert Narrow().get_values() == {"low": 3, "high": 2}
    with pytest.raises(ParameterError, match="'low' must be at least 3"):
        Narrow().set_values({"low": 2})


def test_subclass_may_have_helpers_of_any_name() -> None:
    """A method of a subclass that happens to be called as one might inside the set is not taken for it."""

    class Checked(Pair):
        def _validate(self, limit: int) -> None:
            if self["high"] > limit:
                raise ParameterError("too high")

        def validate(self) -> None:
            self._validate(9)

    parameters = Checked()
    parameters.set_validated_values({"high": 9})
    with pytest.raises(ParameterError, match="too high"):
        parameters.set_validated_values({"high": 10})


def test_set_reads_values() -> None:
    """Values are read by name, one or all."""
    parameters = Pair()
    assert parameters["low"] == 1
    assert parameters.get_values() == {"low": 1, "high": 2}
    assert parameters.has_inputs()
    assert parameters.contains("low")
    assert "high" in parameters
    assert "height" not in parameters
    assert parameters.name == "Pair"


def test_empty_parameters_take_nothing() -> None:
    """The empty set accepts no values and says that there are none."""
    parameters = EmptyParameters()
    parameters.set_validated_values({})
    assert not parameters.has_inputs()
    assert (parameters.name, parameters.get_json_values()) == ("empty", {})
    assert parameters.serialize() == '{"name": "empty", "parameters": {}}'
    with pytest.raises(ParameterError, match="'x' does not exist, allowed are: none"):
        parameters.set_validated_values({"x": 1})


@pytest.mark.parametrize("setter", ["set_values", "set_validated_values"])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"low": 5, "depth": 1}, "Parameter 'depth' does not exist, allowed are: 'low', 'high'."),
        ({"low": 5, "high": "x"}, "Parameter 'high' must be an integer, got 'x'."),
        ({"low": 5, 1: 1}, "Parameter 1 does not exist, allowed are: 'low', 'high'."),
        ([5, 6], "Parameters must be given as an object of names and values, got [5, 6]."),
        (None, "Parameters must be given as an object of names and values, got nothing."),
    ],
    ids=["unknown", "invalid", "odd name", "list", "none"],
)
def test_refused_values_change_nothing(setter: str, values: Any, message: str) -> None:
    """Values are taken together or not at all."""
    parameters = Pair()
    with pytest.raises(ParameterError) as refusal:
        getattr(parameters, setter)(values)
    assert refusal.value.message == message
    assert parameters.get_values() == {"low": 1, "high": 2}


def test_validate_refusal_changes_nothing() -> None:
    """When the set as a whole objects, every value is as before."""
    parameters = EveryType()
    before = parameters.get_values()
    with pytest.raises(ParameterError, match="at most 100 for 'b'"):
        parameters.set_validated_values({"string": "new", "enum": "b", "integer": 101})
    assert parameters.get_values() == before


@pytest.mark.parametrize(
    ("message", "words"), [("low is above high", "low is above high"), ("", "'Pair' do not go together")]
)
def test_failed_assertion_of_validate_is_parameter_error(message: str, words: str) -> None:
    """A set that checks with `assert` refuses its input like any other."""
    with pytest.raises(ParameterError) as refusal:
        Pair(message).set_validated_values({"low": 3})
    # A newer Python or pytest may say more than the message.
    assert words in refusal.value.message or not message


def test_set_values_does_not_validate_set() -> None:
    """Values can be set one after another through states the set as a whole would refuse."""
    parameters = Pair()
    parameters.set_values({"low": 3})
    assert parameters["low"] == 3


def test_all_wrong_values_are_told_at_once() -> None:
    """One round is enough to mend them all, and none of them was set."""
    parameters = Pair()
    with pytest.raises(ParameterError) as caught:
        parameters.set_validated_values({"low": "x", "depth": 1, "high": None})
    for name in ("'low'", "'depth'", "'high'"):
        assert f"Parameter {name} " in str(caught.value)
    assert parameters.get_values() == Pair().get_values()
    with pytest.raises(ParameterError, match=r"more are not valid\.$"):
        parameters.set_values({str(number): number for number in range(30)})


def test_unknown_name_cannot_be_read() -> None:
    """Reading a parameter that does not exist names those that do; it is the `KeyError` of any mapping, too."""
    with pytest.raises(ParameterError, match="allowed are: 'low', 'high'") as caught:
        Pair()["depth"]
    assert isinstance(caught.value, KeyError)


def test_copy_is_independent() -> None:
    """What is done to a copy, its parameters and its attributes, does not show in the original."""
    original = Pair()
    twin = original.copy()
    twin.set_validated_values({"low": 2})
    assert (original["low"], twin["low"]) == (1, 2)
    assert twin.low is twin.get_parameters()["low"]
    assert original.low.value == 1
    every = EveryType()
    every.copy().history.append("x")
    assert every.history == []


def test_copy_is_locked() -> None:
    """A copy is as closed as its original."""
    with pytest.raises(ParameterError):
        Pair().copy().add_parameters([])


@pytest.mark.parametrize("text", ["", "[", "nonsense", "[" * 100_000], ids=["empty", "cut", "word", "deep"])
def test_deserialize_refuses_other_text(text: str) -> None:
    """Text that is no JSON object is a parameter error."""
    with pytest.raises(ParameterError, match="JSON object"):
        Pair.deserialize(text)


def test_deserialize_reads_what_is_named() -> None:
    """Parameters the text does not name keep their defaults; names that do not exist are refused."""
    assert Pair.deserialize('{"name": "whatever", "parameters": {"low": 2}}').get_values() == {"low": 2, "high": 2}
    assert Pair.deserialize("{}").get_values() == {"low": 1, "high": 2}
    with pytest.raises(ParameterError, match="'depth' does not exist"):
        Pair.deserialize('{"parameters": {"depth": 2}}')


def test_input_form_gives_truth_values() -> None:
    """A list of ticked boxes, as an input form sends it, becomes a truth value; everything else stays."""
    parameters = EveryType()
    assert parameters.get_boolean_parameter_names() == ["boolean"]
    values: dict[str, Any] = {"boolean": ["boolean"], "integer": 3}
    parameters.repair_param_dict(values)
    assert values == {"boolean": True, "integer": 3}
    values["boolean"] = []
    parameters.repair_param_dict(values)
    assert values["boolean"] is False


def test_parameter_type_of_ones_own_says_what_it_accepts() -> None:
    """A user's kind of parameter defines `value` and `_validate`; a subclass of a kind there is may be stricter."""

    class Even(IntegerParameter):
        """An even integer."""

        def _validate(self, value: Any) -> None:
            super()._validate(value)
            if value % 2:
                raise ParameterError("Odd.")

    class Point(TypedParameter):
        """A pair of coordinates."""

        @property
        def value(self) -> Any:
            return self._value

        def _validate(self, value: Any) -> None:
            if len(value) != 2:
                raise ParameterError("No pair.")

    even, point = Even("even", default=2), Point("point", ParameterType.STRING, required=True)
    even.set_validated_value(4.0)
    point.set_validated_value((1, 2))
    assert (even.value, point.value) == (4, (1, 2))
    with pytest.raises(ParameterError, match="Odd"):
        even.set_validated_value(3)
    with pytest.raises(ParameterError, match="No pair"):
        point.set_validated_value((1,))


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (IntegerParameter("n", default=3), "n: 3"),
        (FloatParameter("x", value=1.239), "x: 1.24"),
        (MultiEnumParameter("m", ["a", "b"]), "m: ['a']"),
        (TimeParameter("t", default="2025-01-01"), "t: 2025-01-01T00:00:00"),
        (IntervalParameter("i", default=("2025-01-01", "2025-02-01")), "i: [2025-01-01T00:00:00, 2025-02-01T00:00:00]"),
    ],
    ids=lambda case: case if isinstance(case, str) else case.name,
)
def test_parameter_is_written_with_its_value(parameter: TypedParameter, text: str) -> None:
    """The text of a parameter is for a log."""
    assert str(parameter) == text


_moments = st.datetimes(timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=-5, minutes=-30))]))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "string": st.text(),
            "integer": st.integers(max_value=100),
            "float": st.floats(allow_nan=False, allow_infinity=False),
            "boolean": st.booleans(),
            "enum": st.sampled_from("ab"),
            "multi_enum": st.lists(st.sampled_from("abc"), unique=True),
            "time": _moments,
            "interval": st.lists(st.datetimes(), min_size=2, max_size=2).map(sorted).map(tuple),
        },
    )
)
def test_serialize_round_trip_is_exact(values: dict[str, Any]) -> None:
    """What is written as JSON and read back is the same, for every type."""
    parameters = EveryType()
    parameters.set_validated_values(values)
    assert parameters.get_values() == {**parameters.get_values(), **values}
    written = parameters.serialize()
    assert str(parameters) == written
    back = EveryType.deserialize(written)
    assert back.get_values() == parameters.get_values()
    assert back.serialize() == written
    assert json.loads(written) == {"name": parameters.name, "parameters": parameters.get_json_values()}


def test_aware_time_keeps_offset() -> None:
    """The offset of a time survives the round trip."""
    parameters = EveryType()
    parameters.set_validated_values({"time": "2025-06-01T12:00:00+02:00"})
    assert parameters.get_json_values()["time"] == "2025-06-01T12:00:00+02:00"
    assert parameters["time"] == datetime(2025, 6, 1, 10, tzinfo=UTC)


@given(
    st.dictionaries(
        st.sampled_from(["string", "integer", "float", "boolean", "enum", "multi_enum", "time", "interval", "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _moments,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
            max_leaves=4,
        ),
    )
)
def test_no_input_raises_anything_else(values: dict[str, Any]) -> None:
    """Whatever a caller sends, it is either taken or refused with a parameter error."""
    parameters = EveryType()
    before = parameters.get_values()
    try:
        parameters.set_validated_values(values)
    except ParameterError:
        assert parameters.get_values() == before
    assert json.dumps(parameters.get_json_values(), allow_nan=False)
