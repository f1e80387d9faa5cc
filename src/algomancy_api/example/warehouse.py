"""The planning problem, read from a dataset: items with their picks, locations with their walks; and its solutions."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from algomancy_scenario import BaseScenarioResult

if TYPE_CHECKING:
    from algomancy_data import DataSource

HEAVY_KG = 15.0
"""Items from this weight on must be on the ground level."""

Layout = Mapping[str, str]
"""The location of each item, by their ids."""


@dataclass(frozen=True)
class Item:
    """Something to store.

    Attributes:
        item_id: Its id.
        heavy: Whether it must be on the ground level.
        picks: How many order lines ask for it.
    """

    item_id: str
    heavy: bool
    picks: int


@dataclass(frozen=True)
class Location:
    """Somewhere to store.

    Attributes:
        location_id: Its id.
        zone: The part of the warehouse it is in.
        ground: Whether it is on the ground level.
        capacity: How many items fit.
        walk_m: Metres from the depot and back.
    """

    location_id: str
    zone: str
    ground: bool
    capacity: int
    walk_m: float


@dataclass(frozen=True)
class Warehouse:
    """Everything the algorithms need to know.

    Attributes:
        items: By id, in the order of the dataset.
        locations: By id, in the order of the dataset.
        layout: Where each item is now.
    """

    items: Mapping[str, Item]
    locations: Mapping[str, Location]
    layout: Layout

    @classmethod
    def of(cls, data: DataSource) -> Warehouse:
        """Read the problem from a dataset.

        Args:
            data: A dataset with the tables of `algomancy_api.example.etl`.

        Raises:
            ValueError: The dataset is of another kind.
        """
        lines = _columns(data, "planning.orders", "item_id")
        picks = Counter(item_id for (item_id,) in lines)
        return cls(
            items={
                item_id: Item(item_id, weight >= HEAVY_KG, picks[item_id])
                for item_id, weight in _columns(data, "items", "item_id", "weight_kg")
            },
            locations={
                location_id: Location(location_id, zone, level == 1, capacity, 2 * (x + y))
                for location_id, zone, level, capacity, x, y in _columns(
                    data, "locations", "location_id", "zone", "level", "capacity", "position.x", "position.y"
                )
            },
            layout=dict(_columns(data, "planning.layout", "item_id", "location_id")),
        )


def _columns(data: DataSource, table: str, *names: str) -> Iterable[tuple[Any, ...]]:
    """Return the rows of some columns as plain values."""
    if table not in data.list_tables():
        raise ValueError(f"The dataset has no table '{table}'.")
    frame = data.get_table(table)
    for name in names:
        if name not in frame.columns:
            raise ValueError(f"Table '{table}' has no column '{name}'.")
    return zip(*(frame[name].tolist() for name in names), strict=True)


def greedy_layout(warehouse: Warehouse) -> Layout:
    """Give the most wanted items the shortest walks.

    Args:
        warehouse: The problem.

    Raises:
        ValueError: The items do not fit.
    """
    items = sorted(warehouse.items.values(), key=lambda item: (-item.picks, item.item_id))
    slots = sorted(_slots(warehouse), key=lambda slot: (slot.walk_m, slot.location_id))
    return _assigned(items, slots)


def random_layout(warehouse: Warehouse, seed: int) -> Layout:
    """Shuffle the items over the locations.

    Args:
        warehouse: The problem.
        seed: The same seed gives the same layout.

    Raises:
        ValueError: The items do not fit.
    """
    slots = _slots(warehouse)
    random.Random(seed).shuffle(slots)
    return _assigned(warehouse.items.values(), slots)


def _slots(warehouse: Warehouse) -> list[Location]:
    return [location for location in warehouse.locations.values() for _ in range(location.capacity)]


def _assigned(items: Iterable[Item], slots: list[Location]) -> Layout:
    """Give each item in turn the first slot it may have, leaving enough on the ground for the heavy ones to come."""
    waiting = list(items)
    heavy_waiting = sum(item.heavy for item in waiting)
    layout = {}
    for item in waiting:
        ground_left = sum(slot.ground for slot in slots)
        allowed = (slot for slot in slots if slot.ground or not item.heavy)
        if not item.heavy and ground_left <= heavy_waiting:
            allowed = (slot for slot in slots if not slot.ground)
        slot = next(allowed, None)
        if slot is None:
            raise ValueError(f"There is no location left for item '{item.item_id}'.")
        slots.remove(slot)
        heavy_waiting -= item.heavy
        layout[item.item_id] = slot.location_id
    return layout


@dataclass(frozen=True)
class Placement:
    """An item at its place.

    Attributes:
        item_id: What.
        location_id: Where.
        zone: The part of the warehouse that is in.
        walk_m: Metres from the depot and back.
        picks: How many order lines ask for the item.
    """

    item_id: str
    location_id: str
    zone: str
    walk_m: float
    picks: int


class SlottingResult(BaseScenarioResult):
    """A layout of the warehouse.

    Args:
        data_id: The id of the dataset it was made from.
        placements: Every item at its place.
        moved_items: How many items are not where they were.
    """

    def __init__(self, data_id: str, placements: list[Placement], moved_items: int) -> None:
        super().__init__(data_id)
        self.placements = placements
        self.moved_items = moved_items

    @classmethod
    def of(cls, data_id: str, warehouse: Warehouse, layout: Layout) -> Self:
        """Return the result that says what a layout means in a warehouse.

        Args:
            data_id: The id of the dataset.
            warehouse: The problem.
            layout: Its solution.

        Raises:
            ValueError: The layout leaves an item without a location that exists.
        """
        placements = []
        for item in warehouse.items.values():
            if layout.get(item.item_id) not in warehouse.locations:
                raise ValueError(f"Item '{item.item_id}' has no location.")
            location = warehouse.locations[layout[item.item_id]]
            placements.append(Placement(item.item_id, location.location_id, location.zone, location.walk_m, item.picks))
        moved = sum(warehouse.layout.get(item_id) != location_id for item_id, location_id in layout.items())
        return cls(data_id, placements, moved)

    def to_dict(self) -> dict[str, Any]:
        """Return `data_id`, `completed_at`, `moved_items` and the `layout` as a list of placements."""
        return {
            "data_id": self.data_id,
            "completed_at": self.completed_at.isoformat().replace("+00:00", "Z"),
            "moved_items": self.moved_items,
            "layout": [asdict(placement) for placement in self.placements],
        }

    def to_json(self) -> str:
        """Return `to_dict()` as JSON text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, json_string: str) -> Self:
        """Rebuild a result from what `to_json` gave.

        Args:
            json_string: JSON text.
        """
        content = json.loads(json_string)
        placements = [Placement(**placement) for placement in content["layout"]]
        result = cls(content["data_id"], placements, content["moved_items"])
        result.completed_at = datetime.fromisoformat(content["completed_at"])
        return result
