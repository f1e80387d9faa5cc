"""`algomancy-api watch`: a session as it lives."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from algomancy_api.cli.commands import connected, examples
from algomancy_api.cli.output import console, shown

if TYPE_CHECKING:
    from rich.table import Table

    from algomancy_api.client import AlgomancyClient
    from algomancy_api.client.events import SessionEvent
    from algomancy_api.schemas import ScenarioStatus

_STYLES = {"processing": "cyan", "complete": "green", "failed": "red"}
_LINES_AROUND = 4
_PICTURES_PER_SECOND = 10


@click.command(epilog=examples("algomancy-api watch", "algomancy-api watch --json"))
@connected()
def watch(client: AlgomancyClient, as_json: bool) -> None:
    """Show a session as it lives.

    Each scenario with its progress, whoever runs it: on a terminal as a table, in a pipe as a line per change, with
    --json as the events of the server, one a line. It goes on when the server is restarted, and ends when the session
    is deleted, or by Ctrl-C.
    """
    events = _events(client)
    try:
        if as_json:
            for event in events:
                line = {"id": event.id, "event": event.kind, "data": event.data.model_dump(mode="json")}
                click.echo(json.dumps(line, ensure_ascii=False))
        elif console().is_terminal:
            _draw(events)
        else:
            for event in events:
                for text in _lines(event):
                    click.echo(shown(f"{datetime.now():%H:%M:%S}  {text}"))
    except KeyboardInterrupt:
        return


def _events(client: AlgomancyClient) -> Iterator[SessionEvent]:
    """The events of the session until it is deleted, over restarts of the server."""
    from algomancy_api.client import RetryPolicy
    from algomancy_api.client.exceptions import TRANSIENT

    policy = RetryPolicy()
    last: str | None = None
    failures, told, heard_at = 0, False, time.monotonic()
    while True:
        try:
            for event in client.get_events(last):
                last, failures, told, heard_at = event.id, 0, False, time.monotonic()
                yield event
                if event.kind == "session" and getattr(event.data, "deleted", False):
                    return
        except TRANSIENT as error:
            if last is None or time.monotonic() - heard_at > policy.max_outage:
                raise
            if not told:
                click.echo(f"{shown(str(error))} Trying again.", err=True)
            told = True
        failures += 1
        time.sleep(policy.delay(failures, None))


def _lines(event: SessionEvent) -> Iterator[str]:
    """What an event says, in words."""
    from algomancy_api.schemas import DatasetKeys, ScenarioDeleted, ScenarioStatus, SessionChanged, Snapshot

    data = event.data
    for status in data.scenarios if isinstance(data, Snapshot) else [data] if isinstance(data, ScenarioStatus) else []:
        yield f"{status.tag}: {status.status.value}, {status.progress:.0f} %"
    if isinstance(data, ScenarioDeleted):
        yield f"Scenario {data.id} is deleted."
    elif isinstance(data, DatasetKeys):
        yield f"The datasets are {', '.join(data.keys) or 'gone'}."
    elif isinstance(data, SessionChanged):
        name = data.display_name
        yield f"Session '{name}' is deleted." if data.deleted else f"The session is called '{name}' now."


def _draw(events: Iterator[SessionEvent]) -> None:
    """Keep a table of the scenarios on the terminal."""
    from rich.live import Live

    from algomancy_api.schemas import ScenarioDeleted, ScenarioStatus, Snapshot

    out = console()
    found: dict[str, ScenarioStatus] = {}
    with Live(_table([], 0), console=out, refresh_per_second=_PICTURES_PER_SECOND) as live:
        for event in events:
            data = event.data
            if isinstance(data, Snapshot):
                found = {status.id: status for status in data.scenarios}
            elif isinstance(data, ScenarioStatus):
                found[data.id] = data
            elif isinstance(data, ScenarioDeleted):
                found.pop(data.id, None)
            else:
                live.console.print(shown(next(_lines(event))))
            live.update(_table(list(found.values()), max(1, out.height - _LINES_AROUND)))


def _table(found: list[ScenarioStatus], most: int) -> Table:
    """The scenarios that fit on the screen: those that are under way before those that came last."""
    from rich import box
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    newest_first = list(reversed(found))
    under_way_first = sorted(newest_first, key=lambda each: each.status not in ("processing", "queued"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in ("Scenario", "Status", "Done", ""):
        table.add_column(name, justify="right" if name == "Done" else "left", no_wrap=True)
    for each in under_way_first[:most]:
        table.add_row(
            Text(shown(each.tag), overflow="ellipsis"),
            Text(each.status.value, style=_STYLES.get(each.status.value, "")),
            Text(f"{each.progress:.0f} %"),
            ProgressBar(100, each.progress, width=20),
        )
    hidden = len(found) - most
    table.caption = (
        f"… and {hidden:,} more" if hidden > 0 and found else "" if found else "No scenarios yet. Ctrl-C ends this."
    )
    return table
