"""Datasets in JSON: the round trip from tables, the round trip from a client, and anything else a client may send."""

from __future__ import annotations

import copy
import json
import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.api.types import pandas_dtype

from algomancy_data import DataClassification, DataSource
from algomancy_data.stored import tables as tables_module
from algomancy_data.stored.payload import canonical, read_tables, write_dataset
from algomancy_utils.runtime import Runtime, use_runtime

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
GAP: Any = ["2025-01-01", None]
ZONES = ["UTC", "Europe/Amsterdam", "America/St_Johns", "UTC+05:30"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def _integers(name: str) -> st.SearchStrategy[int]:
    info = np.iinfo(name.lower())
    return st.integers(int(info.min), int(info.max))


def _steps(unit: str) -> st.SearchStrategy[int]:
    # From the year 1678 to 2261, within the range of every resolution.
    return st.integers(-9_214_560_000 * UNITS[unit], 9_214_560_000 * UNITS[unit])


def _values(dtype: str) -> st.SearchStrategy[Any]:
    """Return a strategy for cells of a type as pandas constructors take them."""
    if dtype.startswith("datetime64"):
        return _steps(dtype[11:].split(",")[0].rstrip("]")) | st.none()
    if dtype.startswith("timedelta64"):
        return _steps(dtype[12:-1]) | st.none()
    if dtype.startswith(("int", "uint")):
        return _integers(dtype)
    return {
        "Int64": _integers("int64") | st.none(),
        "UInt8": _integers("uint8") | st.none(),
        "float64": st.floats() | st.none(),
        "float32": st.floats(width=32) | st.none(),
        "float16": st.floats(width=16),
        "Float64": st.floats(allow_nan=False, allow_infinity=False) | st.none(),
        "bool": st.booleans(),
        "boolean": st.booleans() | st.none(),
        "str": TEXT | st.none(),
        "string": TEXT | st.none(),
        "object": JSON,
        "category text": st.sampled_from(["a", "b", "", "é", None]),
        "category integer": st.integers(-3, 3) | st.none(),
        "category float": st.sampled_from([0.5, -1.5, 1e300, None]),
        "category boolean": st.booleans() | st.none(),
    }[dtype]


DTYPES = [
    "int64", "int8", "uint64", "Int64", "UInt8", "float64", "float32", "float16", "Float64", "bool", "boolean",
    "str", "string", "object", "category text", "category integer", "category float", "category boolean",
    *(f"datetime64[{unit}]" for unit in UNITS),
    *(f"datetime64[us, {zone}]" for zone in ZONES), "datetime64[ns, Europe/Amsterdam]",
    *(f"timedelta64[{unit}]" for unit in UNITS),
]  # fmt: skip


def _series(values: list[Any], dtype: str, index: pd.Index) -> pd.Series:
    if dtype.startswith(("datetime64", "timedelta64")):
        name, _, zone = dtype.rstrip("]").partition(", ")
        steps = np.array([-(2**63) if value is None else value for value in values], dtype="int64")
        times = pd.Series(steps.view(f"{name}]" if zone else dtype), index=index)
        return times.dt.tz_localize("UTC").dt.tz_convert(zone).astype(pandas_dtype(dtype)) if zone else times
    return pd.Series(values, index=index, dtype=dtype.split()[0])


@st.composite
def indexes(draw: st.DrawFn, rows: int) -> pd.Index:
    """Draw an index of any of the kinds that are told apart."""
    kind = draw(st.sampled_from(["range", "integer", "text", "float", "object", "levels"]))
    if kind == "range":
        return pd.RangeIndex(rows)
    labels: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(-(2**63), 2**63 - 1),
        "text": TEXT,
        "float": st.floats(allow_infinity=False),
        "object": st.none() | st.booleans() | st.integers(0, 5) | TEXT,
        "levels": st.tuples(st.integers(0, 3), TEXT),
    }
    values = draw(st.lists(labels[kind], min_size=rows, max_size=rows))
    if kind == "levels" and rows:
        return pd.MultiIndex.from_tuples(values)
    index: pd.Index[Any] = pd.Index(values, dtype=object if kind in ("object", "levels") else None)
    return index


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a table of any types, of any size down to none, with any index."""
    rows = draw(st.integers(0, 4))
    index = draw(indexes(rows))
    names = draw(st.lists(TEXT, unique=True, max_size=4))
    data = {}
    for name in names:
        dtype = draw(st.sampled_from(DTYPES))
        data[name] = _series(draw(st.lists(_values(dtype), min_size=rows, max_size=rows)), dtype, index)
    return pd.DataFrame(data, index=index)


def _source(**tables: pd.DataFrame) -> DataSource:
    source = DataSource(
        DataClassification.MASTER_DATA, "x", ds_id="1", creation_datetime=datetime(2025, 1, 2, tzinfo=UTC)
    )
    for name, table in tables.items():
        source.add_table(name, table)
    return source


@settings(max_examples=150, deadline=None)
@given(frames())
def test_dataset_read_and_written_again_is_the_same_bytes(frame: pd.DataFrame) -> None:
    """Writing, reading and writing gives equal bytes, whether tables are made in between or not, and equal types."""
    text = _source(t=frame).to_json_bytes()
    again = DataSource.from_json(text)
    assert again.to_json_bytes() == text
    assert canonical(text)[1] == text
    assert [str(dtype) for dtype in again.tables["t"].dtypes] == [str(dtype) for dtype in frame.dtypes]
    assert again.tables["t"].shape == frame.shape


@st.composite
def sent_cells(draw: st.DrawFn, dtype: str) -> Any:
    """Draw a cell as a client may write it, in any of the ways there are."""
    if dtype.startswith("datetime64"):
        day = draw(st.dates()).isoformat()
        offset = draw(st.sampled_from(["Z", "+02:00", "-0330", "+01"])) if "," in dtype else ""
        clock = draw(st.sampled_from(["T10:00", "T10:00:00", " 23:59:59"] + ([] if offset else [""])))
        if "us" in dtype and clock.count(":") == 2:
            clock += draw(st.sampled_from(["", ".5", ".123456", ".120"]))
        return draw(st.sampled_from([f"{day}{clock}{offset}", None]))
    if dtype.startswith("timedelta64"):
        return draw(st.sampled_from(["P1DT2H3M4S", "P-1DT0H0M1S", "P0DT0H0M0S", None]))
    if dtype.startswith("category"):
        return draw(_values(dtype))
    if dtype == "interval[float64, both]":
        return draw(st.sampled_from([[0.5, 1.5], [1, 2.0], None]))
    value = draw(_values(dtype).filter(lambda value: not isinstance(value, float) or abs(value) < float("inf")))
    return (
        draw(st.sampled_from([value, int(value)]))
        if isinstance(value, float) and abs(value) < 2**53 and value.is_integer()
        else value
    )


SENT = [
    "int64", "uint64", "Int64", "float64", "Float64", "bool", "boolean", "str", "string", "object", "category text",
    "category integer", "datetime64[us]", "datetime64[s]", "datetime64[us, Europe/Amsterdam]", "timedelta64[ms]",
    "interval[float64, both]",
]  # fmt: skip


@st.composite
def payloads(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a valid dataset as a client may send it."""
    tables = {}
    for table in draw(st.lists(TEXT, unique=True, max_size=2)):
        rows = draw(st.integers(0, 3))
        columns = draw(st.lists(TEXT, unique=True, max_size=3))
        dtypes = {column: draw(st.sampled_from(SENT)) for column in columns}
        data = [
            {column: draw(sent_cells(dtypes[column])) for column in draw(st.permutations(columns))} for _ in range(rows)
        ]
        index = draw(st.lists(st.integers(-5, 5) | TEXT | st.none(), min_size=rows, max_size=rows))
        tables[table] = {
            "data": data,
            "columns": columns,
            "dtypes": {
                column: dtype.split(" ")[0] if dtype.startswith("c") else dtype for column, dtype in dtypes.items()
            },
            "index": draw(st.sampled_from([index, list(range(rows))])),
        }
    metadata = {
        "id": draw(TEXT.filter(bool)),
        "name": draw(TEXT.filter(bool)),
        "type": draw(st.sampled_from(list(DataClassification))),
        "creation_datetime": draw(
            st.sampled_from(["2025-01-02T03:04:05Z", "2025-01-02", "2025-01-02 03:04:05.5+01:00"])
        ),
        "tables": draw(st.permutations(list(tables))),
    }
    return {"metadata": metadata, "tables": tables}


@settings(max_examples=100, deadline=None)
@given(payloads())
def test_dataset_sent_by_a_client_is_given_back_as_sent(payload: dict[str, Any]) -> None:
    """Whatever valid dataset a client sends, the canonical form says the same, cell by cell, and can be read."""
    _, text = canonical(json.dumps(payload))
    assert json.loads(text) == payload
    assert canonical(text)[1] == text
    source = DataSource.from_json(text)
    written = json.loads(source.to_json())
    assert written["metadata"] == payload["metadata"]
    for name, table in payload["tables"].items():
        assert written["tables"][name]["columns"] == table["columns"]
        assert written["tables"][name]["dtypes"] == table["dtypes"]
        assert written["tables"][name]["index"] == table["index"]


def _compact(payload: Any) -> bytes:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


AWKWARD = st.lists(
    st.sampled_from(["},{", '],"columns":[', ']},"', ',"tables":{', '":{"data":[', '"', "\\", "}}}", "a"])
).map("".join)


@st.composite
def awkward_payloads(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a valid dataset whose texts, and the objects in its cells, look like the places where text is cut."""
    tables = {}
    for table in draw(st.lists(AWKWARD, unique=True, max_size=3)):
        columns = draw(st.lists(AWKWARD, unique=True, max_size=2))
        value = st.recursive(
            AWKWARD, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(AWKWARD, inner, max_size=2)
        )
        cells = value | st.just({"columns": [{}, {}], "tables": {"x": {"data": [{}, {}], "columns": []}}})
        rows = draw(st.integers(0, 4))
        tables[table] = {
            "data": [{column: draw(cells) for column in columns} for _ in range(rows)],
            "columns": columns,
            "dtypes": dict.fromkeys(columns, "object"),
            "index": draw(st.lists(AWKWARD, min_size=rows, max_size=rows)),
        }
    metadata = {"id": draw(AWKWARD) or "1", "name": draw(AWKWARD) or "n", "type": "dummy_data"}
    return {"metadata": metadata | {"creation_datetime": "2025-01-02", "tables": list(tables)}, "tables": tables}


def _turned(value: Any) -> Any:
    """The same with the members of the outer objects in the opposite order."""
    tables = {name: dict(reversed(table.items())) for name, table in value["tables"].items()}
    return {"tables": tables, "metadata": dict(reversed(value["metadata"].items()))}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(awkward_payloads(), st.sampled_from([1, 2, 2_000]))
def test_dataset_is_the_same_however_it_is_laid_out(
    monkeypatch: pytest.MonkeyPatch, payload: dict[str, Any], rows: int
) -> None:
    """White space, the order of members and how many rows are decoded at a time make no difference."""
    monkeypatch.setattr(tables_module, "SLICE_ROWS", rows)
    form = canonical(_compact(payload))
    assert json.loads(form[1]) == payload
    assert canonical(json.dumps(payload, indent=2)) == form
    assert canonical(json.dumps(_turned(payload))) == form
    metadata, tables = read_tables(_compact(payload))
    assert write_dataset(metadata, tables) == form[1]


@pytest.mark.parametrize("dtype", ["object", "int64", "float64"])
@pytest.mark.parametrize("place", ["data", "index"])
def test_dataset_with_an_integer_beyond_64_bits_is_refused(dtype: str, place: str) -> None:
    """It would come back as another number: 1.2345678901234568e+29."""
    payload = _payload(dtypes={"a": dtype, "b": "str"})
    table = payload["tables"]["t"]
    if place == "data":
        table["data"][0]["a"] = 123456789012345678901234567890
    else:
        table["index"][0] = 123456789012345678901234567890
    with pytest.raises(ValueError, match=r"64 bits|exactly|an integer between"):
        canonical(_compact(payload) if place == "data" else json.dumps(payload))


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found += _places(child, (*path, key))
    return found


ODD = JSON | st.sampled_from(
    ["NaT", "now", "today", "2025-13-45", "2025-01-01T25:00:00", "9999-12-31T23:59:59.9999999Z", "int64", "category",
     "datetime64[ns, Mars/Olympus]", "datetime64[ns, ../../etc/passwd]", "datetime64[ns, dateutil//etc/localtime]",
     "interval[int64, left]", "interval[interval[int64, left], left]", "period[M]", "complex128", "float16", "int8",
     "string[pyarrow]", 2**63, 2**64 - 1, -(2**63), 1e308, 10**25, [], {}, [[1, 2], [1]], [[1, [2]]], [2, 1],
     ["b", "a"]]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Draw a dataset with a few places of it replaced, removed or repeated."""
    payload = copy.deepcopy(draw(payloads()))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(payload)))
        if not path:
            return draw(ODD)
        holder = payload
        for key in path[:-1]:
            holder = holder[key]
        action = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if action == "replace":
            holder[path[-1]] = copy.deepcopy(draw(ODD))
        elif action == "remove":
            del holder[path[-1]]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(draw(ODD)))
        else:
            holder[draw(TEXT)] = copy.deepcopy(draw(ODD))
    return payload


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_dataset_from_anything_is_read_or_refused(payload: Any) -> None:
    """Any JSON either is a dataset or a ValueError; what is accepted unread can be read, and the reverse."""
    text = json.dumps(payload)
    outcomes: list[Any] = []
    # Where the payload does not say when it was made it is now.
    with use_runtime(Runtime(now=lambda: datetime(2025, 1, 2, tzinfo=UTC))):
        for form in (text, _compact(payload)):
            for read in (canonical, read_tables):
                try:
                    outcomes.append(read(form)[0])
                except ValueError as error:
                    outcomes.append(str(error))
    # In the compact form what is wrong is found in the same way, and said in the same words.
    assert outcomes[:2] == outcomes[2:]
    assert isinstance(outcomes[0], str) == isinstance(outcomes[1], str)
    if not isinstance(outcomes[0], str):
        form = canonical(text)[1]
        assert canonical(form)[1] == form


def _payload(**changes: Any) -> dict[str, Any]:
    table = {"data": [{"a": 1, "b": "x"}], "columns": ["a", "b"], "dtypes": {"a": "int64", "b": "str"}, "index": [0]}
    metadata = {"id": "1", "name": "n", "type": "master_data", "creation_datetime": "2025-01-02", "tables": ["t"]}
    return {"metadata": metadata | changes.pop("metadata", {}), "tables": {"t": table | changes}}


def _of_categories(told: Any, dtype: str = "category") -> Any:
    payload = _payload(data=[{"a": 1, "b": "b"}], dtypes={"a": "int64", "b": dtype})
    payload["tables"]["t"]["categories"] = {"b": told}
    return payload


WRONG: dict[str, tuple[Any, str]] = {
    "no_object": ([1], "must be an object"),
    "no_tables": ({"metadata": {}}, "'tables'"),
    "no_metadata": ({"tables": {}}, "'metadata'"),
    "no_id": (_payload(metadata={"id": None}), "metadata.id"),
    "empty_name": (_payload(metadata={"name": ""}), "metadata.name"),
    "number_as_name": (_payload(metadata={"name": 3}), "metadata.name"),
    "unknown_type": (_payload(metadata={"type": "x"}), "master_data, derived_data, dummy_data"),
    "creation_no_text": (_payload(metadata={"creation_datetime": 5}), "metadata.creation_datetime"),
    "no_list_of_tables": (_payload(metadata={"tables": None}), "metadata.tables"),
    "creation_no_time": (_payload(metadata={"creation_datetime": "yesterday"}), "metadata.creation_datetime"),
    "tables_not_listed": (_payload(metadata={"tables": []}), "metadata.tables"),
    "tables_listed_twice": (_payload(metadata={"tables": ["t", "t"]}), "metadata.tables"),
    "data_no_list": (_payload(data={}), "Table 't' needs 'data'"),
    "index_too_long": (_payload(index=[0, 1]), "Table 't' has 1 rows but an index of 2"),
    "index_missing": (_payload(index=None), "Table 't' needs 'index'"),
    "index_of_objects": (_payload(index=[{}]), "label of the index"),
    "index_of_deep_lists": (_payload(index=[[[]]]), "label of the index"),
    "columns_twice": (_payload(columns=["a", "a"]), "more than one column named 'a'"),
    "column_no_text": (_payload(columns=["a", 1]), "must be text"),
    "dtype_no_text": (_payload(dtypes={"a": "int64", "b": None}), "column 'b': its type in 'dtypes' must be text"),
    "dtype_too_many": (_payload(dtypes={"a": "int64", "b": "str", "c": "str"}), "'c'"),
    "dtype_unknown": (_payload(dtypes={"a": "int63", "b": "str"}), "column 'a': unknown type 'int63'"),
    "row_lacks_column": (_payload(data=[{"a": 1}]), "column 'b': row 0 does not have it"),
    "row_has_other_column": (_payload(data=[{"a": 1, "c": 2}]), "column 'b': row 0 does not have it"),
    "row_has_too_many": (_payload(data=[{"a": 1, "b": "x", "c": 2}]), "row 0 has 'c'"),
    "row_no_object": (_payload(data=[[1, "x"]]), "every row must be an object"),
    "text_in_integers": (_payload(data=[{"a": "1", "b": "x"}]), "column 'a': row 0 must hold an integer"),
    "null_in_integers": (_payload(data=[{"a": None, "b": "x"}]), "column 'a': row 0 must hold an integer"),
    "decimals_in_integers": (_payload(data=[{"a": 1.5, "b": "x"}]), "column 'a': every row must hold an integer"),
    "boolean_in_integers": (_payload(data=[{"a": True, "b": "x"}]), "column 'a'"),
    "integer_too_large": (_payload(data=[{"a": 2**63, "b": "x"}]), "column 'a': every row"),
    "number_in_text": (_payload(data=[{"a": 1, "b": 2}]), "column 'b': row 0 must hold text"),
    "inexact_in_floats": (
        _payload(data=[{"a": 2**53 + 1, "b": "x"}], dtypes={"a": "float64", "b": "str"}), "exactly"
    ),
    "too_large_for_float32": (
        _payload(data=[{"a": 1e300, "b": "x"}], dtypes={"a": "float32", "b": "str"}), "too large"
    ),
    "null_in_booleans": (_payload(data=[{"a": None, "b": "x"}], dtypes={"a": "bool", "b": "str"}), "true or false"),
    "offset_in_naive_times": (
        _payload(data=[{"a": 1, "b": "2025-01-01T00:00:00Z"}], dtypes={"a": "int64", "b": "datetime64[us]"}),
        "without offset",
    ),
    "naive_in_aware_times": (
        _payload(data=[{"a": 1, "b": "2025-01-01T00:00:00"}], dtypes={"a": "int64", "b": "datetime64[us, UTC]"}),
        "with its offset",
    ),
    "too_fine": (
        _payload(data=[{"a": 1, "b": "2025-01-01T00:00:00.5"}], dtypes={"a": "int64", "b": "datetime64[s]"}),
        "finer than",
    ),
    "out_of_range": (
        _payload(data=[{"a": 1, "b": "0001-01-01T00:00:00"}], dtypes={"a": "int64", "b": "datetime64[ns]"}),
        "range",
    ),
    "no_date": (_payload(data=[{"a": 1, "b": "2025-02-30"}], dtypes={"a": "int64", "b": "datetime64[s]"}), "calendar"),
    "unknown_zone": (_payload(dtypes={"a": "int64", "b": "datetime64[ns, Mars/Olympus]"}), "unknown type"),
    "mixed_categories": (
        _payload(data=[{"a": 1, "b": True}, {"a": 1, "b": 1}], index=[0, 1], dtypes={"a": "int64", "b": "category"}),
        "mix",
    ),
    "interval_backwards": (
        _payload(data=[{"a": 1, "b": [2, 1]}], dtypes={"a": "int64", "b": "interval[int64, left]"}), "end before",
    ),
    "endless_times": (
        _payload(data=[{"a": 1, "b": [None, "2025-01-01"]}],
                 dtypes={"a": "int64", "b": "interval[datetime64[us], left]"}), "pair of bounds",
    ),
    "category_unknown": (_of_categories({"values": ["x"]}), "none of the categories"),
    "category_twice": (_of_categories({"values": ["b", "b"]}), "occurs twice"),
    "category_of_lists": (_of_categories({"values": [["b"]]}), "text, a number"),
    "categories_of_another_type": (_of_categories({"values": ["b"]}, dtype="str"), "'categories' must hold"),
    "categories_without_values": (_of_categories({"ordered": True}), "'categories' must hold"),
    "deep_cell": (
        _payload(data=[{"a": 1, "b": json.loads("[" * 195 + "]" * 195)}], dtypes={"a": "int64", "b": "object"}),
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


def test_dataset_ignores_members_it_does_not_know() -> None:
    """Unknown members do not matter (contract GEN-4) and are not kept."""
    payload = _payload(unknown=1, metadata={"colour": "red"}) | {"extra": []}
    assert json.loads(canonical(json.dumps(payload))[1]) == _payload()


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
    text = _source(t=frame).to_json()
    assert json.loads(text)["tables"]["t"]["columns"] == columns
    assert DataSource.from_json(text).to_json() == text


def test_dataset_with_equal_column_names_is_refused() -> None:
    """Two columns of one name, also once written as text, are refused by table and column."""
    for columns in (["a", "a"], [1, "1"]):
        with pytest.raises(ValueError, match=r"Table 't' has more than one column named '[a1]'\."):
            write_dataset(_source().metadata(), {"t": pd.DataFrame([[1, 2]], columns=columns)})


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
    text = _source(t=pd.DataFrame({"a": series})).to_json()
    table = json.loads(text)["tables"]["t"]
    assert table["dtypes"] == {"a": dtype}
    assert [row["a"] for row in table["data"]] == cells
    assert DataSource.from_json(text).to_json() == text
    assert canonical(text)[1].decode() == text


def test_dataset_of_many_rows_is_written_whole() -> None:
    """The slices a large table is written in join up, rows, times and index alike."""
    rows = 5_001
    frame = pd.DataFrame(
        {
            "n": range(rows),
            "t": pd.date_range("2025-01-01", periods=rows, freq="min"),
            "s": [f"é{n}" for n in range(rows)],
        },
        index=[f"r{n}" for n in range(rows)],
    )
    text = _source(t=frame, empty=pd.DataFrame({"a": pd.Series([], dtype="Int64")}), nothing=pd.DataFrame()).to_json()
    again = DataSource.from_json(text)
    pd.testing.assert_frame_equal(again.tables["t"], frame, check_freq=False)
    assert again.to_json() == text
    assert again.tables["empty"]["a"].dtype == "Int64"
    assert again.tables["nothing"].shape == (0, 0)


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
    source = DataSource.from_json(json.dumps(_payload(data=rows, index=index)))
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


def test_infinity_in_a_dataset_is_refused() -> None:
    """An infinite number, which their `to_json` writes too, cannot be written as JSON and is not made a missing one."""
    text = json.dumps(_payload(data=[{"a": math.inf, "b": "x"}], dtypes={"a": "float64", "b": "str"}))
    with pytest.raises(ValueError, match="not valid JSON"):
        canonical(text)
