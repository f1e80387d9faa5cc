"""`algomancy-api algorithms`, and parameters on the command line: `name=value`, read as their descriptors say."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.commands import connected, examples
from algomancy_api.cli.output import print_json, print_table, short_moment

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import ParameterDescriptor

YES = ("true", "yes", "on", "1")
NO = ("false", "no", "off", "0")


@click.command(epilog=examples("algomancy-api algorithms", 'algomancy-api algorithms "Parameter showcase"'))
@click.argument("name", required=False)
@connected()
def algorithms(client: AlgomancyClient, as_json: bool, name: str | None) -> None:
    """List the algorithms, or the parameters of one."""
    if name is None:
        found = client.list_algorithms()
        if as_json:
            print_json(found)
        else:
            print_table(("Algorithm",), [(algorithm,) for algorithm in found.algorithms])
        return
    described = client.get_algorithm_parameters(name)
    if as_json:
        print_json(described)
    elif not described.parameters:
        click.echo(f"Algorithm '{name}' has no parameters.")
    else:
        columns = ("Parameter", "Type", "Value", "Allowed", "Required")
        print_table(columns, [_row(parameter) for parameter in described.parameters])


def _row(parameter: ParameterDescriptor) -> tuple[str, ...]:
    required = "yes" if parameter.required else "no"
    return parameter.name, parameter.type, _default(parameter), allowed(parameter), required


def _default(parameter: ParameterDescriptor) -> str:
    """The value used when none is given, moments in short."""
    value = parameter.value
    if parameter.type == "time" and isinstance(value, str):
        return short_moment(value)
    if parameter.type == "interval" and isinstance(value, list):
        return ", ".join(short_moment(str(moment)) for moment in value)
    return value_text(value)


def allowed(parameter: ParameterDescriptor) -> str:
    """The bounds or choices of a parameter, in words."""
    if parameter.type == "enum" or parameter.type == "multi_enum":
        return ", ".join(value_text(choice) for choice in parameter.choices)
    if parameter.type == "integer" or parameter.type == "float":
        low, high = parameter.min, parameter.max
        if low is not None and high is not None:
            return f"{value_text(low)} to {value_text(high)}"
        if low is not None:
            return f"at least {value_text(low)}"
        if high is not None:
            return f"at most {value_text(high)}"
    if parameter.type == "boolean":
        return "true, false"
    return ""


def value_text(value: Any) -> str:  # noqa: ANN401 - a value of any of the eight types
    """A parameter's value as a person writes it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(value_text(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


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
