"""The columns of a dataset in JSON: their types, by the text pandas gives them, and their cells, written and read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from algomancy_data.encoding import MAX_DEPTH, EncodingError, encode_json, is_deeper_than
from algomancy_data.stored.times import aware_time_texts, duration_texts, parse_durations, parse_times, time_texts

if TYPE_CHECKING:
    import pandas as pd

_MAX_CELL_DEPTH = MAX_DEPTH - 10
"""What a cell may nest, given that it stands some levels deep in the document itself."""

_EXACT_IN_FLOAT = 2**53


class Kind(Enum):
    """How the cells of a column are written in JSON."""

    INTEGER = auto()
    """As integers; the nullable types also `null`."""
    FLOAT = auto()
    """As numbers, or `null`."""
    BOOLEAN = auto()
    """As `true` and `false`; the nullable type also `null`."""
    TEXT = auto()
    """As strings, or `null`."""
    OBJECT = auto()
    """As any JSON value."""
    CATEGORY = auto()
    """As the category: a string, number or boolean, or `null`."""
    DATETIME = auto()
    """As ISO 8601 text, or `null`; with an offset precisely when the type has a time zone."""
    DURATION = auto()
    """As ISO 8601 duration, or `null`."""
    INTERVAL = auto()
    """As the pair of its bounds, or `null`."""


@dataclass(frozen=True)
class StoredType:
    """The type of a stored column.

    Attributes:
        name: The type as pandas names it.
        kind: How its cells are written.
        nullable: Whether a cell may be `null`.
        bounds: The least and greatest integer, for integers.
        unit: The resolution of times and durations: s, ms, us or ns.
        time_zone: The time zone of times that have one.
        bound_type: The type of an interval's bounds.
        closed: Which bounds belong to an interval: left, right, both or neither.
    """

    name: str
    kind: Kind
    nullable: bool = True
    bounds: tuple[int, int] = (0, 0)
    unit: str = ""
    time_zone: str | None = None
    bound_type: StoredType | None = None
    closed: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether a numpy array holds the cells just as they are written."""
        return self.name == "str" or (self.kind in _PLAIN and self.name[0].islower() and self.name not in _NULLABLE)


_PLAIN = (Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.OBJECT)
_NULLABLE = ("boolean", "string")

_FIXED: dict[str, StoredType] = {
    "object": StoredType("object", Kind.OBJECT),
    "str": StoredType("str", Kind.TEXT),
    "string": StoredType("string", Kind.TEXT),
    "bool": StoredType("bool", Kind.BOOLEAN, nullable=False),
    "boolean": StoredType("boolean", Kind.BOOLEAN),
    "category": StoredType("category", Kind.CATEGORY),
} | {name: StoredType(name, Kind.FLOAT) for name in ("float16", "float32", "float64", "Float32", "Float64")}
for _bits in (8, 16, 32, 64):
    for _prefix, _bounds in (("int", (-(2 ** (_bits - 1)), 2 ** (_bits - 1) - 1)), ("uint", (0, 2**_bits - 1))):
        _name, _nullable_name = f"{_prefix}{_bits}", f"{_prefix.replace('i', 'I').replace('u', 'U')}{_bits}"
        _FIXED[_name] = StoredType(_name, Kind.INTEGER, nullable=False, bounds=_bounds)
        _FIXED[_nullable_name] = StoredType(_nullable_name, Kind.INTEGER, bounds=_bounds)

_DATETIME = re.compile(r"datetime64\[(s|ms|us|ns)(?:, (.+))?\]")
_DURATION = re.compile(r"timedelta64\[(s|ms|us|ns)\]")
_INTERVAL = re.compile(r"interval\[(.+), (left|right|both|neither)\]")
_BOUND_KINDS = (Kind.INTEGER, Kind.FLOAT, Kind.DATETIME, Kind.DURATION)


@lru_cache(maxsize=1024)
def parse_stored_type(name: str) -> StoredType:
    """Return the type of that name.

    Raises:
        ValueError: There is no such type, or none that can be stored.
    """
    if (fixed := _FIXED.get(name)) is not None:
        return fixed
    if match := _DATETIME.fullmatch(name):
        unit, zone = match.groups()
        if zone is None or _is_time_zone(name, zone):
            return StoredType(name, Kind.DATETIME, unit=unit, time_zone=zone)
    elif match := _DURATION.fullmatch(name):
        return StoredType(name, Kind.DURATION, unit=match[1])
    elif (match := _INTERVAL.fullmatch(name)) and not match[1].startswith("interval"):
        bound_type = parse_stored_type(match[1])
        if bound_type.kind in _BOUND_KINDS and bound_type.name[0].islower():
            return StoredType(name, Kind.INTERVAL, bound_type=bound_type, closed=match[2])
    raise ValueError(f"unknown type '{name[:100]}'")


def storable(series: pd.Series) -> tuple[StoredType, pd.Series]:
    """Return the type a column is stored as, and the column as that type.

    A type that cannot be stored (sparse, periods, complex numbers, types of other libraries) is stored as `object`,
    a time zone that has no name of its own as UTC, categories that are intervals or times as such.
    """
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        if _are_plain(dtype.categories.tolist()):
            return _FIXED["category"], series
        cells = pd.api.extensions.take(dtype.categories.array, series.cat.codes.to_numpy(), allow_fill=True)
        return storable(pd.Series(cells, index=series.index))
    if isinstance(dtype, pd.SparseDtype):
        return storable(series.astype(dtype.subtype))
    try:
        return parse_stored_type(str(dtype)), series
    except ValueError:
        pass
    if isinstance(dtype, pd.DatetimeTZDtype):
        return storable(series.dt.tz_convert("UTC"))
    return _FIXED["object"], series.astype(object)


def _are_plain(categories: list[Any]) -> bool:
    """Tell whether categories can be read back from JSON: text, numbers or booleans, but not numbers and booleans."""
    kinds = set(map(type, categories))
    return kinds <= {str, int, float} or kinds <= {str, bool}


def _is_time_zone(name: str, zone: str) -> bool:
    import pandas as pd

    # These two read files of the machine: the same name would mean another zone elsewhere.
    if zone.startswith(("dateutil/", "tzlocal")):
        return False
    try:
        return str(pd.DatetimeTZDtype.construct_from_string(name)) == name
    except Exception:  # pandas raises whatever the zone database does
        return False


def column_cells(cells: Any, stored: StoredType) -> list[Any]:  # noqa: ANN401 - numpy or extension array
    """Return the cells of a column, or of a slice of it, as values that `encode_json` writes.

    Args:
        cells: The `.array` of a series, or the plain numpy array of a type that `is_plain`.
        stored: Its type.
    """
    match stored.kind:
        case Kind.DATETIME if stored.time_zone:
            return aware_time_texts(cells, stored.unit)
        case Kind.DATETIME:
            return time_texts(cells.to_numpy(), stored.unit)
        case Kind.DURATION:
            return duration_texts(cells.to_numpy(), stored.unit)
        case Kind.CATEGORY:
            categories: list[Any] = [*cells.categories.tolist(), None]
            return [categories[code] for code in cells.codes.tolist()]
        case Kind.INTERVAL if stored.bound_type is not None:
            bound = stored.bound_type
            sides = [side.to_numpy() if bound.is_plain else side.array for side in (cells.left, cells.right)]
            lefts, rights = (column_cells(side, bound) for side in sides)
            missing = cells.isna().tolist()
            return [None if no else pair for no, *pair in zip(missing, lefts, rights, strict=True)]
        case _ if stored.is_plain:
            return cells.tolist()  # type: ignore[no-any-return]
        case _:
            return cells.to_numpy(object, na_value=None).tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Categories:
    """What is known of a column of categories besides its cells.

    Attributes:
        values: All categories, in their order.
        ordered: Whether that order means anything.
    """

    values: list[Any]
    ordered: bool = False


def categories_of(cells: Any) -> Categories | None:  # noqa: ANN401 - a categorical array
    """Return the categories of a column; None if the cells tell them: unordered, all used, and listed sorted."""
    import pandas as pd

    values = cells.categories.tolist()
    occurring = [values[code] for code in pd.unique(cells.codes).tolist() if code >= 0]
    told = not cells.ordered and len(occurring) == len(values) and values == _in_order(occurring)
    return None if told else Categories(values, bool(cells.ordered))


def _in_order(distinct: list[Any]) -> list[Any]:
    # Sorted, so that equal columns get equal categories; but numbers do not compare with text.
    kinds = set(map(type, distinct))
    return sorted(distinct) if str not in kinds or len(kinds) == 1 else distinct


def read_cells(values: Sequence[Any], stored: StoredType, categories: Categories | None = None) -> Any:  # noqa: ANN401
    """Make a column of JSON values.

    Args:
        values: The cells, as decoded.
        stored: The type of the column.
        categories: The categories, where the cells alone do not tell them.

    Returns:
        An array of exactly that type.

    Raises:
        ValueError: A value does not fit the type; the message says why.
    """
    import numpy as np
    import pandas as pd

    name: Any = stored.name
    match stored.kind:
        case Kind.INTEGER:
            whole = _integers(values, stored)
            return pd.array(whole, dtype=name) if stored.nullable else np.array(whole, dtype=name)
        case Kind.FLOAT:
            _check_floats(values, stored)
            floats = np.array(values, dtype=name.lower())
            return pd.array(floats, dtype=name) if name[0].isupper() else floats
        case Kind.BOOLEAN if stored.nullable:
            _check_kinds(values, {bool, type(None)}, "true, false or null")
            return pd.array(list(values), dtype=name)
        case Kind.BOOLEAN:
            _check_kinds(values, {bool}, "true or false")
            return np.array(values, dtype=name)
        case Kind.TEXT:
            _check_kinds(values, {str, type(None)}, "text, or null")
            return pd.array(list(values), dtype=name)
        case Kind.OBJECT:
            _check_objects(values)
            return np.fromiter(values, dtype=object, count=len(values))
        case Kind.DATETIME:
            _check_kinds(values, {str, type(None)}, "a time as text, or null")
            return _each_once(
                values, lambda texts: parse_times(texts, stored.unit, stored.time_zone).astype(name).array
            )
        case Kind.DURATION:
            _check_kinds(values, {str, type(None)}, "a duration as text, or null")
            return _each_once(values, lambda texts: parse_durations(texts, stored.unit))
        case Kind.CATEGORY:
            return _read_categories(values, categories)
        case Kind.INTERVAL:
            return _read_intervals(values, stored)


def _each_once(texts: Sequence[str | None], parse: Callable[[list[str | None]], Any]) -> Any:  # noqa: ANN401 - an array
    """Parse each of the texts once, for times repeat."""
    import numpy as np

    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return parse(list(places))[np.fromiter(map(places.__getitem__, texts), "int64", len(texts))]


def _check_kinds(values: Sequence[Any], allowed: set[type], wanted: str) -> set[type]:
    kinds = set(map(type, values))
    if not kinds <= allowed:
        row = next(row for row, value in enumerate(values) if type(value) not in allowed)
        raise ValueError(f"row {row} must hold {wanted}")
    return kinds


def _integers(values: Sequence[Any], stored: StoredType) -> list[int | None]:
    low, high = stored.bounds
    wanted = f"an integer between {low} and {high}" + (", or null" if stored.nullable else "")
    _check_kinds(values, {int, float} | ({type(None)} if stored.nullable else set()), wanted)
    whole = [int(value) if type(value) is float and value.is_integer() else value for value in values]
    if any(value is not None and (type(value) is float or not low <= value <= high) for value in whole):
        raise ValueError(f"every row must hold {wanted}")
    return whole


def _check_floats(values: Sequence[Any], stored: StoredType) -> None:
    import numpy as np

    _check_kinds(values, {int, float, type(None)}, "a number, or null")
    largest = float(np.finfo(stored.name.lower()).max)
    for value in values:
        if type(value) is int and abs(value) > _EXACT_IN_FLOAT and int(float(value)) != value:
            raise ValueError(f"{value} cannot be held exactly in a column of type '{stored.name}'")
        if value is not None and largest < abs(value) < math.inf:
            raise ValueError(f"a value is too large for a column of type '{stored.name}'")


def _check_objects(values: Sequence[Any]) -> None:
    kinds = set(map(type, values))
    if not kinds.isdisjoint((list, dict)) and is_deeper_than(list(values), _MAX_CELL_DEPTH):
        raise ValueError(f"a value nests deeper than {_MAX_CELL_DEPTH} levels")
    if not kinds.isdisjoint((int, list, dict)):
        _check_writable(values)


def _check_writable(values: Sequence[Any]) -> None:
    """Refuse integers of more than 64 bits where no type bounds them: they would be read back as other numbers."""
    try:
        encode_json(list(values))
    except EncodingError as error:
        raise ValueError(str(error).removesuffix(".")) from None


def _read_categories(values: Sequence[Any], known: Categories | None) -> pd.Categorical:
    import pandas as pd

    wanted = "text, a number, true, false or null"
    found = _check_kinds(values, {str, int, float, bool, type(None)}, wanted)
    order = known.values if known is not None else _in_order([v for v in dict.fromkeys(values) if v is not None])
    kinds = _check_kinds(order, {str, int, float, bool}, wanted) | (found - {type(None)})
    if bool in kinds and not kinds.isdisjoint((int, float)):
        raise ValueError("categories must not mix numbers with true and false")
    if int in kinds:
        _check_writable(order)
    position = {category: number for number, category in enumerate(order)}
    if len(position) < len(order):
        raise ValueError("a category occurs twice")
    try:
        codes = [-1 if value is None else position[value] for value in values]
    except KeyError as error:
        raise ValueError(f"'{error.args[0]}' is none of the categories") from None
    index = pd.Index(order, dtype="str" if kinds == {str} else None if len(kinds) == 1 else object)
    return pd.Categorical.from_codes(codes, categories=index, ordered=known is not None and known.ordered)


def _read_intervals(values: Sequence[Any], stored: StoredType) -> Any:  # noqa: ANN401 - an extension array
    import pandas as pd

    if stored.bound_type is None:
        raise ValueError(f"unknown type '{stored.name}'")
    _check_kinds(values, {list, type(None)}, "a pair of bounds, or null")
    pairs = [[None, None] if value is None else value for value in values]
    endless = stored.bound_type.kind is Kind.FLOAT
    if any(len(pair) != 2 or (not endless and pair.count(None) == 1) for pair in pairs):
        raise ValueError("an interval must be a pair of bounds, or null")
    if endless:
        # A bound that is null is at infinity: JSON has no number for it.
        pairs = [
            pair
            if value is None
            else [-math.inf if pair[0] is None else pair[0], math.inf if pair[1] is None else pair[1]]
            for value, pair in zip(values, pairs, strict=True)
        ]
    left, right = (pd.Index(read_cells([pair[side] for pair in pairs], stored.bound_type)) for side in (0, 1))
    if any(pair[0] is not None and low > high for pair, low, high in zip(pairs, left, right, strict=True)):
        raise ValueError("an interval must not end before it starts")
    array = pd.arrays.IntervalArray.from_arrays(left, right, closed=stored.closed)  # type: ignore[arg-type]
    if str(array.dtype) != stored.name:
        raise ValueError(f"unknown type '{stored.name}'")
    return array
