"""The two ways to assign items: everything is placed, nothing is overfull, heavy items stay on the ground."""

from __future__ import annotations

from collections import Counter

import pytest

from algomancy_api.example.warehouse import Item, Layout, Location, Warehouse, greedy_layout, random_layout
from algomancy_data import DataClassification, DataSource
from tests.example.sample_files import sample_files


def feasible(warehouse: Warehouse, layout: Layout) -> bool:
    """Whether every item has a place it may have and no location holds too many."""
    load = Counter(layout.values())
    return (
        set(layout) == set(warehouse.items)
        and all(load[location.location_id] <= location.capacity for location in warehouse.locations.values())
        and all(warehouse.locations[layout[item.item_id]].ground for item in warehouse.items.values() if item.heavy)
    )


def distance(warehouse: Warehouse, layout: Layout) -> float:
    """Metres walked."""
    return sum(item.picks * warehouse.locations[layout[item.item_id]].walk_m for item in warehouse.items.values())


@pytest.fixture
def warehouse(master_data: DataSource) -> Warehouse:
    """The shipped problem."""
    return Warehouse.of(master_data)


def test_items_of_fifteen_kilos_are_heavy(warehouse: Warehouse) -> None:
    """The weight in the file decides what is heavy."""
    expected = {item["item_id"] for item in sample_files().items if item["weight_kg"] >= 15}
    assert {item.item_id for item in warehouse.items.values() if item.heavy} == expected != set()


def test_shipped_layout_is_feasible(warehouse: Warehouse) -> None:
    """The layout to start from keeps the rules."""
    assert feasible(warehouse, warehouse.layout)


def test_greedy_layout_is_feasible_and_better(warehouse: Warehouse) -> None:
    """Greedy slotting keeps the rules and halves the distance walked."""
    layout = greedy_layout(warehouse)
    assert feasible(warehouse, layout)
    assert distance(warehouse, layout) < 0.5 * distance(warehouse, warehouse.layout)


def test_random_layout_follows_seed(warehouse: Warehouse) -> None:
    """The same seed gives the same feasible layout, another one another."""
    layouts = [random_layout(warehouse, seed) for seed in (7, 7, 8)]
    assert all(feasible(warehouse, layout) for layout in layouts)
    assert layouts[0] == layouts[1] != layouts[2]


def test_ground_is_kept_for_heavy_items() -> None:
    """A light item that is wanted more does not take the last place on the ground."""
    warehouse = Warehouse(
        items={"light": Item("light", False, 9), "heavy": Item("heavy", True, 1)},
        locations={"near": Location("near", "A", True, 1, 2.0), "far": Location("far", "A", False, 1, 8.0)},
        layout={},
    )
    assert greedy_layout(warehouse) == {"light": "far", "heavy": "near"}


@pytest.mark.parametrize("heavy", [True, False])
def test_items_that_do_not_fit_are_refused(heavy: bool) -> None:
    """Without room there is no layout, and the item left over is named."""
    warehouse = Warehouse(
        items={name: Item(name, heavy, 1) for name in ("one", "two")},
        locations={"only": Location("only", "A", True, 1, 2.0)},
        layout={},
    )
    with pytest.raises(ValueError, match="no location left for item 'two'"):
        greedy_layout(warehouse)


def test_other_dataset_is_refused_in_words() -> None:
    """A dataset of another kind is no warehouse, and the message names what is missing."""
    with pytest.raises(ValueError, match=r"no table 'planning\.orders'"):
        Warehouse.of(DataSource(DataClassification.DUMMY_DATA, "empty"))
