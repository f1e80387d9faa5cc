"""`algomancy-api sandbox`: a server for the development and the tests of frontends; and fixtures for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.commands import connected, document_option, examples, print_or_write
from algomancy_api.cli.serve import run_app, serving, settings_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from algomancy_api.client import AlgomancyClient


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "algomancy-api sandbox --cors-origin http://localhost:5173",
        "algomancy-api sandbox --fixture every-status --seed 1",
        "algomancy-api sandbox --fixture our-case.json",
    ),
)
@serving
@click.option(
    "--fixture",
    metavar="NAME|FILE",
    default="demo",
    show_default=True,
    help="What the default world begins with: empty, demo, every-status, crowded, awkward, or a JSON file of yours.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="With a seed, ids and times are the same each time, and the clock moves only when told.",
)
def sandbox(
    target: str | None,
    host: str | None,
    port: int | None,
    api_token: str | None,
    fixture: str,
    seed: int | None,
    **options: Any,  # noqa: ANN401 - the fields of a configuration
) -> None:
    """Serve worlds that tests of a frontend steer.

    The API is as `serve` gives it, in memory. Beside it `/sandbox` makes worlds, moves their clocks, scripts runs, lets
    things go wrong and tells what was asked for; /sandbox/docs shows how.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    from algomancy_api.api_launcher import ApiLauncher
    from algomancy_api.cli.served import EXAMPLE, load_app

    def build(config: Any) -> FastAPI:  # noqa: ANN401 - a configuration of any kind
        return ApiLauncher.build_sandbox(config, fixture, seed)

    settings, default_token = settings_of(options, api_token)
    app = load_app(EXAMPLE if target is None else target, settings, default_token, build)
    clock = "runs by itself" if seed is None else "manual: nothing moves until POST …/clock/advance"
    run_app(app, host, port, ("Sandbox", "{url}/sandbox/docs steers it"), ("World", f"{fixture}; its clock {clock}"))


@sandbox.command(
    epilog=examples(
        "algomancy-api sandbox export --output our-case.json",
        "algomancy-api sandbox export --url http://127.0.0.1:8051",
    )
)
@connected(in_session=False)
@document_option
def export(client: AlgomancyClient, as_json: bool, output: Path | None) -> None:  # noqa: ARG001 - it is JSON in any case
    """Write what a server holds as a fixture.

    All its sessions, with datasets and scenarios; any server of the API will do.
    """
    from algomancy_api.sandbox.fixture import Fixture, FixtureScenario, FixtureSession

    sessions = []
    for each in client.list_sessions().sessions:
        inside = client.in_session(each.id)
        sessions.append(
            FixtureSession(
                id=each.id,
                display_name=each.display_name,
                datasets=[inside.get_dataset(key).model_dump(mode="json") for key in inside.list_datasets().keys],
                scenarios=[FixtureScenario(**shown.model_dump()) for shown in inside.list_scenarios()],
            )
        )
    text = Fixture(sessions=sessions).model_dump_json(indent=2, exclude_none=True) + "\n"
    print_or_write(text, output)
