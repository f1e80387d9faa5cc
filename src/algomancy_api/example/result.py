"""What an algorithm of the example returns: the layout, and what each place in it means for the pickers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from algomancy_api.example.warehouse import Layout, Warehouse
from algomancy_scenario import BaseScenarioResult


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
