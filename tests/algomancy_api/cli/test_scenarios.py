"""`run`, and the commands on scenarios."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from click.testing import Result

from algomancy_api.client import AlgomancyClient
from tests.algomancy_api.cli.conftest import lines


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
