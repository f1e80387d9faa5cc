"""Datasets in JSON that are refused: which thing is wrong, and what is."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from algomancy_data import DataSource
from algomancy_data.stored.payload import canonical, read_tables, write_dataset
from tests.algomancy_data.stored.datasets import compact, sent, source_of


@pytest.mark.parametrize("dtype", ["object", "category", "int64", "float64"])
@pytest.mark.parametrize("place", ["data", "index", "label of several parts", "categories"])
@pytest.mark.parametrize("read", [canonical, read_tables])
@pytest.mark.parametrize("form", [compact, json.dumps])
def test_dataset_with_an_integer_beyond_64_bits_is_refused(
    dtype: str, place: str, read: Callable[[Any], Any], form: Callable[[Any], Any]
) -> None:
    """It would come back as another number: 1.2345678901234568e+29."""
    large = 123456789012345678901234567890
    payload = sent(dtypes={"a": dtype, "b": "category"})
    table = payload["tables"]["t"]
    match place:
        case "data":
            table["data"][0]["a"] = large
        case "index":
            table["index"][0] = large
        case "categories":
            table["categories"] = {"b": {"values": ["x", large]}}
        case _:
            table["index"][0] = [1, large]
    with pytest.raises(ValueError, match=r"Table 't'.*(64 bits|exactly|an integer between)"):
        read(form(payload))


@pytest.mark.parametrize("read", [canonical, lambda text: read_tables(text)[1]])
@pytest.mark.parametrize(
    ("dtype", "row", "fragment"),
    [
        ("int64", {"a": "x"}, "row 2500 must hold an integer"),
        ("category", {"a": []}, "row 2500 must hold text"),
        ("object", {}, "row 2500 does not have it"),
        ("object", {"a": 2**70}, r"\[2500\]. has more than 64 bits"),
    ],
)
def test_row_that_does_not_fit_is_named_however_many_come_before(
    read: Callable[[Any], Any], dtype: str, row: dict[str, Any], fragment: str
) -> None:
    """Rows are read some thousand at a time, and counted through all the same."""
    rows = [{"a": 1} for _ in range(3_000)]
    rows[2_500] = row
    payload = sent(data=rows, columns=["a"], dtypes={"a": dtype}, index=list(range(3_000)))
    with pytest.raises(ValueError, match=f"Table 't', column 'a': .*{fragment}"):
        read(compact(payload))


def _of_categories(told: Any, dtype: str = "category") -> Any:
    payload = sent(data=[{"a": 1, "b": "b"}], dtypes={"a": "int64", "b": dtype})
    payload["tables"]["t"]["categories"] = {"b": told}
    return payload


WRONG: dict[str, tuple[Any, str]] = {
    "no_object": ([1], "must be an object"),
    "no_tables": ({"metadata": {}}, "'tables'"),
    "no_metadata": ({"tables": {}}, "'metadata'"),
    "no_id": (sent(metadata={"id": None}), "metadata.id"),
    "empty_name": (sent(metadata={"name": ""}), "metadata.name"),
    "number_as_name": (sent(metadata={"name": 3}), "metadata.name"),
    "unknown_type": (sent(metadata={"type": "x"}), "master_data, derived_data, dummy_data"),
    "creation_no_text": (sent(metadata={"creation_datetime": 5}), "metadata.creation_datetime"),
    "no_list_of_tables": (sent(metadata={"tables": None}), "metadata.tables"),
    "creation_no_time": (sent(metadata={"creation_datetime": "yesterday"}), "metadata.creation_datetime"),
    "tables_not_listed": (sent(metadata={"tables": []}), "metadata.tables"),
    "tables_listed_twice": (sent(metadata={"tables": ["t", "t"]}), "metadata.tables"),
    "data_no_list": (sent(data={}), "Table 't' needs 'data'"),
    "index_too_long": (sent(index=[0, 1]), "Table 't' has 1 rows but an index of 2"),
    "index_missing": (sent(index=None), "Table 't' needs 'index'"),
    "index_of_objects": (sent(index=[{}]), "label of the index"),
    "index_of_deep_lists": (sent(index=[[[]]]), "label of the index"),
    "columns_twice": (sent(columns=["a", "a"]), "more than one column named 'a'"),
    "column_no_text": (sent(columns=["a", 1]), "must be text"),
    "dtype_no_text": (sent(dtypes={"a": "int64", "b": None}), "column 'b': its type in 'dtypes' must be text"),
    "dtype_too_many": (sent(dtypes={"a": "int64", "b": "str", "c": "str"}), "'c'"),
    "dtype_unknown": (sent(dtypes={"a": "int63", "b": "str"}), "column 'a': unknown type 'int63'"),
    "row_lacks_column": (sent(data=[{"a": 1}]), "column 'b': row 0 does not have it"),
    "row_has_other_column": (sent(data=[{"a": 1, "c": 2}]), "column 'b': row 0 does not have it"),
    "row_has_too_many": (sent(data=[{"a": 1, "b": "x", "c": 2}]), "row 0 has 'c'"),
    "row_no_object": (sent(data=[[1, "x"]]), "every row must be an object"),
    "text_in_integers": (sent(data=[{"a": "1", "b": "x"}]), "column 'a': row 0 must hold an integer"),
    "null_in_integers": (sent(data=[{"a": None, "b": "x"}]), "column 'a': row 0 must hold an integer"),
    "decimals_in_integers": (sent(data=[{"a": 1.5, "b": "x"}]), "column 'a': every row must hold an integer"),
    "boolean_in_integers": (sent(data=[{"a": True, "b": "x"}]), "column 'a'"),
    "integer_too_large": (sent(data=[{"a": 2**63, "b": "x"}]), "column 'a': every row"),
    "number_in_text": (sent(data=[{"a": 1, "b": 2}]), "column 'b': row 0 must hold text"),
    "inexact_in_floats": (
        sent(data=[{"a": 2**53 + 1, "b": "x"}], dtypes={"a": "float64", "b": "str"}), "exactly"
    ),
    "too_large_for_float32": (
        sent(data=[{"a": 1e300, "b": "x"}], dtypes={"a": "float32", "b": "str"}), "too large"
    ),
    "null_in_booleans": (sent(data=[{"a": None, "b": "x"}], dtypes={"a": "bool", "b": "str"}), "true or false"),
    "offset_in_naive_times": (
        sent(data=[{"a": 1, "b": "2025-01-01T00:00:00Z"}], dtypes={"a": "int64", "b": "datetime64[us]"}),
        "without offset",
    ),
    "naive_in_aware_times": (
        sent(data=[{"a": 1, "b": "2025-01-01T00:00:00"}], dtypes={"a": "int64", "b": "datetime64[us, UTC]"}),
        "with its offset",
    ),
    "too_fine": (
        sent(data=[{"a": 1, "b": "2025-01-01T00:00:00.5"}], dtypes={"a": "int64", "b": "datetime64[s]"}),
        "finer than",
    ),
    "out_of_range": (
        sent(data=[{"a": 1, "b": "0001-01-01T00:00:00"}], dtypes={"a": "int64", "b": "datetime64[ns]"}),
        "range",
    ),
    "no_date": (sent(data=[{"a": 1, "b": "2025-02-30"}], dtypes={"a": "int64", "b": "datetime64[s]"}), "calendar"),
    "unknown_zone": (sent(dtypes={"a": "int64", "b": "datetime64[ns, Mars/Olympus]"}), "unknown type"),
    "mixed_categories": (
        sent(data=[{"a": 1, "b": True}, {"a": 1, "b": 1}], index=[0, 1], dtypes={"a": "int64", "b": "category"}),
        "mix",
    ),
    "interval_backwards": (
        sent(data=[{"a": 1, "b": [2, 1]}], dtypes={"a": "int64", "b": "interval[int64, left]"}), "end before",
    ),
    "endless_times": (
        sent(data=[{"a": 1, "b": [None, "2025-01-01"]}],
                 dtypes={"a": "int64", "b": "interval[datetime64[us], left]"}), "pair of bounds",
    ),
    "category_unknown": (_of_categories({"values": ["x"]}), "none of the categories"),
    "category_twice": (_of_categories({"values": ["b", "b"]}), "occurs twice"),
    "category_of_lists": (_of_categories({"values": [["b"]]}), "text, a number"),
    "categories_of_another_type": (_of_categories({"values": ["b"]}, dtype="str"), "'categories' must hold"),
    "categories_without_values": (_of_categories({"ordered": True}), "'categories' must hold"),
    "deep_cell": (
        sent(data=[{"a": 1, "b": json.loads("[" * 195 + "]" * 195)}], dtypes={"a": "int64", "b": "object"}),
        "deeper",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("payload", "fragment"), WRONG.values(), ids=WRONG)
def test_dataset_that_does_not_fit_is_refused_by_name(payload: Any, fragment: str) -> None:
    """A document that is no dataset is refused with a message that names table and column, and what is wrong."""
    text = json.dumps(payload)
    for read in (canonical, read_tables, DataSource.from_json):
        with pytest.raises(ValueError) as error:  # noqa: PT011 - the fragment is checked below
            read(text)
        assert fragment in str(error.value)
        assert str(error.value).endswith(".")


def test_dataset_with_equal_column_names_is_refused() -> None:
    """Two columns of one name, also once written as text, are refused by table and column."""
    for columns in (["a", "a"], [1, "1"]):
        with pytest.raises(ValueError, match=r"Table 't' has more than one column named '[a1]'\."):
            write_dataset(source_of().stored_metadata(), {"t": pd.DataFrame([[1, 2]], columns=columns)})


def test_infinity_in_a_dataset_is_refused() -> None:
    """An infinite number, which their `to_json` writes too, cannot be written as JSON and is not made a missing one."""
    text = json.dumps(sent(data=[{"a": math.inf, "b": "x"}], dtypes={"a": "float64", "b": "str"}))
    with pytest.raises(ValueError, match="not valid JSON"):
        canonical(text)
