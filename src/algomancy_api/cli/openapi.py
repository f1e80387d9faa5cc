"""`algomancy-api openapi`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from algomancy_api.cli.commands import Command


@click.command(cls=Command, examples=("algomancy-api openapi --output openapi.json",))
@click.option(
    "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file."
)
def openapi(output: Path | None) -> None:
    """Print the OpenAPI document.

    It needs no server and no configuration.
    """
    from algomancy_api.document.openapi import openapi_document

    text = json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text.encode(), nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.UsageError(f"'{output}' cannot be written: {error.strerror}.") from None
    click.echo(f"Wrote {output}.", err=True)
