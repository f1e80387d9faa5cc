"""`algomancy-api sessions`, `copy-state`, which copies all of them, and `algorithms`, which each of them offers.

Parameters on the command line are `name=value`, read as their descriptors say.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.commands import CouldNot, ListingGroup, connected, examples
from algomancy_api.cli.output import print_json, print_table, progress_bar, short_moment, tell

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import ParameterDescriptor


@click.group(cls=ListingGroup, epilog=examples("algomancy-api sessions", 'algomancy-api sessions copy main "What if"'))
def sessions() -> None:
    """List, create, copy, rename and delete sessions.

    SESSION is the id or the name of one. Without a command they are listed.
    """


@sessions.command("list", epilog=examples("algomancy-api sessions list --url http://127.0.0.1:8051"))
@connected(in_session=False)
def list_(client: AlgomancyClient, as_json: bool) -> None:
    """List the sessions of a server."""
    found = client.list_sessions()
    if as_json:
        print_json(found)
    else:
        rows = [(s.display_name, s.id, "default" if s.id == found.default else "") for s in found.sessions]
        print_table(("Session", "Id", ""), rows)


@sessions.command(epilog=examples('algomancy-api sessions create "Next year"'))
@click.argument("name")
@connected(in_session=False)
def create(client: AlgomancyClient, as_json: bool, name: str) -> None:
    """Create the session NAME, empty of data and scenarios."""
    tell(client.create_session(name), as_json, f"Created '{name}'.")


@sessions.command(epilog=examples('algomancy-api sessions copy main "What if"'))
@click.argument("session", metavar="SESSION")
@click.argument("name")
@connected(in_session=False)
def copy(client: AlgomancyClient, as_json: bool, session: str, name: str) -> None:
    """Copy SESSION with its data and scenarios as NAME."""
    tell(client.copy_session(session, name), as_json, f"Copied '{session}' as '{name}'.")


@sessions.command(epilog=examples('algomancy-api sessions rename "What if" "Plan B"'))
@click.argument("session", metavar="SESSION")
@click.argument("name")
@connected(in_session=False)
def rename(client: AlgomancyClient, as_json: bool, session: str, name: str) -> None:
    """Give SESSION another name; its id stays."""
    client.rename_session(session, name)
    tell(client.list_sessions(), as_json, f"Renamed '{session}' to '{name}'.")


@sessions.command(epilog=examples('algomancy-api sessions delete "Next year"'))
@click.argument("session", metavar="SESSION")
@connected(in_session=False)
def delete(client: AlgomancyClient, as_json: bool, session: str) -> None:
    """Delete SESSION with all its data and scenarios.

    A fresh session named main takes the place of the last one.
    """
    tell(client.delete_session(session), as_json, f"Deleted '{session}'.")


@click.command(
    "copy-state",
    epilog=examples(
        "algomancy-api copy-state state sqlite:///state.db", "algomancy-api copy-state sqlite:///state.db state-again"
    ),
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option(
    "--config",
    metavar="MODULE:ATTRIBUTE",
    help="The configuration, where datasets are of a class of its own, or there as raw files.",
)
def copy_state(source: str, target: str, config: str | None) -> None:
    """Copy a state between folder and database.

    FROM and TO, which must be empty, are each a folder or the URL of a database, such as sqlite:///state.db or
    postgresql://user@host/name. Sessions, datasets and scenarios keep their ids, times and results; what was queued is
    queued. Stop the servers of both first.
    """
    from algomancy_api.cli.served import load_configuration
    from algomancy_scenario.sessionmanager import SessionManager

    copy = getattr(SessionManager, "copy_state", None)
    if copy is None:
        raise CouldNot("This backend does not offer that.")
    found = None if config is None else load_configuration(config)
    from rich.progress import MofNCompleteColumn

    with progress_bar(MofNCompleteColumn()) as move:
        try:
            counts = copy(
                source, target, found, lambda done, total: move(description="Copying", completed=done, total=total)
            )
        except (ValueError, TypeError, OSError) as error:
            raise CouldNot(str(error)) from error
    told = (f"{number} {kind.removesuffix('s') if number == 1 else kind}" for kind, number in counts.items())
    click.echo(f"Copied {', '.join(told)}.")


# --- what a session offers --------------------------------------------------------------------------------------------


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
        try:
            values[name] = _chosen(_read(text, descriptor.type), descriptor)
        except ValueError:
            wanted = _WANTED[descriptor.type]
            raise click.UsageError(f"Parameter '{name}' must be {wanted}, got '{text}'.") from None
    return values


def _chosen(value: Any, descriptor: ParameterDescriptor) -> Any:  # noqa: ANN401 - a value of any type
    """The choices that texts stand for, which may be numbers; a text that stands for none is left to the server."""
    if descriptor.type == "enum":
        return next((choice for choice in descriptor.choices if value_text(choice) == value), value)
    if descriptor.type == "multi_enum":
        return [next((choice for choice in descriptor.choices if value_text(choice) == item), item) for item in value]
    return value


def _read(text: str, kind: str) -> Any:  # noqa: ANN401 - a value of any of the eight types
    """The value that a text stands for; of several items, a JSON array or a list with commas.

    Raises:
        ValueError: it stands for none of this kind.
    """
    from pydantic import FiniteFloat, TypeAdapter

    if kind in ("multi_enum", "interval"):
        in_json = text.lstrip().startswith("[")
        items = json.loads(text) if in_json else [item.strip() for item in text.split(",") if item.strip()]
        if not all(isinstance(item, str) for item in items) or (kind == "interval" and len(items) != 2):
            raise ValueError(text)
        return items
    types: dict[str, Any] = {"integer": int, "float": FiniteFloat, "boolean": bool}
    return TypeAdapter(types[kind]).validate_python(text.strip()) if kind in types else text


_WANTED = {
    "string": "text",
    "integer": "a whole number",
    "float": "a number",
    "boolean": "true or false",
    "enum": "one of its choices",
    "multi_enum": "choices separated by commas, or a JSON array of them",
    "time": "a moment in ISO 8601",
    "interval": "start and end in ISO 8601, separated by a comma",
}
"""What a value of each type is, in words."""
