"""`name=value` is read as the parameter's descriptor says."""

from __future__ import annotations

from typing import Any

import click
import pytest
from pydantic import TypeAdapter

from algomancy_api.cli.sessions import parse_parameters
from algomancy_api.schemas import ParameterDescriptor

ADAPTER: TypeAdapter[ParameterDescriptor] = TypeAdapter(ParameterDescriptor)


def descriptor(kind: str) -> ParameterDescriptor:
    """A descriptor of this type, named `x`."""
    members: dict[str, Any] = {"name": "x", "type": kind, "required": True, "value": None, "default": None}
    if kind in ("integer", "float"):
        members |= {"min": None, "max": None}
    if kind in ("enum", "multi_enum"):
        members |= {"choices": ["A", "B c", 3, True]}
    if kind == "interval":
        members["default"] = [None, None]
    return ADAPTER.validate_python(members)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "a=b c", "a=b c"),
        ("string", "", ""),
        ("integer", "7", 7),
        ("integer", "-7", -7),
        ("float", "0.5", 0.5),
        ("float", "1e3", 1000.0),
        ("boolean", "true", True),
        ("boolean", "Yes", True),
        ("boolean", "off", False),
        ("boolean", "0", False),
        ("enum", "B c", "B c"),
        ("enum", "3", 3),
        ("enum", "true", True),
        ("enum", "unknown", "unknown"),
        ("multi_enum", "A,B c", ["A", "B c"]),
        ("multi_enum", " A , 3 ,", ["A", 3]),
        ("multi_enum", '["B c", "A"]', ["B c", "A"]),
        ("multi_enum", "", []),
        ("time", "2026-01-02T03:04", "2026-01-02T03:04"),
        ("interval", "2026-01-02,2026-02-03", ["2026-01-02", "2026-02-03"]),
        ("interval", '["2026-01-02", "2026-02-03"]', ["2026-01-02", "2026-02-03"]),
    ],
)
def test_parameter_text_becomes_its_value(kind: str, text: str, value: Any) -> None:
    """Each of the eight types is read from text."""
    parsed = parse_parameters([f"x={text}"], [descriptor(kind)], "It")
    assert parsed == {"x": value}
    assert type(parsed["x"]) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("integer", "seven", "a whole number"),
        ("integer", "7.5", "a whole number"),
        ("float", "nan", "a number"),
        ("float", "inf", "a number"),
        ("float", "", "a number"),
        ("boolean", "maybe", "true or false"),
        ("multi_enum", "[1", "choices separated by commas"),
        ("multi_enum", "[1]", "choices separated by commas"),
        ("interval", "2026-01-02", "start and end in ISO 8601"),
        ("interval", "a,b,c", "start and end in ISO 8601"),
    ],
)
def test_parameter_text_of_another_type_is_refused(kind: str, text: str, wanted: str) -> None:
    """The message names the parameter, what it must be, and what was given."""
    with pytest.raises(click.UsageError, match=f"^Parameter 'x' must be {wanted}") as caught:
        parse_parameters([f"x={text}"], [descriptor(kind)], "It")
    assert caught.value.message.endswith(f", got '{text}'.")


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["x"], "'x' must look like name=value."),
        (["y=1"], "Algorithm 'Slow' has no parameter 'y'. Its parameters: x."),
        (["=1"], "Algorithm 'Slow' has no parameter ''. Its parameters: x."),
        (["x=1", "x=2"], "Parameter 'x' is given twice."),
    ],
    ids=["no value", "unknown", "no name", "twice"],
)
def test_assignments_that_make_no_sense_are_refused(assignments: list[str], message: str) -> None:
    """A person learns which assignment is wrong, and what there is."""
    with pytest.raises(click.UsageError) as caught:
        parse_parameters(assignments, [descriptor("integer")], "Algorithm 'Slow'")
    assert caught.value.message == message
