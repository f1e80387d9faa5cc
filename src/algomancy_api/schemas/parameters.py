"""What describes a parameter to a form: one model per kind, told apart by `type`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from algomancy_api.schemas.fields import Choice, Model, Moment


class _Descriptor(Model):
    name: str
    """Name of the parameter, unique within its set."""
    type: str
    required: bool
    """Whether the parameter must have a value."""


class StringParameterDescriptor(_Descriptor):
    """A parameter that takes text."""

    type: Literal["string"]
    """Kind of the parameter: always `string`."""
    value: str | None
    """The value used when none is given; null when there is none."""
    default: str | None
    """The value a new parameter starts with."""


class IntegerParameterDescriptor(_Descriptor):
    """A parameter that takes a whole number."""

    type: Literal["integer"]
    """Kind of the parameter: always `integer`."""
    value: int | None
    """The value used when none is given, between `min` and `max`; null when there is none."""
    default: int | None
    """The value a new parameter starts with."""
    min: int | None
    """Smallest value allowed; null when unbounded."""
    max: int | None
    """Largest value allowed; null when unbounded."""


class FloatParameterDescriptor(_Descriptor):
    """A parameter that takes a number."""

    type: Literal["float"]
    """Kind of the parameter: always `float`."""
    value: float | None
    """The value used when none is given, between `min` and `max`; null when there is none."""
    default: float | None
    """The value a new parameter starts with."""
    min: float | None
    """Smallest value allowed; null when unbounded."""
    max: float | None
    """Largest value allowed; null when unbounded."""


class BooleanParameterDescriptor(_Descriptor):
    """A parameter that is true or false."""

    type: Literal["boolean"]
    """Kind of the parameter: always `boolean`."""
    value: bool | None
    """The value used when none is given; null when there is none."""
    default: bool | None
    """The value a new parameter starts with."""


class EnumParameterDescriptor(_Descriptor):
    """A parameter that takes one of some choices."""

    type: Literal["enum"]
    """Kind of the parameter: always `enum`."""
    value: Choice | None
    """The choice used when none is given; null when there is none."""
    choices: list[Choice]
    """What may be chosen."""


class MultiEnumParameterDescriptor(_Descriptor):
    """A parameter that takes several of some choices."""

    type: Literal["multi_enum"]
    """Kind of the parameter: always `multi_enum`."""
    value: list[Choice] | None
    """The choices used when none are given; null when there are none."""
    choices: list[Choice]
    """What may be chosen."""


class TimeParameterDescriptor(_Descriptor):
    """A parameter that takes a moment."""

    type: Literal["time"]
    """Kind of the parameter: always `time`."""
    value: Moment | None
    """The moment used when none is given, in ISO 8601; null when there is none."""
    default: Moment | None
    """The moment a new parameter starts with, in ISO 8601; null for the moment of asking."""


class IntervalParameterDescriptor(_Descriptor):
    """A parameter that takes a start and an end."""

    type: Literal["interval"]
    """Kind of the parameter: always `interval`."""
    value: Annotated[list[Moment], Field(min_length=2, max_length=2)] | None
    """Start and end used when none are given, in ISO 8601, start first; null when there are none."""
    default: Annotated[list[Moment | None], Field(min_length=2, max_length=2)]
    """Start and end a new parameter starts with, in ISO 8601."""


ParameterDescriptor = TypeAliasType(
    "ParameterDescriptor",
    Annotated[
        StringParameterDescriptor
        | IntegerParameterDescriptor
        | FloatParameterDescriptor
        | BooleanParameterDescriptor
        | EnumParameterDescriptor
        | MultiEnumParameterDescriptor
        | TimeParameterDescriptor
        | IntervalParameterDescriptor,
        Field(
            discriminator="type", description="What a form needs to know to show one parameter; told apart by `type`."
        ),
    ],
)
"""What a form needs to know to show one parameter; told apart by `type`."""
