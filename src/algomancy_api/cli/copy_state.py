"""`algomancy-api copy-state`."""

from __future__ import annotations

from contextlib import ExitStack

import click

from algomancy_api.cli.commands import COULD_NOT, examples, report


@click.command(
    "copy-state",
    epilog=examples(
        "algomancy-api copy-state state sqlite:///state.db",
        "algomancy-api copy-state sqlite:///state.db state-again",
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
    from algomancy_api.cli.output import console
    from algomancy_api.cli.served import NotServable, load_configuration
    from algomancy_scenario.sessionmanager import SessionManager

    context = click.get_current_context()
    copy = getattr(SessionManager, "copy_state", None)
    try:
        if copy is None:
            raise NotServable("This backend does not offer that.")
        found = None if config is None else load_configuration(config)
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        progress = Progress(TextColumn("Copying"), BarColumn(), MofNCompleteColumn(), console=console(err=True))
        with ExitStack() as shown:

            def tell(done: int, total: int) -> None:
                if not progress.tasks:
                    shown.enter_context(progress)
                    progress.add_task("", total=total)
                progress.update(progress.tasks[0].id, completed=done)

            counts = copy(source, target, found, tell)
    except (NotServable, ValueError, TypeError, OSError) as error:
        report(context, str(error))
        context.exit(COULD_NOT)
    told = (f"{number} {kind.removesuffix('s') if number == 1 else kind}" for kind, number in counts.items())
    click.echo(f"Copied {', '.join(told)}.")
