"""Values of parameters, from JSON to what a parameter set takes, told apart more strictly than every backend does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import algomancy_api.installation  # noqa: F401 - says what to install where no backend is
from algomancy_utils.baseparameterset import BaseParameterSet, ParameterError


def read_values(parameters: BaseParameterSet, values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the values with whole numbers, instants and pairs of instants as Python has them.

    A value that the parameter set itself refuses is left to it.

    Raises:
        ParameterError: A boolean stands for a number, something else for a boolean, or a text is no instant.
    """
    if values is None:
        return None
    known = parameters.get_parameters()
    return {
        name: _read(name, str(known[name].parameter_type), value) if name in known else value
        for name, value in values.items()
    }


def _read(name: str, kind: str, value: Any) -> Any:  # noqa: ANN401 - a value of any parameter
    if kind in ("integer", "float") and isinstance(value, bool):
        raise ParameterError(f"Parameter '{name}' takes a number, not a boolean.")
    if kind == "boolean" and not isinstance(value, bool):
        raise ParameterError(f"Parameter '{name}' takes true or false.")
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind == "time":
        return _instant(name, value)
    if kind == "interval" and isinstance(value, list):
        return tuple(_instant(name, each) for each in value)
    return value


def _instant(name: str, value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ParameterError(f"Parameter '{name}' takes an instant in ISO 8601, such as 2026-03-01T06:00:00.") from None
