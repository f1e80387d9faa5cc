"""The commands on sessions, and the session that the others are about."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

from algomancy_api.client import AlgomancyClient
from tests.algomancy_api.cli.conftest import lines


def test_sessions_are_listed(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """Names and ids stand in columns, and the default one is marked."""
    client.create_session("north side")
    ids = {session.display_name: session.id for session in client.list_sessions().sessions}
    assert lines(drive("sessions")) == [
        "Session     Id",
        f"main        {ids['main']}  default",
        f"north side  {ids['north side']}",
    ]
    assert json.loads(drive("sessions", "--json").stdout) == client.list_sessions().model_dump()


def test_sessions_come_and_go(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """A session is created, copied with its data, renamed and deleted; in JSON each gives the sessions left."""
    assert lines(drive("sessions", "create", "empty")) == ["Created 'empty'."]
    assert lines(drive("sessions", "copy", "main", "What if")) == ["Copied 'main' as 'What if'."]
    assert client.in_session("What if").list_datasets().keys == ["Master data"]
    assert lines(drive("sessions", "rename", "What if", "Plan B")) == ["Renamed 'What if' to 'Plan B'."]
    assert [s.display_name for s in client.list_sessions().sessions] == ["main", "empty", "Plan B"]
    assert lines(drive("sessions", "delete", "empty")) == ["Deleted 'empty'."]
    left = json.loads(drive("sessions", "delete", "Plan B", "--json").stdout)
    assert [session["display_name"] for session in left["sessions"]] == ["main"]
    assert left == client.list_sessions().model_dump()


def test_session_comes_from_option_or_environment(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """The option wins over the environment, which wins over the server's default session."""
    for name in ("north", "south"):
        client.create_session(name)
    sent = {"metadata": {"id": "1", "name": "N", "type": "master_data", "creation_datetime": "2026-01-01T00:00:00",
                         "tables": []}, "tables": {}}  # fmt: skip
    client.in_session("north").add_dataset_from_json(sent)
    assert lines(drive("data", "list"))[1:] == ["Master data"]
    assert lines(drive("data", "list", ALGOMANCY_SESSION="north"))[1:] == ["N"]
    assert lines(drive("data", "list", "--session", "south", ALGOMANCY_SESSION="north")) == [
        "The session has no datasets yet."
    ]


def test_default_session_may_have_any_name(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """Without a session named, the server's own default is used, whatever it is called."""
    client.rename_session("main", "renamed")
    assert lines(drive("data", "list"))[1:] == ["Master data"]
