"""Columns converted to the types of a schema."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from algomancy_data import DataType
from algomancy_data.cells import conversion
from algomancy_data.cells.conversion import convert
from algomancy_data.cells.intervals import NO_INTERVAL

NAN = float("nan")

# What the column holds, the type wanted, the type it gets, its cells, and the rows that cannot be read.
CASES: dict[str, tuple[pd.Series, str, str, list[Any], list[int]]] = {
    "integers": (pd.Series([1, 2], dtype="int32"), "int64", "int64", [1, 2], []),
    "integers_as_floats": (pd.Series([1.0, 2.0]), "int64", "int64", [1, 2], []),
    "integers_with_gaps": (pd.Series([1.0, NAN]), "int64", "Int64", [1, None], []),
    "integers_with_decimals": (pd.Series([1.5, 2.0]), "int64", "Int64", [None, 2], [0]),
    "integers_infinite": (pd.Series([np.inf, 2.0]), "int64", "Int64", [None, 2], [0]),
    "integers_too_large": (pd.Series([2**63, 1], dtype="uint64"), "int64", "Int64", [None, 1], [0]),
    "integers_far_too_large": (pd.Series([1e300, 1.0]), "int64", "Int64", [None, 1], [0]),
    "integers_as_text": (
        pd.Series(["1", "2,0", "x", None, "NA", " "]),
        "int64",
        "Int64",
        [1, 2, None, None, None, None],
        [2],
    ),
    "integers_as_categories": (
        pd.Series(["1", "2", "1", None], dtype="category"),
        "int64",
        "Int64",
        [1, 2, 1, None],
        [],
    ),
    "integers_all_there": (pd.Series(["1", "2", "1"], dtype="category"), "int64", "int64", [1, 2, 1], []),
    "integers_exact": (pd.Series(["9007199254740993"]), "int64", "int64", [9007199254740993], []),
    "integers_from_booleans": (pd.Series([True, 1], dtype=object), "int64", "Int64", [None, 1], [0]),
    "integers_from_numpy": (pd.Series([np.int8(1), np.float64(2)], dtype=object), "int64", "int64", [1, 2], []),
    "integers_from_decimals": (
        pd.Series([Decimal(2), Decimal("2.5"), Decimal("nan"), Decimal("inf")], dtype=object),
        "int64",
        "Int64",
        [2, None, None, None],
        [1, 3],
    ),
    "floats_from_decimals": (
        pd.Series([Decimal("2.5"), Decimal("nan"), Decimal("inf")], dtype=object),
        "float64",
        "float64",
        [2.5, None, None],
        [2],
    ),
    "texts_from_arrays": (pd.Series([np.array([1, 2]), "a"], dtype=object), "string", "string", ["[1,2]", "a"], []),
    "floats": (pd.Series([1, 2]), "float64", "float64", [1.0, 2.0], []),
    "floats_as_text": (pd.Series(["1,5", "x", None, "-"]), "float64", "float64", [1.5, None, None, None], [1]),
    "floats_infinite": (pd.Series([1.0, np.inf]), "float64", "float64", [1.0, None], [1]),
    "floats_as_objects": (
        pd.Series([1, 2.5, "3", np.inf, [1]], dtype=object),
        "float64",
        "float64",
        [1.0, 2.5, 3.0, None, None],
        [3, 4],
    ),
    "booleans": (pd.Series([True, False]), "boolean", "boolean", [True, False], []),
    "booleans_as_text": (
        pd.Series(["yes", "no", None, "q"], dtype="category"),
        "boolean",
        "boolean",
        [True, False, None, None],
        [3],
    ),
    "booleans_in_other_words": (
        pd.Series(["WAHR", "falsch", "vrai", "FAUX", "Waar", "onwaar", "VERO", "1.0", "0.0", "nee"]),
        "boolean",
        "boolean",
        [True, False, True, False, True, False, True, True, False, False],
        [],
    ),
    "booleans_as_numbers": (
        pd.Series([0, 1, 1.0, 2], dtype=object),
        "boolean",
        "boolean",
        [False, True, True, None],
        [3],
    ),
    "text": (pd.Series(["a", "NA", None, " "]), "string", "string", ["a", "NA", None, " "], []),
    "text_empty": (pd.Series(["", "a"]), "string", "string", ["", "a"], []),
    "text_from_anything": (
        pd.Series([1, 1.0, 2.5, True, date(2025, 1, 2), datetime(2025, 1, 2), time(3), {"a": 1}, pd.NaT], dtype=object),
        "string",
        "string",
        ["1", "1", "2.5", "true", "2025-01-02", "2025-01-02", "03:00:00", '{"a":1}', None],
        [],
    ),
    "text_from_bytes": (pd.Series([b"\xc3\x9f", b"\xff"], dtype=object), "string", "string", ["ß", "/w=="], []),
    "times_of_arrow": (
        pd.Series(["2025-01-02", None]).astype("date32[pyarrow]"),
        "datetime64[ns]",
        "datetime64[us]",
        ["2025-01-02T00:00:00", None],
        [],
    ),
    "text_from_times": (
        pd.Series([datetime(2025, 1, 2, 3)], dtype=object),
        "string",
        "string",
        ["2025-01-02T03:00:00"],
        [],
    ),
    "text_from_integers": (pd.Series([1, 2]), "string", "string", ["1", "2"], []),
    "categories": (pd.Series(["b", "a", None], dtype="category"), "categorical", "category", ["b", "a", None], []),
    "categories_from_numbers": (pd.Series([1.0, 2.0, None]), "categorical", "category", ["1", "2", None], []),
    "times": (
        pd.Series(pd.to_datetime(["2025-01-02"]).as_unit("ns")),
        "datetime64[ns]",
        "datetime64[us]",
        ["2025-01-02T00:00:00"],
        [],
    ),
    "times_with_zone": (
        pd.Series(pd.to_datetime(["2025-01-02T00:00+01:00"])),
        "datetime64[ns]",
        "datetime64[us, UTC]",
        ["2025-01-01T23:00:00+00:00"],
        [],
    ),
    "times_as_text": (
        pd.Series(["1/2/2025", None, "x"], dtype="category"),
        "datetime64[ns]",
        "datetime64[us]",
        ["2025-02-01T00:00:00", None, None],
        [2],
    ),
    "times_as_objects": (
        pd.Series([date(2025, 1, 2), datetime(2025, 1, 2, 3), 20250102, 1.5, True, "2025-01-02"], dtype=object),
        "datetime64[ns]",
        "datetime64[us]",
        ["2025-01-02T00:00:00", "2025-01-02T03:00:00", "2025-01-02T00:00:00", None, None, "2025-01-02T00:00:00"],
        [3, 4],
    ),
    "times_some_with_offset": (
        pd.Series([datetime(2025, 1, 2), "2025-01-02T00:00:00+01:00"], dtype=object),
        "datetime64[ns]",
        "datetime64[us, UTC]",
        ["2025-01-02T00:00:00+00:00", "2025-01-01T23:00:00+00:00"],
        [],
    ),
    "integers_rounded_by_floats": (pd.Series([9007199254740993.0, 1.0]), "int64", "Int64", [None, 1], [0]),
    "integers_rounded_as_objects": (pd.Series([2.0**53, 1], dtype=object), "int64", "Int64", [None, 1], [0]),
    "floats_that_would_round": (pd.Series([2**53 + 1, 1], dtype=object), "float64", "float64", [None, 1.0], [0]),
    "floats_from_large_integers": (pd.Series([2**53 + 1, 1]), "float64", "float64", [None, 1.0], [0]),
    "text_from_huge_integers": (
        pd.Series([12345678901234567890123, 12345678901234567890124], dtype=object),
        "string",
        "string",
        ["12345678901234567890123", "12345678901234567890124"],
        [],
    ),
    "text_from_durations": (
        pd.Series([timedelta(hours=36), "x"], dtype=object),
        "string",
        "string",
        ["P1DT12H0M0S", "x"],
        [],
    ),
    "times_of_day": (
        pd.Series([time(8, 30), None], dtype=object),
        "datetime64[ns]",
        "datetime64[us]",
        [None, None],
        [0],
    ),
    "times_in_words": (
        pd.Series(["now", "2025-01-01", "0800"], dtype=object),
        "datetime64[ns]",
        "datetime64[us]",
        [None, "2025-01-01T00:00:00", None],
        [0, 2],
    ),
    "times_beside_numbers_keep_the_order": (
        pd.Series(["3/14/2025", "1/2/2025", 20250102], dtype=object),
        "datetime64[ns]",
        "datetime64[us]",
        ["2025-03-14T00:00:00", "2025-01-02T00:00:00", "2025-01-02T00:00:00"],
        [],
    ),
    "categories_keep_their_text": (
        pd.Series(["00060", "1.50", "1E5", "+5", "TRUE", "NA"]),
        "categorical",
        "category",
        ["00060", "1.50", "1E5", "+5", "TRUE", "NA"],
        [],
    ),
    "no_integers": (pd.Series([], dtype=object), "int64", "int64", [], []),
    "only_gaps": (pd.Series([None, None], dtype=object), "datetime64[ns]", "datetime64[us]", [None, None], []),
    "only_gaps_as_categories": (pd.Series([None, None], dtype="category"), "boolean", "boolean", [None, None], []),
}


@pytest.mark.parametrize(("series", "wanted", "dtype", "cells", "unreadable"), CASES.values(), ids=CASES)
def test_column_is_converted(
    series: pd.Series, wanted: str, dtype: str, cells: list[Any], unreadable: list[int]
) -> None:
    """A column becomes the type wanted; cells that cannot be are missing, and told by row."""
    converted = convert(series, DataType(wanted))
    assert str(converted.array.dtype) == dtype
    found = [None if pd.isna(cell) else cell for cell in pd.Series(converted.array).astype(object)]
    assert [cell.isoformat() if isinstance(cell, datetime) else cell for cell in found] == cells
    assert sorted(converted.unreadable) == unreadable
    assert all(problem.startswith("is ") or problem.startswith("has ") for _, problem in converted.unreadable.values())


def test_column_of_intervals_is_converted() -> None:
    """Intervals come from text and from pairs, and stay when they are intervals already."""
    converted = convert(pd.Series(["1/2", [3, 4], None, 5], dtype=object), DataType.INTERVAL)
    assert list(converted.array[:2]) == [pd.Interval(1.0, 2.0, "both"), pd.Interval(3.0, 4.0, "both")]
    assert converted.unreadable == {3: ("5", NO_INTERVAL)}
    intervals = pd.Series(pd.interval_range(0, 2))
    assert convert(intervals, DataType.INTERVAL).array.equals(intervals.array)
    categories = convert(pd.Series(["1/2", "x", "1/2"], dtype="category"), DataType.INTERVAL)
    assert list(categories.array.isna()) == [False, True, False]
    assert list(categories.unreadable) == [1]


def test_column_of_lists_in_text_is_kept_with_a_warning() -> None:
    """Lists and objects in a column of text are kept as JSON text, and that is said."""
    converted = convert(pd.Series([["a", 1], {"b": None}, "c"], dtype=object), DataType.STRING)
    assert list(converted.array) == ['["a",1]', '{"b":null}', "c"]
    assert converted.doubts == ["Lists and objects in this column are kept as text, in JSON."]


WHOLE_COLUMNS: list[tuple[str, list[Any], DataType]] = [
    ("int64", [7, -1, 2**63 - 1], DataType.STRING),
    ("int64", [7, -1, 7], DataType.CATEGORICAL),
    ("int64", [20250131, 20250201], DataType.DATETIME),
    ("Int64", [7, None], DataType.INTEGER),
    ("Int64", [7, None], DataType.FLOAT),
    ("Int64", [7, None], DataType.STRING),
    ("boolean", [True, False, None], DataType.STRING),
    ("object", [None, None], DataType.DATETIME),
]


@pytest.mark.parametrize(("kind", "values", "dtype"), WHOLE_COLUMNS)
def test_column_of_one_type_is_converted_whole(
    kind: Any,
    values: list[Any],
    dtype: DataType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It becomes what its cells would, but nobody looks at each, for that would keep all other requests waiting."""
    singly = conversion._convert_values(values, dtype)
    monkeypatch.setattr(conversion, "_convert_values", None)
    whole = convert(pd.Series(values, dtype=kind), dtype)
    pd.testing.assert_series_equal(pd.Series(whole.array), pd.Series(singly.array))
    assert (whole.unreadable, whole.doubts, whole.remarks) == (singly.unreadable, singly.doubts, singly.remarks)


def test_cells_that_cannot_be_converted_are_counted_and_few_are_kept() -> None:
    """Of a thousand wrong cells the first ten and the last are told: an entry for each costs more than the file."""
    converted = convert(pd.Series([f"x{row}" for row in range(1000)], dtype="string"), DataType.INTEGER)
    assert converted.unreadable_count == 1000
    assert list(converted.unreadable) == [*range(10), 999]
