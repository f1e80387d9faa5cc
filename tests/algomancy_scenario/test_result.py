"""Results."""

from __future__ import annotations

import pytest

from algomancy_scenario import BaseScenarioResult, ScenarioResult
from tests.algomancy_scenario.scenario_project import Answer


def test_plain_result_round_trips() -> None:
    """`from_json` gives back what `to_json` was made of."""
    result = ScenarioResult("data")
    again = ScenarioResult.from_json(result.to_json())
    assert again.to_dict() == result.to_dict()
    assert again.completed_at == result.completed_at


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"data_id": "x", "completed_at": "now"}', "nonsense"])
def test_text_that_is_no_result_is_refused(text: str) -> None:
    """Anything else is a `ValueError`."""
    with pytest.raises(ValueError, match=r"\w"):
        ScenarioResult.from_json(text)


def test_result_without_from_json_says_so() -> None:
    """The base class cannot know how to rebuild a user's result."""

    class Mine(BaseScenarioResult):
        def to_dict(self) -> dict[str, object]:
            return {}

    with pytest.raises(NotImplementedError, match="Mine"):
        Mine.from_json("{}")


def test_result_is_written_with_whatever_its_dict_holds() -> None:
    """`to_json` takes what plain JSON would not."""
    assert Answer("x", {1}).to_json() == '{"data_id":"x","answer":[1]}'
