"""The cells of a stored column: from a pandas array to JSON values, and back."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from algomancy_data.encoding import MAX_DEPTH, EncodingError, encode_json, is_deeper_than
from algomancy_data.stored.times import aware_time_texts, duration_texts, parse_durations, parse_times, time_texts
from algomancy_data.stored.types import Kind, StoredType

if TYPE_CHECKING:
    import pandas as pd


_MAX_CELL_DEPTH = MAX_DEPTH - 10
"""What a cell may nest, given that it stands some levels deep in the document itself."""

_EXACT_IN_FLOAT = 2**53

_OF_TEXTS = {
    Kind.TEXT: "text, or null",
    Kind.DATETIME: "a time as text, or null",
    Kind.DURATION: "a duration as text, or null",
}


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


def check_cells(values: Sequence[Any], stored: StoredType, categories: Categories | None = None) -> None:
    """Make sure that a column of that type can hold the values, at less cost than reading them where possible.

    Args:
        values: The cells, as decoded.
        stored: The type of the column.
        categories: The categories, where the cells alone do not tell them.

    Raises:
        ValueError: It cannot; the message says why.
    """
    check = _CHECKS.get(stored.kind)
    if check is None:
        read_cells(values, stored, categories)
        return
    check(values, stored)
    if stored.kind in (Kind.DATETIME, Kind.DURATION):
        # Times repeat; a column of them holds what it holds once.
        read_cells(list(dict.fromkeys(values)), stored)


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

    if (check := _CHECKS.get(stored.kind)) is not None:
        check(values, stored)
    match stored.kind:
        case Kind.INTEGER:
            whole = [int(value) if type(value) is float else value for value in values]
            return _extension_array(whole, stored) if stored.nullable else np.array(whole, dtype=stored.name)
        case Kind.FLOAT if stored.name[0].isupper():
            return _extension_array([None if value is None else float(value) for value in values], stored)
        case Kind.FLOAT | Kind.BOOLEAN if stored.name != "boolean":
            return np.array(values, dtype=stored.name)
        case Kind.BOOLEAN | Kind.TEXT:
            return _extension_array(list(values), stored)
        case Kind.OBJECT:
            return np.fromiter(values, dtype=object, count=len(values))
        case Kind.DATETIME:
            return parse_times(values, stored.unit, stored.time_zone).astype(stored.name).array
        case Kind.DURATION:
            return parse_durations(values, stored.unit)
        case Kind.CATEGORY:
            return _read_categories(values, categories)
        case _:
            return _read_intervals(values, stored)


def _extension_array(values: list[Any], stored: StoredType) -> Any:  # noqa: ANN401
    import pandas as pd

    dtype: Any = stored.name
    return pd.array(values, dtype=dtype)


def _check_kinds(values: Sequence[Any], allowed: set[type], wanted: str) -> set[type]:
    kinds = set(map(type, values))
    if not kinds <= allowed:
        row = next(row for row, value in enumerate(values) if type(value) not in allowed)
        raise ValueError(f"row {row} must hold {wanted}")
    return kinds


def _check_integers(values: Sequence[Any], stored: StoredType) -> None:
    low, high = stored.bounds
    wanted = f"an integer between {low} and {high}" + (", or null" if stored.nullable else "")
    kinds = _check_kinds(values, {int, float} | ({type(None)} if stored.nullable else set()), wanted)
    if kinds == {int} and stored.name == "int64":
        # By far the most common case, and far faster than looking for the least and the greatest.
        try:
            array("q", values)
        except OverflowError:
            raise ValueError(f"every row must hold {wanted}") from None
        return
    numbers = [value for value in values if value is not None]
    if float in kinds:
        numbers = [int(value) if type(value) is float and value.is_integer() else value for value in numbers]
        if any(type(value) is float for value in numbers):
            raise ValueError(f"every row must hold {wanted}")
    if numbers and not (low <= min(numbers) and max(numbers) <= high):
        raise ValueError(f"every row must hold {wanted}")


def _check_floats(values: Sequence[Any], stored: StoredType) -> None:
    import numpy as np

    kinds = _check_kinds(values, {int, float, type(None)}, "a number, or null")
    if int in kinds:
        for value in values:
            if type(value) is int and abs(value) > _EXACT_IN_FLOAT and int(float(value)) != value:
                raise ValueError(f"{value} cannot be held exactly in a column of type '{stored.name}'")
    if stored.name.lower() != "float64":
        largest = float(np.finfo(stored.name.lower()).max)
        if any(value is not None and abs(value) > largest for value in values):
            raise ValueError(f"a value is too large for a column of type '{stored.name}'")


def _check_booleans(values: Sequence[Any], stored: StoredType) -> None:
    if stored.nullable:
        _check_kinds(values, {bool, type(None)}, "true, false or null")
    else:
        _check_kinds(values, {bool}, "true or false")


def _check_texts(values: Sequence[Any], stored: StoredType) -> None:
    _check_kinds(values, {str, type(None)}, _OF_TEXTS[stored.kind])


def _check_objects(values: Sequence[Any], _: StoredType) -> None:
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


_CHECKS: dict[Kind, Callable[[Sequence[Any], StoredType], None]] = {
    Kind.INTEGER: _check_integers,
    Kind.FLOAT: _check_floats,
    Kind.BOOLEAN: _check_booleans,
    Kind.TEXT: _check_texts,
    Kind.DATETIME: _check_texts,
    Kind.DURATION: _check_texts,
    Kind.OBJECT: _check_objects,
}


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
