"""`algomancy-api algorithms`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.commands import Command
from algomancy_api.cli.connection import connected
from algomancy_api.cli.output import print_json, print_table, short_moment

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import ParameterDescriptor


@click.command(cls=Command, examples=("algomancy-api algorithms", 'algomancy-api algorithms "Parameter showcase"'))
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
