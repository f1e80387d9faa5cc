"""Words for what is wrong with a request's body or query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_PARTS = {"body": "Field", "query": "Query parameter", "path": "Path parameter", "header": "Header", "cookie": "Cookie"}

_DEMANDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "is required",
    "string_type": lambda _: "must be a string",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda limits: f"must be at most {limits['max_length']} characters long",
    "string_pattern_mismatch": lambda _: "must not be blank or hold control characters",
    "bool_type": lambda _: "must be true or false",
    "int_type": lambda _: "must be an integer",
    "int_parsing": lambda _: "must be an integer",
    "int_parsing_size": lambda _: "must be an integer of fewer digits",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "list_type": lambda _: "must be an array",
    "dict_type": lambda _: "must be an object",
    "model_type": lambda _: "must be an object",
    "model_attributes_type": lambda _: "must be an object",
    "greater_than_equal": lambda limits: f"must be at least {limits['ge']}",
    "less_than_equal": lambda limits: f"must be at most {limits['le']}",
    "enum": lambda limits: f"must be {limits['expected']}",
}


def describe_validation_errors(errors: Sequence[Any], part: str = "body") -> str:
    """Return one line that names each field at fault and says what it must be.

    Args:
        errors: pydantic's errors, as `ValidationError.errors()` gives them.
        part: Where the values came from, for errors whose location does not begin with it.

    Returns:
        For example `Field 'tag' is required.`
    """
    return " ".join(dict.fromkeys(_describe(error, part) for error in errors)) or "The request is not valid."


def _describe(error: Mapping[str, Any], part: str) -> str:
    location = [str(step) for step in error.get("loc", ())]
    if location and location[0] in _PARTS:
        part, location = location[0], location[1:]
    demand = _DEMANDS.get(error.get("type", ""))
    limits = error.get("ctx") or {}
    words = demand(limits) if demand else f"is not valid: {error.get('msg', 'wrong value')}"
    if error.get("type") == "json_invalid" or not location:
        return "The body must be a JSON object." if part == "body" else "The request is not valid."
    return f"{_PARTS[part]} '{'.'.join(location)}' {words}."
