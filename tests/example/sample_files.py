"""Makes the sample files of the example: `python -m tests.example.sample_files src/algomancy_api/example/data/*`.

The same seed gives the same contents on every machine. The files are committed; a test makes them again and compares.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from algomancy_api.example.warehouse import HEAVY_KG

SEED = 2024
ITEMS = 200
ORDER_LINES = 900
AISLES = 5
BAYS = 10
LEVELS = 2

_KINDS = {
    "fasteners": ["Bolt", "Nut", "Washer", "Screw", "Rivet"],
    "tools": ["Wrench", "Hammer", "Saw", "Drill", "Chisel"],
    "electrical": ["Cable", "Socket", "Switch", "Fuse", "Relay"],
    "plumbing": ["Valve", "Elbow", "Tee", "Gasket", "Pump"],
    "paint": ["Primer", "Lacquer", "Brush", "Roller", "Thinner"],
}
_SUPPLIERS = ["Noord BV", "Zuid & Zn.", "Østergård", "Łódź Trade", None]


@dataclass(frozen=True)
class SampleFiles:
    """The contents of the sample files: rows of plain values, columns in order of the first row."""

    items: list[dict[str, Any]]
    locations: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    layout: list[dict[str, Any]]


def sample_files(seed: int = SEED) -> SampleFiles:
    """Return the contents of the sample files.

    Args:
        seed: Another seed gives another warehouse.
    """
    chance = random.Random(seed)
    items = [_item(chance, number) for number in range(1, ITEMS + 1)]
    locations = [
        _location(chance, aisle, bay, level)
        for aisle in range(AISLES)
        for bay in range(BAYS)
        for level in range(LEVELS)
    ]
    return SampleFiles(items, locations, _orders(chance, items), _layout(chance, items, locations))


def write_sample_files(folder: Path, seed: int = SEED) -> None:
    """Write `items.csv`, `locations.json` and `planning.xlsx` into a folder, which is made when missing.

    Args:
        folder: Where to write.
        seed: Another seed gives another warehouse.
    """
    files = sample_files(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "items.csv").write_text(_as_csv(files.items), encoding="utf-8", newline="\n")
    records = ",\n".join(json.dumps(record, ensure_ascii=False) for record in files.locations)
    (folder / "locations.json").write_text(f"[\n{records}\n]\n", encoding="utf-8", newline="\n")
    _write_workbook(folder / "planning.xlsx", {"orders": files.orders, "layout": files.layout})


def _item(chance: random.Random, number: int) -> dict[str, Any]:
    category = chance.choice(list(_KINDS))
    # Most items are light, some few are very heavy.
    weight = round(0.1 + 30 * chance.random() ** 4, 1)
    return {
        "item_id": f"I{number:03d}",
        "description": f"{chance.choice(_KINDS[category])} {chance.randrange(2, 60)} mm",
        "category": category,
        "weight_kg": weight,
        "fragile": chance.random() < 0.15,
        "introduced_on": date(2019, 1, 1) + timedelta(days=chance.randrange(5 * 365)),
        "supplier": chance.choice(_SUPPLIERS),
        "max_stack": None if weight > 10 else chance.randrange(2, 12),
    }


def _location(chance: random.Random, aisle: int, bay: int, level: int) -> dict[str, Any]:
    return {
        "location_id": f"{'ABCDE'[aisle]}{bay + 1:02d}-{level + 1}",
        "zone": f"Zone {'ABCDE'[aisle]}",
        "level": level + 1,
        "capacity": chance.choice([2, 2, 3]),
        "position": {"x": 3.0 + 4.0 * aisle, "y": 2.0 + 2.5 * bay},
    }


def _orders(chance: random.Random, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    names = [item["item_id"] for item in items]
    chance.shuffle(names)
    # A few items make most of the picks: the n-th most popular is asked for about 1/n times as often as the first.
    popularity = [1 / rank for rank in range(1, len(names) + 1)]
    first = datetime(2024, 3, 4, 7)
    lines = []
    for number in range(ORDER_LINES):
        lines.append(
            {
                "line": number + 1,
                "order_id": f"O{number // 3 + 1:04d}",
                "item_id": chance.choices(names, popularity)[0],
                "quantity": chance.randrange(1, 9),
                "ordered_at": first + timedelta(minutes=7 * (number // 3)),
            }
        )
    return lines


def _layout(
    chance: random.Random, items: Sequence[dict[str, Any]], locations: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    slots = [place for place in locations for _ in range(place["capacity"])]
    chance.shuffle(slots)
    placed = {}
    for item in sorted(items, key=lambda item: item["weight_kg"] < HEAVY_KG):
        heavy = item["weight_kg"] >= HEAVY_KG
        slot = next(slot for slot in slots if slot["level"] == 1 or not heavy)
        slots.remove(slot)
        placed[item["item_id"]] = slot["location_id"]
    return [{"item_id": item["item_id"], "location_id": placed[item["item_id"]]} for item in items]


def _as_csv(rows: Sequence[dict[str, Any]]) -> str:
    lines = [";".join(rows[0]), *(";".join(_as_csv_cell(value) for value in row.values()) for row in rows)]
    return "\n".join(lines) + "\n"


def _as_csv_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _write_workbook(path: Path, sheets: dict[str, list[dict[str, Any]]]) -> None:
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for cells in _with_header(rows):
            sheet.append(list(cells))
    workbook.save(path)


def _with_header(rows: Sequence[dict[str, Any]]) -> Iterable[Iterable[Any]]:
    yield rows[0].keys()
    for row in rows:
        yield row.values()


if __name__ == "__main__":
    write_sample_files(Path(sys.argv[1]))
