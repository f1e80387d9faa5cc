"""What describes a parameter to a form: one model per kind, told apart by `type`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from algomancy_api.schemas.fields import Choice, Model, Moment


class StringParameterDescriptor(Model):
    """A parameter that takes text."""

    name: str
    """Name of the parameter, unique within its set."""
    type: Literal["string"]
    """Kind of the parameter: always `string`."""
    required: bool
    """Whether the parameter must have a value."""
    value: str | None
    """The value used when none is given; null when there is none."""
    default: str | None
    """The value a new parameter starts with."""


class IntegerParameterDescriptor(Model):
    """A parameter that takes a whole number."""

    name: str
    """Name of the parameter, unique within its set."""
    type: Literal["integer"]
    """Kind of the parameter: always `integer`."""
    required: bool
    """Whether the parameter must have a value."""
    value: int | None
    """The value used when none is given, between `min` and `max`; null when there is none."""
    default: int | None
    """The value a new parameter starts with."""
    min: int | None
    """Smallest value allowed; null when unbounded."""
    max: int | None
    """Largest value allowed; null when unbounded."""


class FloatParameterDescriptor(Model):
    """A parameter that takes a number."""

    name: str
    """Name of the parameter, unique within its set."""
    type: Literal["float"]
    """Kind of the parameter: always `float`."""
    required: bool
    """Whether the parameter must have a value."""
    value: float | None
    """The value used when none is given, between `min` and `max`; null when there is none."""
    default: float | None
    """The value a new parameter starts with."""
    min: float | None
    """Smallest value allowed; null when unbounded."""
    max: float | None
    """Largest value allowed; null when unbounded."""


class BooleanParameterDescriptor(Model):
    """A parameter that is true or false."""

    name: str
    """Name of the parameter, unique within its set."""
    type: Literal["boolean"]
    """Kind of the parameter: always `boolean`."""
    required: bool
    """Whether the parameter must have a value."""
    value: bool | None
    """The value used when none is given; null when there is none."""
    default: bool | None
    """The value a new parameter starts with."""


class EnumParameterDescriptor(Model):
    """A parameter that takes one of some choices."""

    name: str
    """Name of the parameter, unique within its set."""
    type: Literal["enum"]
    """Kind of the parameter: always `enum`."""
    required: bool
    """Whether the parameter must have a value."""
    value: Choice | None
    """The choice used when none is given; null when there is none."""
    choices: list[Choice]
    """What may be chosen."""


class MultiEnumParameterDescriptor(Model):
    """A parameter that takes several of some choices."""

    name: str
    """Name of the parameter, unique within its set."""
    type: Literal["multi_enum"]
    """Kind of the parameter: always `multi_enum`."""
    required: bool
    """Whether the parameter must have a value."""
    value: list[Choice] | None
    """The choices used when none are given; null when there are none."""
    choices: list[Choice]
    """What may be chosen."""


class TimeParameterDescriptor(Model):
    """A parameter that takes a moment."""

    name: str
    """Name of the parameter, unique within its set."""
    type: Literal["time"]
    """Kind of the parameter: always `time`."""
    required: bool
    """Whether the parameter must have a value."""
    value: Moment | None
    """The moment used when none is given, in ISO 8601; null when there is none."""
    default: Moment | None
    """The moment a new parameter starts with, in ISO 8601; null for the moment of asking."""


class IntervalParameterDescriptor(Model):
    """A parameter that takes a start and an end."""

    name: str
    """Name of the parameter, unique within its set."""
    type: Literal["interval"]
    """Kind of the parameter: always `interval`."""
    required: bool
    """Whether the parameter must have a value."""
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
