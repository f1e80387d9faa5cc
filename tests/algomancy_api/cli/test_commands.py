"""What the commands print into a pipe, and the codes they end with."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from algomancy_api import ApiLauncher
from algomancy_api.client import AlgomancyClient
from algomancy_api.example import build_example_config
from algomancy_api.example.config import SAMPLE_DATA

SAMPLES = [str(file) for file in sorted((SAMPLE_DATA / "Master data").iterdir())]


def lines(result: Result) -> list[str]:
    """The lines of a result that went well and complained of nothing."""
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout.splitlines()


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


def test_data_is_listed_and_shown(drive: Callable[..., Result]) -> None:
    """The keys, the tables of one dataset, the first rows of one table."""
    assert lines(drive("data", "list")) == ["Dataset", "Master data"]
    head, _, columns, items, *_ = lines(drive("data", "show", "Master data"))
    assert head.startswith("Master data: master_data, made ")
    assert columns.split() == ["Table", "Rows", "Columns"]
    assert items.startswith("items             200  item_id, description, category,")
    result = drive("data", "show", "Master data", "--table", "items", "--rows", "2")
    assert len(result.stdout.splitlines()) == 3
    assert result.stderr == "… and 198 more rows.\n"
    table = json.loads(drive("data", "show", "Master data", "--table", "items", "--json").stdout)
    assert len(table["data"]) == 200
    assert set(json.loads(drive("data", "show", "Master data", "--json").stdout)) == {"metadata", "tables"}


def test_data_is_derived_and_deleted(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """A dataset comes and goes; in JSON both tell the keys."""
    assert lines(drive("data", "derive", "Master data", "What if")) == ["Derived 'What if' from 'Master data'."]
    assert lines(drive("data", "delete", "What if")) == ["Deleted 'What if'."]
    assert client.list_datasets().keys == ["Master data"]
    both = {"keys": ["Master data", "B"]}
    assert json.loads(drive("data", "derive", "Master data", "B", "--json").stdout) == both
    assert json.loads(drive("data", "delete", "B", "--json").stdout) == {"keys": ["Master data"]}


def test_data_is_uploaded(drive: Callable[..., Result], client: AlgomancyClient, tmp_path: Path) -> None:
    """Files become a dataset with exit code 0; data that does not pass is told with its findings and 1."""
    assert lines(drive("data", "upload", "Week 12", *SAMPLES))[-1] == "Stored 'Week 12'."
    assert client.list_datasets().keys == ["Master data", "Week 12"]
    assert lines(drive("data", "upload", "Week 12", *SAMPLES))[-1] == "Replaced 'Week 12'."
    assert json.loads(drive("data", "upload", "Week 13", *SAMPLES, "--json").stdout)["success"] is True
    folder = shutil.copytree(SAMPLE_DATA / "Master data", tmp_path / "data")
    items = (folder / "items.csv").read_text(encoding="utf-8").splitlines()
    (folder / "items.csv").write_text("\n".join([*items, items[-1]]), encoding="utf-8")
    files = [str(file) for file in sorted(folder.iterdir())]
    result = drive("data", "upload", "Week 14", *files)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].split() == ["Severity", "Table", "Column", "Row", "Message"]
    assert "Error: Dataset 'Week 14' did not pass validation; nothing was stored." in result.stderr
    result = drive("data", "upload", "Week 14", *files, "--json")
    assert (result.exit_code, json.loads(result.stdout)["success"], result.stderr) == (1, False, "")


def test_run_prints_the_kpis(drive: Callable[..., Result]) -> None:
    """A run ends with 0 and a plain table of KPIs: no bar, no colour, nothing else."""
    result = drive("run", "Slow", "--dataset", "Master data", "--tag", "mine", "--param", "duration=1")
    told = lines(result)
    assert told[0] == "Scenario 'mine' is complete."
    assert [line.split("  ")[0] for line in told[1:]] == ["KPI", "Travel distance", "Zone balance", "Worst walk"]
    assert "\x1b" not in result.output


def test_run_passes_parameters_of_all_types(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """What is given as text arrives as the value of its type."""
    texts = {
        "note": "a=b",
        "pickers": "7",
        "walking_speed": "1.5",
        "night_shift": "yes",
        "strategy": "balanced",
        "zones": "Zone A,Zone C",
        "start": "2026-01-02T03:04:05",
        "period": "2026-01-02,2026-02-03",
    }
    arguments = [word for name, text in texts.items() for word in ("--param", f"{name}={text}")]
    result = drive("run", "Parameter showcase", "--dataset", "Master data", *arguments, "--json")
    scenario = json.loads(result.stdout)
    assert scenario["status"] == "complete"
    used = scenario["algorithm"]["parameters"]
    assert (used["note"], used["pickers"], used["walking_speed"], used["night_shift"]) == ("a=b", 7, 1.5, True)
    assert (used["strategy"], used["zones"]) == ("balanced", ["Zone A", "Zone C"])
    assert used["start"].startswith("2026-01-02T03:04:05")
    assert [moment[:10] for moment in used["period"]] == ["2026-01-02", "2026-02-03"]


def test_run_that_fails_ends_with_1(drive: Callable[..., Result]) -> None:
    """The reason is one line on standard error; in JSON the scenario tells it."""
    arguments = ("run", "Failing", "--dataset", "Master data", "--param", "mode=RuntimeError")
    result = drive(*arguments, "--tag", "bad")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: Scenario 'bad' failed: ")
    assert len(result.stderr.splitlines()) == 1
    result = drive(*arguments, "--json")
    scenario = json.loads(result.stdout)
    assert (result.exit_code, scenario["status"], set(scenario["result"])) == (1, "failed", {"error"})


def test_run_that_takes_too_long_ends_with_1(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """The waiting ends in time, the scenario goes on."""
    result = drive(
        "run", "Slow", "--dataset", "Master data", "--param", "duration=30", "--timeout", "0.1", "--tag", "long"
    )
    assert result.exit_code == 1
    assert "'long' has not ended within 0.1 seconds: it goes on at the server" in result.stderr
    assert result.stderr.splitlines()[-2:] == [
        "See it:  algomancy-api scenarios show long",
        "Stop it: algomancy-api scenarios cancel long",
    ]
    assert [s.status in ("queued", "processing") for s in client.list_scenario_summaries()] == [True]


def test_scenarios_are_listed(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """A pipe gets whole ids; an empty session is told in words."""
    assert lines(drive("scenarios")) == ["The session has no scenarios yet."]
    first = client.create_scenario("one", "Master data", "Slow")
    assert lines(drive("scenarios")) == [
        "Id                                    Tag  Algorithm  Dataset      Status   Done",
        f"{first.id}  one  Slow       Master data  created   0 %",
    ]
    assert [s["tag"] for s in json.loads(drive("scenarios", "--json").stdout)] == ["one"]


def test_scenario_is_shown_with_kpis_and_result(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """All about one scenario; each list of its result can be looked into."""
    made = client.run_and_wait("Random slotting", "Master data", tag="seed 7", algo_params={"seed": 7})
    told = lines(drive("scenarios", "show", "seed 7"))
    facts = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in told[: told.index("")])
    assert facts["Id"] == made.id
    assert facts["Status"] == "complete, 100 %"
    assert facts["Algorithm"] == "Random slotting (seed = 7)"
    assert facts["Dataset"] == "Master data"
    assert facts["Result moved_items"] == str((made.result or {})["moved_items"])
    assert facts["Result layout"] == "200 rows: item_id, location_id, zone, walk_m, picks"
    assert [line.split("  ")[0] for line in told[told.index("") + 1 :]] == ["KPI", *made.kpis]
    result = drive("scenarios", "show", made.id[:12], "--table", "layout", "--rows", "2")
    assert result.stdout.splitlines()[0].split() == ["item_id", "location_id", "zone", "walk_m", "picks"]
    assert (len(result.stdout.splitlines()), result.stderr) == (3, "… and 198 more rows.\n")
    assert json.loads(drive("scenarios", "show", "seed 7", "--json").stdout)["result"] == made.result
    rows = json.loads(drive("scenarios", "show", "seed 7", "--table", "layout", "--json").stdout)
    assert rows == (made.result or {})["layout"]


def test_scenario_that_failed_is_shown_with_its_reason(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """The reason is a fact like the others, and showing it is no failure; waiting for it changes nothing."""
    scenario = client.create_scenario("bad", "Master data", "Failing")
    client.run_scenario(scenario)
    told = lines(drive("scenarios", "show", "bad", "--wait"))
    assert "Status     failed, 0 %" in told
    assert any(line.startswith("Error      ") and "ValueError" in line for line in told)


def test_scenarios_are_cancelled_reset_run_and_deleted(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """A scenario is named by its tag or the start of its id; what cannot be is told by the server."""
    scenario = client.create_scenario("one", "Master data", "Slow", {"duration": 60})
    assert "'one'" in drive("scenarios", "cancel", "one").stderr  # it is not running
    client.run_scenario(scenario)
    assert lines(drive("scenarios", "cancel", scenario.id[:8])) == ["Cancelled 'one'."]
    assert client.get_scenario_status(scenario).status == "failed"
    assert lines(drive("scenarios", "reset", "one")) == ["Reset 'one'."]
    assert client.get_scenario_status(scenario).status == "created"
    client.create_scenario("two", "Master data", "Greedy slotting")
    told = lines(drive("scenarios", "run", "two"))
    assert (told[0], len(told)) == ("Scenario 'two' is complete.", 5)
    assert json.loads(drive("scenarios", "reset", "two", "--json").stdout)["status"] == "created"
    assert drive("scenarios", "delete", "one", "nope").exit_code == 2
    assert len(client.list_scenario_summaries()) == 2  # all or none
    assert lines(drive("scenarios", "delete", "one", "two")) == ["Deleted 'one'.", "Deleted 'two'."]
    assert client.list_scenario_summaries() == []


def test_compare_marks_the_better_one(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """KPIs stand side by side with their numbers in line, the difference, the goal reached, and a mark for the best."""
    slow = client.run_and_wait("Slow", "Master data", tag="slow")
    greedy = client.run_and_wait("Greedy slotting", "Master data", tag="greedy")
    table = lines(drive("compare", "slow", greedy.id[:12]))
    assert table[0].split() == ["KPI", "Better", "when", "slow", "greedy"]
    assert table[1].split() == ["Travel", "distance", "(m)", "lower", "44,137.00", "19,763.00", "-55.2", "%", "*"]
    assert table[2].split()[-4:] == ["*", "4.65", "-88.3", "%"]
    assert table[3].split()[-7:] == ["82.00", "missed", "23.00", "-72.0", "%", "met", "*"]
    assert {line.index(".", 50) for line in table[1:]} == {table[1].index(".", 50)}
    told = json.loads(drive("compare", slow.id, greedy.id, "--json").stdout)
    assert [scenario["tag"] for scenario in told["scenarios"]] == ["slow", "greedy"]
    assert told["kpis"][0]["better"] == [greedy.id]
    assert told["kpis"][0]["values"] == [slow.kpis["Travel distance"].value, greedy.kpis["Travel distance"].value]
    assert told["kpis"][0]["differences"] == [None, pytest.approx(-55.2, abs=0.1)]
    assert told["kpis"][2]["verdicts"] == ["missed", "met"]


def test_compare_sorts_by_a_kpi(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """The best comes first and what has no value last; without names, all that are complete are compared."""
    client.run_and_wait("Slow", "Master data", tag="slow")
    client.create_scenario("waiting", "Master data", "Slow")
    client.run_and_wait("Greedy slotting", "Master data", tag="greedy")

    def order(*arguments: str) -> list[str]:
        told = json.loads(drive("compare", *arguments, "--json").stdout)
        return [scenario["tag"] for scenario in told["scenarios"]]

    assert order() == ["slow", "greedy"]
    assert order("--sort", "Travel distance") == ["greedy", "slow"]
    assert order("--sort", "Worst walk") == ["greedy", "slow"]
    assert order("waiting", "greedy", "slow", "--sort", "Zone balance") == ["slow", "greedy", "waiting"]


def test_compare_tells_who_has_no_values(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """A scenario that did not run has dashes, and a line about it."""
    for tag in ("one", "two"):
        client.create_scenario(tag, "Master data", "Slow")
    result = drive("compare", "one", "two")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split()[-2:] == ["-", "-"]
    assert result.stderr.splitlines()[0] == "Scenario 'one' is created: it has no values."


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
