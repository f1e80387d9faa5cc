"""Factories of scenarios and KPIs."""

from __future__ import annotations

from typing import Any

import pytest

from algomancy_data import DataSource, StatelessDataManager
from algomancy_scenario.kpifactory import KpiFactory
from algomancy_scenario.scenariofactory import ScenarioFactory
from algomancy_utils import EmptyParameters, Logger, NotFoundError, ParameterError
from tests.algomancy_scenario.scenario_project import (
    AnswerKPI,
    Control,
    ItemsFactory,
    LabelParameters,
    algorithms,
    payload,
)


@pytest.fixture
def factory() -> ScenarioFactory:
    """A factory with one dataset, `data`."""
    etl_factory: Any = ItemsFactory
    manager = StatelessDataManager(etl_factory, [], "json", DataSource)
    manager.set_data("data", DataSource.from_json(payload("data")))
    return ScenarioFactory({"Answer": AnswerKPI}, algorithms(Control()), manager, Logger())


def test_factory_makes_scenarios_that_run(factory: ScenarioFactory) -> None:
    """A scenario has the dataset, the algorithm with its values and all KPIs; the manager need not know it."""
    made = factory.create("one", "data", "Labelled", {"label": 5})
    assert (made.tag, made.status, made.input_data_key, list(made.kpis)) == ("one", "created", "data", ["Answer"])
    made.process()
    assert (made.status, made.result.answer, made.kpis["Answer"].value) == ("complete", 5, 5)
    assert factory.available_kpis == ["Answer"]
    assert list(factory.algorithms) == factory.available_algorithms
    factory.log("made")
    assert Logger().get_logs()[-1].message == "made"


def test_factory_refuses_what_it_cannot_make(factory: ScenarioFactory) -> None:
    """An unknown dataset or algorithm is told apart from a value that is not allowed."""
    for arguments in (("one", "nothing", "Instant"), ("one", "data", "Nothing")):
        # Algomancy raises AssertionError: what catches that catches this.
        for kind in (NotFoundError, AssertionError):
            with pytest.raises(kind, match="othing"):
                factory.create(*arguments)
    wrong: list[tuple[dict[str, Any], ...]] = [({"label": -1},), ({}, {"depth": 1})]
    for values in wrong:
        with pytest.raises(ParameterError):
            factory.create("one", "data", "Labelled", *values)


def test_factory_tells_the_parameters_that_go_together(factory: ScenarioFactory) -> None:
    """The algorithm's and the dataset's own; without a dataset the latter are empty."""
    for key in (None, "data", "nothing"):
        own, data = factory.get_associated_parameters("Labelled", key)
        assert (type(own), type(data)) == (LabelParameters, EmptyParameters)
    with pytest.raises(NotFoundError):
        factory.get_associated_parameters("Nothing")


def test_kpi_factory_makes_all_or_some() -> None:
    """Each call makes new instances, in the order of the configuration; unknown names are passed over."""
    factory = KpiFactory({"one": AnswerKPI, "two": AnswerKPI})
    assert factory.available_kpis == list(factory.create_all()) == ["one", "two"]
    assert list(factory.create(["two", "three", "one"])) == ["one", "two"]
    assert factory.create([]) == {}
    assert factory.create_all()["one"] is not factory.create_all()["one"]
    assert factory.templates == {"one": AnswerKPI, "two": AnswerKPI}
