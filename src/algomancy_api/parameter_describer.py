"""Describes parameter sets so that a frontend can draw a form for them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from algomancy_utils.baseparameterset import BaseParameterSet, TypedParameter

_LIMITS = {
    "string": ("default",),
    "integer": ("default", "min", "max"),
    "float": ("default", "min", "max"),
    "boolean": ("default",),
    "enum": ("choices",),
    "multi_enum": ("choices",),
    "time": ("default",),
    "interval": ("default",),
}


def describe_parameter_set(parameters: BaseParameterSet) -> list[dict[str, Any]]:
    """Return one descriptor per parameter, in the order they were declared (contract ALG-3).

    Args:
        parameters: The set; its values are the described ones.

    Returns:
        Objects with `name`, `type`, `required` and `value`; numbers add `default`, `min` and `max`, enumerations
        `choices`, text, truth values and times `default`, intervals `default` as a pair. Times are in ISO 8601.
    """
    return [_describe(name, parameter) for name, parameter in parameters.get_parameters().items()]


def _describe(name: str, parameter: TypedParameter) -> dict[str, Any]:
    kind = str(parameter.parameter_type)
    descriptor = {"name": name, "type": kind, "required": parameter.required, "value": _json_form(parameter.value)}
    for limit in _LIMITS[kind]:
        descriptor[limit] = _json_form(_limit(parameter, kind, limit))
    return descriptor


def _limit(parameter: TypedParameter, kind: str, limit: str) -> Any:  # noqa: ANN401 - each kind has its own
    if kind == "interval":
        return [getattr(parameter, "default_start", None), getattr(parameter, "default_end", None)]
    return getattr(parameter, limit, None)


def _json_form(value: Any) -> Any:  # noqa: ANN401 - any parameter value in, any JSON value out
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [_json_form(member) for member in value]
    return value
