"""Parameters on the command line: `name=value`, read as the server's descriptor of that parameter says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.algorithms import value_text

if TYPE_CHECKING:
    from algomancy_api.schemas import ParameterDescriptor

YES = ("true", "yes", "on", "1")
NO = ("false", "no", "off", "0")


def parse_parameters(
    assignments: Sequence[str], descriptors: Sequence[ParameterDescriptor], owner: str
) -> dict[str, Any]:
    """The values that `name=value` texts give to parameters.

    Whether a value is within its bounds is for the server to say.

    Args:
        assignments: the texts.
        descriptors: the parameters there are.
        owner: what they belong to, for messages.

    Raises:
        click.UsageError: a text has no `=`, names no parameter, names one twice, or its value is of another type.
    """
    by_name = {descriptor.name: descriptor for descriptor in descriptors}
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise click.UsageError(f"'{assignment}' must look like name=value.")
        if name not in by_name:
            known = ", ".join(by_name) or "it has none"
            raise click.UsageError(f"{owner} has no parameter '{name}'. Its parameters: {known}.")
        if name in values:
            raise click.UsageError(f"Parameter '{name}' is given twice.")
        descriptor = by_name[name]
        wanted, read = _READERS[descriptor.type]
        try:
            values[name] = _chosen(read(text), descriptor)
        except ValueError:
            raise click.UsageError(f"Parameter '{name}' must be {wanted}, got '{text}'.") from None
    return values


def _chosen(value: Any, descriptor: ParameterDescriptor) -> Any:  # noqa: ANN401 - a value of any type
    """The choices that texts stand for, which may be numbers; a text that stands for none is left to the server."""
    if descriptor.type == "enum":
        return next((choice for choice in descriptor.choices if value_text(choice) == value), value)
    if descriptor.type == "multi_enum":
        return [next((choice for choice in descriptor.choices if value_text(choice) == item), item) for item in value]
    return value


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in YES + NO:
        raise ValueError(text)
    return word in YES


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _list(text: str) -> list[str]:
    """The items of a JSON array, or of a list with commas."""
    if text.lstrip().startswith("["):
        items = json.loads(text)
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise ValueError(text)
        return items
    return [item.strip() for item in text.split(",") if item.strip()]


def _pair(text: str) -> list[str]:
    items = _list(text)
    if len(items) != 2:
        raise ValueError(text)
    return items


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "string": ("text", str),
    "integer": ("a whole number", int),
    "float": ("a number", _float),
    "boolean": ("true or false", _boolean),
    "enum": ("one of its choices", str),
    "multi_enum": ("choices separated by commas, or a JSON array of them", _list),
    "time": ("a moment in ISO 8601", str),
    "interval": ("start and end in ISO 8601, separated by a comma", _pair),
}
"""What a value of each type is, in words, and how it is read from text."""
