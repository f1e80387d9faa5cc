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


def describe_parameter_set(params: BaseParameterSet) -> dict[str, Any]:
    """Return the name of a set, and one descriptor per parameter, in the order they were declared (contract ALG-3).

    Args:
        params: The set; its values are the described ones.

    Returns:
        `name` and `parameters`, each as `describe_parameter` has it.
    """
    return {"name": params.name, "parameters": [describe_parameter(each) for each in params.get_parameters().values()]}


def describe_parameter(param: TypedParameter) -> dict[str, Any]:
    """Return the descriptor of a parameter.

    Returns:
        An object with `name`, `type`, `required` and `value`; numbers add `default`, `min` and `max`, enumerations
        `choices`, text, truth values and times `default`, intervals `default` as a pair. Times are in ISO 8601.
    """
    kind = str(param.parameter_type)
    descriptor = {"name": param.name, "type": kind, "required": param.required, "value": _json_form(param.value)}
    for limit in _LIMITS[kind]:
        descriptor[limit] = _json_form(_limit(param, kind, limit))
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
