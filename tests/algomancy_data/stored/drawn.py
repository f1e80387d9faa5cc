"""What hypothesis draws: tables of any types, and datasets as clients may send them, valid or not."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from pandas.api.types import pandas_dtype

from algomancy_data import DataClassification

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
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
