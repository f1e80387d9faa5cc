"""The column types a dataset in JSON may hold, by the text pandas gives them (`int64`, `datetime64[ns, UTC]`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


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
