"""Tables in the form they have once they are stored and read back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from algomancy_data import DataClassification, DataSource
from algomancy_data.stored.tables import as_stored

GAP: Any = ["2025-01-01", None]
OPEN: Any = [(-np.inf, 1.0), (2.0, np.inf), (-np.inf, np.inf), None]
SAME: dict[str, Any] = {
    "integers": pd.Series([1, 2]),
    "integers_with_gaps": pd.Series([1, None], dtype="Int64"),
    "floats": pd.Series([1.5, None]),
    "text": pd.Series(["a", None]),
    "objects": pd.Series([1, "a", None, True], dtype=object),
    "lists": pd.Series([[1], {"a": [2]}], dtype=object),
    "times": pd.Series(pd.to_datetime(GAP)),
    "times_with_zone": pd.Series(pd.to_datetime(GAP)).dt.tz_localize("Europe/Amsterdam"),
    "durations": pd.Series(pd.to_timedelta(["1D", None])),
    "categories": pd.Series(["b", "a"], dtype="category"),
    "categories_ordered": pd.Series(pd.Categorical(["lo", "hi"], ["lo", "mid", "hi"], ordered=True)),
    "categories_without_rows": pd.Series(pd.Categorical(["a", None], ["a", "b"])),
    "categories_in_another_order": pd.Series(pd.Categorical(["a", "b"], ["b", "a"])),
    "categories_of_numbers": pd.Series(pd.Categorical([2, 1], [2, 1, 3], ordered=True)),
    "categories_mixed": pd.Series(pd.Categorical([1, "a", 1], [1, "a"])),
    "intervals": pd.Series(pd.interval_range(0, 2)),
    "intervals_without_end": pd.Series(pd.arrays.IntervalArray.from_tuples(OPEN)),
    "booleans": pd.Series([True, None], dtype="boolean"),
}


def _read_back(frame: pd.DataFrame) -> pd.DataFrame:
    source = DataSource(DataClassification.MASTER_DATA, "d")
    source.add_table("t", frame)
    text = source.to_json()
    again = DataSource.from_json(text)
    assert again.to_json() == text
    return again.tables["t"]


@pytest.mark.parametrize("series", SAME.values(), ids=SAME)
def test_table_that_json_can_write_stays_as_it_is(series: pd.Series) -> None:
    """It is read back equal, types and categories included, and settling leaves it alone, and says nothing."""
    frame = pd.DataFrame({"c": series})
    settled, notes = as_stored(frame, "t")
    assert notes == []
    pd.testing.assert_frame_equal(settled, frame)
    pd.testing.assert_frame_equal(_read_back(frame), frame)


CHANGED: dict[str, tuple[Any, str]] = {
    "infinite": (pd.Series([1.0, np.inf, -np.inf]), "2 infinite values of this column become missing ones"),
    "infinite_nullable": (pd.Series([1.0, np.inf], dtype="Float64"), "1 infinite values"),
    "decimals": (pd.Series([Decimal("1.5"), Decimal(2)], dtype=object), "Values of this column that JSON has no form"),
    "times_as_objects": (pd.Series([datetime(2025, 1, 1), date(2025, 1, 1)], dtype=object), "Values of this column"),
    "durations_as_objects": (pd.Series([timedelta(1)], dtype=object), "Values of this column"),
    "sets": (pd.Series([{1}, (2,)], dtype=object), "Values of this column"),
    "sparse": (pd.Series(pd.arrays.SparseArray([1, 0, 0])), "This column is stored as 'int64'"),
    "periods": (pd.Series(pd.period_range("2025-01", periods=2, freq="M")), "This column is stored as 'object'"),
    "intervals_beyond_numbers": (
        pd.Series(pd.arrays.IntervalArray.from_tuples([(np.inf, np.inf), (-np.inf, 0.0), (-np.inf, -np.inf)])),
        "Intervals of this column that hold no number",
    ),
    "categories_of_intervals": (pd.cut(pd.Series([1, 2]), 2), "This column is stored as 'interval"),
}


@pytest.mark.parametrize(("series", "note"), CHANGED.values(), ids=CHANGED)
def test_table_beyond_json_is_settled_with_a_note(series: pd.Series, note: str) -> None:
    """What JSON has no form for becomes what is read back, and that is said; nothing changes after that."""
    frame = pd.DataFrame({"c": series})
    settled, notes = as_stored(frame, "t")
    assert [(column, text.startswith(note)) for column, text in notes] == [("c", True)]
    pd.testing.assert_frame_equal(_read_back(settled), settled)
    assert as_stored(settled, "t")[1] == []


def test_table_names_and_labels_are_settled_with_a_note() -> None:
    """Names that are no text, attributes, names of an index and labels that are times are told."""
    frame = pd.DataFrame({1: [1], ("a", "b"): [2]}, index=pd.Index([pd.Timestamp("2025-01-01")], name="day"))
    frame.attrs["source"] = "x"
    settled, notes = as_stored(frame, "t")
    assert [text.split(" ")[0] for _, text in notes] == ["Names", "Names", "Labels"]
    assert list(settled) == ["1", "a.b"]
    assert settled.attrs == {}
    pd.testing.assert_frame_equal(_read_back(settled), settled)
    for index in (pd.RangeIndex(3, 5), pd.Index(["x", "y"]), pd.Index([5, 1])):
        kept = pd.DataFrame({"c": [1, 2]}, index=index)
        assert as_stored(kept, "t")[1] == []
        pd.testing.assert_frame_equal(_read_back(as_stored(kept, "t")[0]), as_stored(kept, "t")[0])


def test_table_that_cannot_be_written_is_refused() -> None:
    """A value without any form in JSON is refused with its place."""
    with pytest.raises(ValueError, match="Table 't', column 'c', row 1"):
        as_stored(pd.DataFrame({"c": pd.Series([1, 2**70], dtype=object)}), "t")
