"""The tables that every program writes: a few that are hard, and random ones of a seed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

Cell = tuple[str, object]
"""What kind of cell, and its value: text, number, boolean, time (as ISO text), error or blank."""

_TEXTS = (
    "plain", "007", "1E5", "TRUE", "NA", "#N/A", " spaces ", "two\nlines", "tab\tin", "a_x000D_b", "_x005F_", "é€𝄞",
    "<&>\"'", "'quoted", "=1+1", "1.000,5", "2025-01-01", "x" * 300,
)  # fmt: skip
_NUMBERS = (0, 1, -1, 12, 0.1, -2.5, 1e-7, 123456.789, 2**31, 2**53 - 1, 1e15, 1.7976931348623157e308)
_TIMES = (
    "1900-03-01T00:00:00", "1999-12-31T23:59:59", "2025-03-14T15:09:26", "2025-03-14T00:00:00", "9999-12-31T00:00:00",
)  # fmt: skip


def tables(seed: int, count: int) -> dict[str, dict[str, list[Cell]]]:
    """Return the tables by name, each as its columns by heading."""
    hard: dict[str, dict[str, list[Cell]]] = {
        "texts": {"text": [("text", text) for text in _TEXTS]},
        "numbers": {"number": [("number", number) for number in _NUMBERS]},
        "times": {"time": [("time", time) for time in _TIMES]},
        "early": {"time": [("time", "1850-06-01T00:00:00"), ("time", "1600-01-01T12:00:00")]},
        "errors": {
            "a": [("number", 1), ("error", "#REF!"), ("text", "x")],
            "b": [("blank", None), *[("text", "y")] * 2],
        },
        "blanks": {
            "a": [("blank", None), ("number", 1), ("blank", None)],
            "b": [("text", "x"), *[("blank", None)] * 2],
        },
        "mixed": {"a": [("text", "x"), ("number", 5), ("boolean", True), ("time", _TIMES[2]), ("number", 0.5)]},
        "odd_headings": {
            "a b": [("number", 1)],
            "_x0041_": [("number", 2)],
            "é": [("number", 3)],
            "1": [("number", 4)],
        },
    }
    chance = random.Random(seed)
    return hard | {f"random{number}": _random_table(chance) for number in range(count)}


def _random_table(chance: random.Random) -> dict[str, list[Cell]]:
    rows = chance.randrange(1, 40)
    return {f"column {number}": _random_column(chance, rows) for number in range(chance.randrange(1, 8))}


def _random_column(chance: random.Random, rows: int) -> list[Cell]:
    kind = chance.choice(["text", "number", "whole", "boolean", "time", "mixed"])
    return [("blank", None) if chance.random() < 0.1 else _random_cell(chance, kind) for _ in range(rows)]


def _random_cell(chance: random.Random, kind: str) -> Cell:
    if kind == "mixed":
        kind = chance.choice(["text", "number", "whole", "boolean", "time"])
    if kind == "text":
        return "text", chance.choice(_TEXTS) if chance.random() < 0.3 else f"item {chance.randrange(99)}"
    if kind == "boolean":
        return "boolean", chance.random() < 0.5
    if kind == "time":
        moment = datetime(1950, 1, 1) + timedelta(seconds=chance.randrange(3_000_000_000))
        return "time", moment.isoformat()
    return "number", chance.randrange(-(10**9), 10**9) if kind == "whole" else round(chance.uniform(-1e6, 1e6), 4)
