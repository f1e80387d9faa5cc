"""The `algomancy-api` command: serve a backend, and drive one from the command line.

A module per command or group of commands, and `commands` and `output` for what they share; begin with `scenarios`.
Nothing imports this package but the script that it is, and it reaches a server by the client alone. Exit codes: 0 when
all went well, 1 when what was asked for has failed (a scenario, an upload), 2 when it could not be asked for (wrong
usage, no connection, refused by the server). What is heavy to import is imported by the command that needs it, so that
`--help` is quick.
"""

from __future__ import annotations

import click

from algomancy_api.cli.commands import ReportingGroup, examples
from algomancy_api.cli.compare import compare
from algomancy_api.cli.data import data
from algomancy_api.cli.scenarios import run, scenarios
from algomancy_api.cli.serve import openapi, sandbox, serve
from algomancy_api.cli.sessions import algorithms, copy_state, sessions
from algomancy_api.cli.watch import watch

__all__ = ["main"]


@click.group(
    cls=ReportingGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples("algomancy-api serve", 'algomancy-api run Slow --dataset "Master data" --param duration=5'),
)
@click.version_option(package_name="algomancy-api", prog_name="algomancy-api")
def main() -> None:
    """Serve an Algomancy backend, or drive one.

    The commands that talk to a server read its address, the session and a token from ALGOMANCY_URL, ALGOMANCY_SESSION
    and ALGOMANCY_TOKEN where no option says otherwise.
    """


for _command in (serve, sandbox, openapi, copy_state, sessions, data, algorithms, scenarios, run, watch, compare):
    main.add_command(_command)
