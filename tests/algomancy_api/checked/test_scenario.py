"""A scenario as Algomancy's own `to_dict()` gives it becomes the contract's."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import pytest

from algomancy_api.checked.values import CheckedScenario

TOLD: dict[str, Any] = {
    "id": "1",
    "tag": "t",
    "input_data_id": "d",
    "kpis": {"Delay": {"name": "Delay", "better_when": "LOWER", "unit": "s", "value": 3.5, "threshold": None}},
    "algorithm": {"name": "Slow", "parameters": '{"name": "Slow", "parameters": {"duration": 1}}'},
    "data_parameters": {},
    "result": {"n": float("nan")},
}


class Status(StrEnum):
    """Theirs is an enumeration."""

    CREATED = "created"
    PROCESSING = "processing"
    COMPLETE = "complete"
    FAILED = "failed"


class Theirs:
    """A scenario with what a test sets."""

    id, tag, input_data_key = "1", "t", "data"

    def __init__(self, status: Status, progress: Any, value: float = 3.5) -> None:
        self.status = status
        self.progress = progress
        self.value = value

    def to_dict(self) -> dict[str, Any]:
        kpi = {**TOLD["kpis"]["Delay"], "value": self.value}
        return {**TOLD, "status": self.status, "kpis": {"Delay": kpi}}


def told(theirs: Theirs) -> Any:
    """What a client gets."""
    return json.loads(CheckedScenario(theirs).to_json_bytes())


def test_parameters_are_an_object_and_the_key_is_told() -> None:
    """The text of a serialised set becomes its plain values."""
    scenario = told(Theirs(Status.COMPLETE, 40))
    assert scenario["algorithm"] == {"name": "Slow", "parameters": {"duration": 1}}
    assert (scenario["status"], scenario["input_data_key"], scenario["result"]) == ("complete", "data", {"n": None})
    summary = json.loads(CheckedScenario(Theirs(Status.COMPLETE, 40)).summary_json_bytes())
    assert summary == {name: value for name, value in scenario.items() if name != "result"}


@pytest.mark.parametrize(
    ("status", "progress", "shown"),
    [
        (Status.COMPLETE, 40, 100),
        (Status.PROCESSING, 40, 40),
        (Status.PROCESSING, 140, 100),
        (Status.PROCESSING, -1, 0),
        (Status.PROCESSING, float("nan"), 0),
        (Status.PROCESSING, None, 0),
        (Status.CREATED, 40, 0),
        (Status.FAILED, 40, 40),
    ],
)
def test_progress_is_a_percentage_and_whole_when_complete(status: Status, progress: Any, shown: float) -> None:
    """The status and the scenario say the same (contract SCN-18)."""
    theirs = Theirs(status, progress)
    expected = {"id": "1", "tag": "t", "status": str(status), "progress": shown}
    assert json.loads(CheckedScenario(theirs).status_json_bytes()) == expected
    assert told(theirs)["progress"] == shown


@pytest.mark.parametrize(
    ("status", "value", "shown"),
    [
        (Status.COMPLETE, 3.5, 3.5),
        (Status.COMPLETE, -9_999_999_999, None),
        (Status.CREATED, 3.5, None),
        (Status.FAILED, 1, None),
    ],
)
def test_kpi_that_was_not_computed_has_no_value(status: Status, value: float, shown: float | None) -> None:
    """No sentinel, and nothing of a run before (contract SCN-14)."""
    assert told(Theirs(status, 0, value))["kpis"]["Delay"]["value"] == shown


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ({"error": "The layout is empty."}, {"error": "The layout is empty."}),
        (None, {"error": "The run failed."}),
        ({"n": 1}, {"error": "The run failed."}),
    ],
    ids=["told", "not yet", "half done"],
)
def test_failed_scenario_always_says_so_in_its_result(result: Any, shown: Any) -> None:
    """A backend may say `failed` before it says why, or leave what there was (contract SCN-10)."""

    class Failed(Theirs):
        def to_dict(self) -> dict[str, Any]:
            return {**super().to_dict(), "result": result}

    assert told(Failed(Status.FAILED, 40))["result"] == shown
