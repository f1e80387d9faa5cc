"""Descriptors of all eight kinds of parameter (contract ALG-3)."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pydantic
import pytest

from algomancy_api.parameter_describer import describe_parameter, describe_parameter_set
from algomancy_api.schemas import ParameterList
from algomancy_data.encoding import encode_json
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
    TypedParameter,
)


class Colour(Enum):
    """A choice that is no plain value."""

    RED = "red"
    BLUE = "blue"


class Parameters(BaseParameterSet):
    """Whatever parameters it is given."""

    def __init__(self, *parameters: TypedParameter) -> None:
        super().__init__("all")
        self.add_parameters(parameters)

    def validate(self) -> None:
        """Nothing to check."""


MOMENT = datetime(2026, 1, 31, 8, tzinfo=UTC)
KINDS: dict[str, tuple[TypedParameter, dict[str, Any]]] = {
    "string": (StringParameter("p", value="x"), {"value": "x", "default": "default"}),
    "integer": (IntegerParameter("p", 1, None, value=7), {"value": 7, "default": 1, "min": 1, "max": None}),
    "float": (FloatParameter("p", None, 2.5), {"value": 1.0, "default": 1.0, "min": None, "max": 2.5}),
    "boolean": (BooleanParameter("p", required=False), {"required": False, "value": False, "default": False}),
    "enum": (EnumParameter("p", list(Colour)), {"value": "red", "choices": ["red", "blue"]}),
    "multi_enum": (MultiEnumParameter("p", ["a", 2], value=[2]), {"value": [2], "choices": ["a", 2]}),
    "time": (
        TimeParameter("p", default=MOMENT),
        {"value": "2026-01-31T08:00:00+00:00", "default": "2026-01-31T08:00:00+00:00"},
    ),
    "interval": (
        IntervalParameter("p", value=(MOMENT, MOMENT), default=(MOMENT, MOMENT)),
        {"value": ["2026-01-31T08:00:00+00:00"] * 2, "default": ["2026-01-31T08:00:00+00:00"] * 2},
    ),
}


@pytest.mark.parametrize(("kind", "parameter", "expected"), [(k, p, e) for k, (p, e) in KINDS.items()], ids=KINDS)
def test_descriptor_has_the_members_of_its_kind(kind: str, parameter: TypedParameter, expected: dict[str, Any]) -> None:
    """Name, type, required and value, and what its kind adds; nothing else."""
    descriptor = {"name": "p", "type": kind, "required": True, **expected}
    assert describe_parameter(parameter) == descriptor
    parameters = Parameters(parameter)
    assert describe_parameter_set(parameters) == {"name": parameters.name, "parameters": [descriptor]}


def test_descriptors_are_what_the_model_says() -> None:
    """Every kind passes the documented union, read strictly from JSON."""
    described = [{**describe_parameter(parameter), "name": kind} for kind, (parameter, _) in KINDS.items()]
    read = ParameterList.model_validate_json(encode_json({"name": "all", "parameters": described}))
    assert [type(descriptor).__name__ for descriptor in read.parameters] == [
        f"{kind.title().replace('_', '')}ParameterDescriptor" for kind in KINDS
    ]
    assert read.model_dump(mode="json")["parameters"] == described
    with pytest.raises(pydantic.ValidationError):
        ParameterList.model_validate({"name": "x", "parameters": [{"type": "colour"}]})
