"""Datasets in JSON: unusual columns and labels, and what others leave out."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from algomancy_data import DataSource
from algomancy_data.stored.payload import canonical, read_tables
from tests.algomancy_data.stored.datasets import sent, source_of

GAP: Any = ["2025-01-01", None]


def test_dataset_ignores_members_it_does_not_know() -> None:
    """Unknown members do not matter (contract GEN-4) and are not kept."""
    payload = sent(unknown=1, metadata={"colour": "red"}) | {"extra": []}
    assert json.loads(canonical(json.dumps(payload))[1]) == sent()


@pytest.mark.parametrize(
    ("frame", "columns"),
    [
        (pd.DataFrame({1: [1], "a": [2], None: [3]}), ["1", "a", "None"]),
        (pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])), ["a.b", "a.c"]),
        (pd.DataFrame([[1]], columns=pd.to_datetime(["2025-01-01"])), ["2025-01-01 00:00:00"]),
    ],
    ids=["numbers", "levels", "times"],
)
def test_dataset_column_names_become_text(frame: pd.DataFrame, columns: list[str]) -> None:
    """Names of columns that are no text are written as text."""
    text = source_of(t=frame).to_json()
    assert json.loads(text)["tables"]["t"]["columns"] == columns
    assert DataSource.from_json(text).to_json() == text


@pytest.mark.parametrize(
    ("series", "dtype", "cells"),
    [
        (pd.Series([1, 0], dtype=pd.SparseDtype("int64", 0)), "int64", [1, 0]),
        (pd.Series(pd.period_range("2025-01", periods=2, freq="M")), "object", ["2025-01", "2025-02"]),
        (pd.Series(pd.Categorical([1, "a", 2.5])), "category", [1, "a", 2.5]),
        (pd.Series(pd.Categorical([True, 2, None])), "object", [True, 2, None]),
        (pd.cut(pd.Series([1, 5, 99]), [0, 3, 6]), "interval[float64, right]", [[0.0, 3.0], [3.0, 6.0], None]),
        (pd.Series(pd.Categorical(pd.to_datetime(GAP))), "datetime64[us]",
         ["2025-01-01T00:00:00", None]),
        (pd.Series(pd.Categorical([(1, 2), None])), "object", [[1, 2], None]),
        (pd.Series(pd.interval_range(0, 2)), "interval[int64, right]", [[0, 1], [1, 2]]),
        (pd.Series([pd.Timestamp("2025-01-01"), b"x", {1, 2}], dtype=object), "object",
         ["2025-01-01T00:00:00", "x", [1, 2]]),
        (pd.Series(["9999-12-31", "0001-01-01", None], dtype="datetime64[s]"), "datetime64[s]",
         ["9999-12-31T00:00:00", "0001-01-01T00:00:00", None]),
        (pd.Series(np.array([400_000_000_000, -99_000_000_000, 0], dtype="datetime64[s]")), "datetime64[s]",
         ["14645-06-30T15:06:40", "-1168-10-24T16:00:00", "1970-01-01T00:00:00"]),
        (pd.Series(np.array([400_000_000_000_000_001], dtype="datetime64[us]")), "datetime64[us]",
         ["14645-06-30T15:06:40.000001"]),
        (pd.Series(pd.to_datetime(["1880-01-01T00:00:00Z"])).dt.tz_convert("Europe/Amsterdam"),
         "datetime64[us, Europe/Amsterdam]", ["1880-01-01T00:00:00+00:00"]),
        (pd.Series([None, None]), "object", [None, None]),
        (pd.Series([np.inf, -0.0]), "float64", [None, -0.0]),
        (pd.Series([0.1, 3.4e38], dtype="float32"), "float32", [0.10000000149011612, 3.3999999521443642e38]),
    ],
    ids=["sparse", "periods", "mixed_categories", "numbers_and_booleans", "categories_of_intervals",
         "categories_of_times", "categories_of_tuples", "intervals", "objects", "first_and_last_year", "far_years",
         "far_microsecond", "local_mean_time", "nothing", "infinity", "float32"],
)  # fmt: skip
def test_dataset_writes_unusual_columns(series: pd.Series, dtype: str, cells: list[Any]) -> None:
    """A column of an unusual type is written as the nearest type there is, and reads the same again."""
    text = source_of(t=pd.DataFrame({"a": series})).to_json()
    table = json.loads(text)["tables"]["t"]
    assert table["dtypes"] == {"a": dtype}
    assert [row["a"] for row in table["data"]] == cells
    assert DataSource.from_json(text).to_json() == text
    assert canonical(text)[1].decode() == text


@pytest.mark.parametrize(
    ("index", "kind"),
    [
        ([[1, "a"], [2, "b"]], pd.MultiIndex),
        ([[1, "a"], [1.5, "b"]], pd.Index),
        ([[1], [2]], pd.Index),
        ([[1, 2], "x"], pd.Index),
        ([True, 1], pd.Index),
        ([2**64 - 1, -1], pd.Index),
        ([0, 1], pd.RangeIndex),
    ],
    ids=["levels", "levels_of_mixed_numbers", "single", "mixed", "boolean_and_number", "large", "range"],
)
def test_dataset_index_reads_the_same_again(index: list[Any], kind: type) -> None:
    """Row labels become levels only where they read the same again, and are written as they were."""
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    source = DataSource.from_json(json.dumps(sent(data=rows, index=index)))
    assert type(source.tables["t"].index) is kind
    written = json.loads(source.to_json())["tables"]["t"]["index"]
    assert written == index
    assert json.dumps(written) == json.dumps(index)


CARRIED: dict[str, tuple[dict[str, Any], str, Any]] = {
    "no_list_of_tables": ({"metadata": {"tables": ...}}, "int64", [1, 2]),
    "null_creation": ({"metadata": {"creation_datetime": None}}, "int64", [1, 2]),
    "no_creation": ({"metadata": {"creation_datetime": ...}}, "int64", [1, 2]),
    "no_dtypes": ({"dtypes": ...}, "int64", [1, 2]),
    "no_dtype_of_floats": ({"dtypes": {}, "data": [{"a": 1.5}, {"a": None}]}, "float64", [1.5, None]),
    "no_dtype_of_texts": ({"dtypes": {}, "data": [{"a": "x"}, {"a": None}]}, "str", ["x", None]),
    "no_dtype_of_lists": ({"dtypes": {}, "data": [{"a": [1]}, {"a": None}]}, "object", [[1], None]),
    "nan_in_floats": ({"dtypes": {"a": "float64"}, "data": [{"a": math.nan}, {"a": 2.0}]}, "float64", [None, 2.0]),
    "nan_in_texts": ({"dtypes": {"a": "str"}, "data": [{"a": "NaN, he said: NaN"}, {"a": math.nan}]}, "str",
                     ["NaN, he said: NaN", None]),
    "nan_in_categories": ({"dtypes": {"a": "category"}, "data": [{"a": "x"}, {"a": math.nan}]}, "category",
                          ["x", None]),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "dtype", "cells"), CARRIED.values(), ids=list(CARRIED))
@pytest.mark.parametrize("indent", [None, 2], ids=["one_line", "indented"])
def test_dataset_of_algomancys_own_packages_is_read(
    changes: dict[str, Any], dtype: str, cells: list[Any], indent: int | None
) -> None:
    """What they leave out, and `NaN` as they write a missing cell, is read as what it means, and stays so."""
    table = {"data": [{"a": 1}, {"a": 2}], "columns": ["a"], "dtypes": {"a": "int64"}, "index": [0, 1]}
    metadata = {"id": "1", "name": "n", "type": "master_data", "creation_datetime": "2025-01-02", "tables": ["t"]}
    metadata |= changes.get("metadata", {})
    table |= {name: value for name, value in changes.items() if name != "metadata"}
    payload = {"metadata": metadata, "tables": {"t": table}}
    for members in (metadata, table):
        for name in [name for name, value in members.items() if value is ...]:
            del members[name]
    source = DataSource.from_json(json.dumps(payload, indent=indent))
    column = source.get_table("t")["a"]
    assert str(column.dtype) == dtype
    assert column.astype(object).where(column.notna(), None).tolist() == cells
    assert source.list_tables() == ["t"]
    again = json.loads(canonical(json.dumps(payload, indent=indent))[1])
    assert [row["a"] for row in again["tables"]["t"]["data"]] == cells
    assert again["tables"]["t"]["dtypes"] == {"a": dtype}


TABLE = '{"data": [{"a": 1}], "columns": ["a"], "dtypes": {"a": "int64"}, "index": [0]}'


@pytest.mark.parametrize(
    "tables",
    [
        f'{{"t": 5, "t": {TABLE}}}',
        f'{{"t": {TABLE.replace("{", """{"data": null, """, 1)}}}',
        f'null, "tables": {{"t": {TABLE}}}',
    ],
    ids=["table", "rows", "tables"],
)
def test_dataset_of_equal_keys_has_the_last(tables: str) -> None:
    """Whatever stood there before, as everywhere in JSON."""
    metadata = '{"id": "i", "name": "n", "type": "dummy_data", "creation_datetime": "2025-01-01", "tables": ["t"]}'
    text = f'{{"metadata": {metadata}, "tables": {tables}}}'
    assert json.loads(canonical(text)[1])["tables"] == {"t": json.loads(TABLE)}
    assert read_tables(text)[1]["t"].to_dict("list") == {"a": [1]}
