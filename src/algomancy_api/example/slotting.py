"""Two ways to assign items to locations. Both keep heavy items on the ground level."""

from __future__ import annotations

import random
from collections.abc import Iterable

from algomancy_api.example.warehouse import Item, Layout, Location, Warehouse


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
