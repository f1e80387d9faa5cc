"""A scenario that belongs to no session."""

from __future__ import annotations

from typing import Any

import pytest

from algomancy_data import DataSource
from algomancy_scenario import BaseAlgorithm, Scenario
from algomancy_utils import BaseParameterSet, Logger
from tests.algomancy_scenario.scenario_project import Answer, Control, LabelParameters, algorithms, payload, scenario


def test_scenario_is_made_of_its_parts() -> None:
    """It has an id of its own unless it is given one, and shows what it was made of."""
    made = scenario()
    assert made.id != scenario().id
    assert scenario(provided_id="mine").id == "mine"
    assert (made.tag, made.status, made.progress, made.result) == ("one", "created", 0, None)
    assert (made.input_data_key, made.data_source.name) == ("data", "data")
    assert made.algorithm_description == '{"name": "label", "parameters": {"label": 3, "colour": "red"}}'
    assert str(made) == f"Scenario: one (A label [0%]: {made.algorithm_description})"
    assert made.kpis["Answer"].value is None
    assert made.to_dict()["algorithm"] == {"name": "A label", "parameters": {"label": 3, "colour": "red"}}
    given = LabelParameters()
    assert scenario(data_params=given).data_params is given
    assert made.data_params.get_values() == {}


def test_scenario_runs_where_it_is_told_to() -> None:
    """`process` runs it here and now, as often as one likes; `refresh` forgets result and values."""
    made = scenario()
    for _ in range(2):
        made.set_queued()
        assert made.status == "queued"
        made.process()
        assert (made.status, made.progress, made.is_completed()) == ("complete", 100, True)
        assert isinstance(made.result, Answer)
        assert (made.result.answer, made.kpis["Answer"].value) == (3, 3)
    made.kpis["Answer"].value = None
    made.compute_kpis()
    assert made.kpis["Answer"].value == 3
    made.refresh(Logger())
    assert (made.status, made.progress, made.result, made.kpis["Answer"].value) == ("created", 0, None, None)
    with pytest.raises(ValueError, match="has no result"):
        made.compute_kpis()


def test_scenario_that_fails_says_why() -> None:
    """The KPI that cannot be computed is named; nothing of the result is kept."""
    made = scenario(13)
    made.process(Logger())
    assert (made.status, made.is_completed(), made.kpis["Answer"].value) == ("failed", False, None)
    assert made.result == {"error": "KPI 'The answer' cannot be computed: unlucky"}
    assert made.error is not None
    assert made.error in Logger().get_logs()[-1].message


def test_scenario_can_be_cancelled_while_it_waits() -> None:
    """One that is queued fails as cancelled; one that is not stays as it is."""
    made = scenario()
    made.cancel()
    assert made.status == "created"
    made.set_queued()
    made.cancel(Logger())
    assert (made.status, made.error) == ("failed", "Cancelled")


def test_scenario_tells_its_progress_to_whoever_looks() -> None:
    """What the algorithm reports shows while it runs."""
    control, seen = Control(), []

    def act(algorithm: BaseAlgorithm) -> Answer:
        algorithm.set_progress(40)
        seen.append((made.status, made.progress))
        return Answer("data", 1)

    control.action = act
    acting: Any = algorithms(control)["Acting"]
    parameters: BaseParameterSet = acting.initialize_parameters()
    made = Scenario("one", DataSource.from_json(payload("data")), {}, acting("Acting", parameters))
    made.process()
    assert seen == [("processing", 40)]
