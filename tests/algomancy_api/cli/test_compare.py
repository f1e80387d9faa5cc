"""`compare`: scenarios side by side."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from algomancy_api.client import AlgomancyClient
from tests.algomancy_api.cli.conftest import lines


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
