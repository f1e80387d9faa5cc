"""What all commands do alike: the codes they end with, and what they say of mistakes and failures."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from algomancy_api import ApiLauncher
from algomancy_api.client import AlgomancyClient
from algomancy_api.example import build_example_config
from tests.algomancy_api.cli.conftest import lines


def test_algorithms_are_listed_with_their_bounds(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """Without a name the algorithms, with one its parameters: type, value and what is allowed."""
    assert lines(drive("algorithms"))[:2] == ["Algorithm", "Slow"]
    assert lines(drive("algorithms", "Slow")) == [
        "Parameter  Type     Value  Allowed  Required",
        "duration   integer  1      1 to 60  yes",
    ]
    table = lines(drive("algorithms", "Parameter showcase"))
    assert len(table) == 9
    assert "nearest, farthest, balanced" in "\n".join(table)
    assert lines(drive("algorithms", "Greedy slotting")) == ["Algorithm 'Greedy slotting' has no parameters."]
    described = json.loads(drive("algorithms", "Slow", "--json").stdout)
    assert described == client.get_algorithm_parameters("Slow").model_dump()
    assert json.loads(drive("algorithms", "--json").stdout) == client.list_algorithms().model_dump()


NO_SESSION = "00000000-0000-4000-8000-000000000000"
MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown command": (("rum",), "No such command 'rum'"),
    "missing option": (("run", "Slow"), "Missing option '--dataset'"),
    "unknown dataset": (
        ("run", "Slow", "--dataset", "nope"),
        "Dataset 'nope' does not exist; there are: 'Master data'.",
    ),
    "unknown algorithm": (
        ("run", "Nope", "--dataset", "Master data"),
        "Algorithm 'Nope' does not exist; there are: 'Slow', 'Greedy slotting', ",
    ),
    "unknown algorithm with parameters": (("run", "Nope", "--dataset", "Master data", "--param", "a=1"), "Nope"),
    "unknown parameter": (("run", "Slow", "--dataset", "Master data", "--param", "x=1"), "has no parameter 'x'"),
    "parameter of wrong type": (
        ("run", "Slow", "--dataset", "Master data", "--param", "duration=long"),
        "Parameter 'duration' must be a whole number, got 'long'.",
    ),
    "parameter out of bounds": (("run", "Slow", "--dataset", "Master data", "--param", "duration=99"), "at most 60"),
    "unknown data parameter": (("run", "Slow", "--dataset", "Master data", "--data-param", "x=1"), "it has none"),
    "blank tag": (("run", "Slow", "--dataset", "Master data", "--tag", " "), "tag"),
    "unknown session": (("data", "list", "--session", NO_SESSION), NO_SESSION),
    "show nothing": (("data", "show", "nope"), "nope"),
    "show no table": (("data", "show", "Master data", "--table", "nope"), "has no table 'nope'. Its tables: items,"),
    "upload nothing": (("data", "upload", "key"), "Missing argument"),
    "upload no file": (("data", "upload", "key", "nowhere.csv"), "'nowhere.csv' does not exist"),
    "token of two lines": (("data", "list", "--token", "a\nb"), "token"),
    "upload unreadable": (("data", "upload", "key", __file__), "test_commands.py"),
    "derive taken key": (("data", "derive", "Master data", "Master data"), "Master data"),
    "delete nothing": (("data", "delete", "nope"), "nope"),
    "compare one": (("compare", "x"), "two scenarios or more"),
    "compare unknown": (("compare", "x", "y"), "There is no scenario 'x'"),
    "sort by nothing": (("compare", "--sort", "nope"), "There are not yet two complete scenarios"),
    "rename nothing": (("sessions", "rename", "nope", "x"), "nope"),
    "copy to a taken name": (("sessions", "copy", "main", "main"), "main"),
    "show no scenario": (("scenarios", "show", "nope"), "There is no scenario 'nope'"),
    "delete an empty name": (("scenarios", "delete", ""), "must not be empty"),
    "empty name": (("algorithms", ""), "must not be empty"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_end_with_2_and_a_message(
    arguments: tuple[str, ...], message: str, drive: Callable[..., Result]
) -> None:
    """A person's mistake is told on standard error, without a traceback; nothing goes to standard output."""
    result = drive(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


def test_output_that_cannot_be_written_ends_with_2(
    drive: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is told in a line."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys.modules["algomancy_api.cli.sessions"], "print_table", full)
    result = drive("sessions")
    assert (result.exit_code, result.stderr) == (2, "Error: No space left on device\n")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "nope", "http://"], ids=["refused", "no scheme", "no host"])
def test_no_connection_ends_with_2(address: str, command: Callable[..., Result]) -> None:
    """An address where nobody answers, or that is none, is named."""
    result = command("sessions", "--url", address)
    assert (result.exit_code, result.stdout) == (2, "")
    assert address in result.stderr
    assert "Traceback" not in result.output


def test_server_that_is_something_else_ends_with_2(command: Callable[..., Result], serve: Callable[[Any], str]) -> None:
    """A server of another kind is told to be one."""

    async def hello(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<html>"})

    result = command("sessions", "--url", serve(hello))
    assert result.exit_code == 2
    assert "did not answer as an Algomancy server does" in result.stderr


def test_address_below_the_server_is_named(drive: Callable[..., Result], url: str) -> None:
    """What has no API below it is told by its whole address, not by two words."""
    result = drive("sessions", "--url", f"{url}/docs")
    assert result.exit_code == 2
    assert f"HTTP 404 Not Found to GET {url}/docs/api/v1/sessions" in result.stderr


def test_failures_are_json_where_asked_for(drive: Callable[..., Result], command: Callable[..., Result]) -> None:
    """With `--json` a program can read what was wrong, and the status."""
    result = drive("data", "show", "nope", "--json")
    told = json.loads(result.stderr)
    assert (result.exit_code, result.stdout, told["status"]) == (2, "", 404)
    assert "nope" in told["detail"]
    assert set(json.loads(command("sessions", "--url", "http://127.0.0.1:1", "--json").stderr)) == {"detail"}


@pytest.mark.parametrize(
    "arguments",
    [("compare", "x", "y"), ("run", "Slow", "--dataset", "Master data", "--param", "x=1"), ("run", "Slow")],
    ids=["unknown scenario", "unknown parameter", "missing option"],
)
def test_mistakes_are_json_where_asked_for(arguments: tuple[str, ...], drive: Callable[..., Result]) -> None:
    """So are the mistakes that are found before the server is asked."""
    result = drive(*arguments, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert set(json.loads(result.stderr)) == {"detail"}


def test_token_comes_from_option_or_environment(command: Callable[..., Result], serve: Callable[[Any], str]) -> None:
    """A server that asks for a token gets it; without it, it says so."""
    url = serve(ApiLauncher.build(build_example_config(api_token="s3cret", initial_data_path=None)))
    assert command("sessions", "--url", url).exit_code == 2
    assert command("sessions", "--url", url, "--token", "s3cret").exit_code == 0
    assert command("sessions", "--url", url, ALGOMANCY_TOKEN="s3cret").exit_code == 0


def test_names_cannot_steer_the_terminal(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """Markup stays text, and whatever is no printable character is shown as such."""
    client.create_session("[red]x[/red]")
    assert "[red]x[/red]" in drive("sessions").stdout
    result = drive("run", "No\x1b[31msuch", "--dataset", "Master data")
    assert result.exit_code == 2
    assert "No\N{REPLACEMENT CHARACTER}[31msuch" in result.stderr


def test_openapi_is_the_document(command: Callable[..., Result], tmp_path: Path) -> None:
    """It goes to standard output or into a file, byte for byte the same."""
    printed = command("openapi")
    assert json.loads(printed.stdout)["openapi"].startswith("3.1")
    file = tmp_path / "openapi.json"
    result = command("openapi", "--output", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert file.read_bytes() == printed.stdout_bytes
    result = command("openapi", "--output", str(tmp_path / "nowhere" / "openapi.json"))
    assert result.exit_code == 2
    assert "cannot be written: No such file or directory." in result.stderr
