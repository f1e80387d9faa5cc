"""The index of scenarios."""

from __future__ import annotations

from algomancy_scenario.scenarioregistry import ScenarioRegistry
from algomancy_utils import Logger
from tests.algomancy_scenario.scenario_project import scenario


def test_registry_finds_scenarios_by_id_and_tag() -> None:
    """What is added is found, listed in order, and counted for its dataset."""
    registry = ScenarioRegistry()
    first, second = scenario(), scenario()
    registry.add(first)
    registry.add(second)
    assert registry.list() == [first, second]
    assert registry.list_ids() == [first.id, second.id]
    assert registry.list_tags() == ["one", "one"]
    assert registry.used_datasets() == ["data", "data"]
    assert registry.get_by_id(first.id) is first
    assert registry.get_by_tag("one") is second
    assert (registry.has_tag("one"), registry.has_tag("two")) == (True, False)
    assert (registry.get_by_id("nothing"), registry.get_by_tag("two")) == (None, None)


def test_scenario_that_is_deleted_leaves_nothing() -> None:
    """It is found no more, and deleting it again says so; adding one twice keeps it once."""
    registry = ScenarioRegistry(Logger())
    first, second = scenario(), scenario()
    for each in (first, second, second):
        registry.add(each)
    assert registry.used_datasets() == ["data", "data"]
    assert registry.delete(first.id)
    assert not registry.delete(first.id)
    assert registry.get_by_tag("one") is second
    assert registry.delete(second.id)
    assert (registry.list(), registry.used_datasets(), registry.has_tag("one")) == ([], [], False)
    registry.log("done")
    assert Logger().get_logs()[-1].message == "done"
