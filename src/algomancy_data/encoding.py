"""JSON as the project writes and reads it: strict RFC 8259 both ways (contract GEN-2).

Encoding takes the fast way, `orjson`, and walks the value only when that meets something it refuses.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import re
import sys
from collections import deque
from collections.abc import Iterable, KeysView, Mapping, Sequence, ValuesView
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from operator import itemgetter
from pathlib import PurePath
from typing import Any
from uuid import UUID

import msgspec
import orjson

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_LISTS = (list, tuple, set, frozenset, deque, KeysView, ValuesView)


class EncodingError(ValueError):
    """A value cannot be said in JSON; the message says where it is and why."""


class _UnknownKindError(TypeError):
    """Nothing is known of a value's kind."""


def iso_duration(value: timedelta) -> str:
    """Write a duration as ISO 8601 text; see `duration_text`."""
    # A pandas duration is a timedelta with nanoseconds besides.
    micro = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
    return duration_text(micro * 1_000 + getattr(value, "nanoseconds", 0), 1_000_000_000)


def duration_text(steps: int, per_second: int) -> str:
    """Write a duration as ISO 8601 text, the way pandas does: `P1DT2H3M4.5S`, with negative days before zero.

    Args:
        steps: How long it is.
        per_second: How many steps a second has: a power of ten.
    """
    seconds, fraction = divmod(steps, per_second)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    decimals = f".{fraction:0{len(str(per_second)) - 1}d}".rstrip("0") if fraction else ""
    return f"P{days}DT{hours}H{minutes}M{seconds}{decimals}S"


def clean_text(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold, by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def shown(text: object, length: int = 100) -> str:
    """Return a text as a message may show it: shortened, and U+FFFD for what would garble a log.

    Args:
        text: The text, or what stands for it; a name sent by a client may be hostile.
        length: How many characters are shown.
    """
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))
    return f"{clean[:length]}…" if len(clean) > length else clean


def simplify(value: object) -> Any:  # noqa: ANN401 - any JSON value, or one to be simplified further
    """Return a simpler value that means the same, one step nearer to JSON.

    Args:
        value: A value that is none of JSON's own kinds.

    Returns:
        A JSON value, or a list or dict whose items may want simplifying in turn.

    Raises:
        TypeError: Nothing is known of this kind of value.
    """
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(value, (numpy.generic, numpy.ndarray)):
        return _simplify_numpy(numpy, value)
    if pandas is not None and (value is pandas.NaT or value is pandas.NA):
        return None
    if isinstance(value, timedelta):
        return iso_duration(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, Fraction)):
        return _number(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes_text(bytes(value))
    if isinstance(value, (UUID, PurePath)):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return _in_order(value)
    if isinstance(value, _LISTS):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if pandas is not None:
        return _simplify_pandas(pandas, value)
    raise _UnknownKindError


def _plain(value: object, where: str, depth: int) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value rebuilt from JSON's own kinds alone, whatever it takes.

    Args:
        value: Any value.
        where: Where it is, for messages.
        depth: How deep lists and objects may nest.

    Raises:
        EncodingError: Something in it cannot be said in JSON.
    """
    if depth < 0:
        raise EncodingError("The value nests too deeply, or contains itself, and cannot be written as JSON.")
    if value is None or type(value) is bool:
        return value
    if isinstance(value, str) and not isinstance(value, Enum):
        return clean_text(str.__str__(value))
    if isinstance(value, int) and not isinstance(value, Enum):
        number = int(value)
        if not _SMALLEST <= number <= _LARGEST:
            raise EncodingError(f"The number{_at(where)} has more than 64 bits and cannot be written as JSON.")
        return number
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return _plain_object(value, where, depth)
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{position}]", depth - 1) for position, item in enumerate(value)]
    try:
        simpler = simplify(value)
    except _UnknownKindError:
        raise EncodingError(
            f"The value{_at(where)} is no text, number, boolean, time, list or object and cannot be written as JSON."
        ) from None
    return _plain(simpler, where, depth - 1)


def _plain_object(value: dict[Any, Any], where: str, depth: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = _key_text(key)
        if name in result:
            raise EncodingError(f"Two keys of the object{_at(where)} read '{name}' once written as text.")
        result[name] = _plain(item, f"{where}.{name}" if where else name, depth - 1)
    return result


def _key_text(key: object) -> str:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, str):
        return clean_text(str.__str__(key))
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, (datetime, date, time)):
        return key.isoformat()
    if isinstance(key, tuple):
        return ",".join(_key_text(part) for part in key)
    return clean_text(str(key))


def _at(where: str) -> str:
    return f" at '{where}'" if where else ""


def _number(value: Decimal | Fraction) -> int | float | None:
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    if value == (whole := int(value)) and _SMALLEST <= whole <= _LARGEST:
        return whole
    try:
        return float(value)
    except OverflowError:
        return None


def bytes_text(value: bytes) -> str:
    """Return bytes as the UTF-8 text that they are, else in base64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _in_order(value: Iterable[Any]) -> list[Any]:
    # The order of a set differs from one process to the next; equal values should give equal JSON.
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=repr)


def _simplify_numpy(numpy: Any, value: Any) -> Any:  # noqa: ANN401 - the module, and a value of it
    if value.dtype.kind in "mM":
        return _times_and_durations(numpy, value)
    if isinstance(value, (numpy.void, numpy.complexfloating)):
        raise _UnknownKindError
    return value.item() if isinstance(value, numpy.generic) else value.tolist()


def _times_and_durations(numpy: Any, value: Any) -> Any:  # noqa: ANN401 - the module, and a value of it
    from algomancy_data.stored.times import PER_SECOND, duration_texts, time_texts

    if value.ndim > 1:
        return list(value)
    values = numpy.atleast_1d(numpy.asarray(value))
    unit = numpy.datetime_data(values.dtype)[0]
    if unit not in PER_SECOND:
        # Days and the like; finer than a nanosecond is nothing anybody writes down.
        unit = "s" if unit in "YMWDhm" else "ns"
        values = values.astype(f"{values.dtype.kind}8[{unit}]")
    texts = time_texts(values, unit) if values.dtype.kind == "M" else duration_texts(values, unit)
    return texts if value.ndim else texts[0]


def _simplify_pandas(pandas: Any, value: Any) -> Any:  # noqa: ANN401 - the module, and a value perhaps of it
    if isinstance(value, pandas.DataFrame):
        return value.to_dict(orient="records")
    if isinstance(value, (pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray)):
        return list(value)
    if isinstance(value, pandas.Interval):
        return [value.left, value.right]
    if isinstance(value, pandas.Period):
        return str(value)
    raise _UnknownKindError


MAX_DEPTH = 200
"""How deep arrays and objects may nest in what is read and written."""

SLICE_ROWS = 2_000
"""Rows encoded or decoded at a time: few enough that other threads get their turn in between."""

_NAN_OR_TEXT = re.compile(rb'("(?:[^"\\]|\\.)*")|\bNaN\b')


def encode_json(value: object) -> bytes:
    """Encode a value as compact UTF-8 JSON.

    Besides JSON's own kinds it takes what pandas, numpy and the standard library put into results: missing values, NaN
    and infinities become `null`; numpy scalars and arrays their plain counterparts; times, dates and durations ISO 8601
    text; `Decimal` a number; bytes their UTF-8 text, or base64 when they are none; sets lists; a data frame its rows; a
    key that is no text its text. Lone surrogates become U+FFFD.

    Args:
        value: What to encode.

    Returns:
        The JSON text in UTF-8, without white space.

    Raises:
        EncodingError: Something in the value cannot be said in JSON; the message tells where.
    """
    # Not with orjson's own option for numpy: that writes a missing time as one in the year 1677.
    try:
        return orjson.dumps(value, default=simplify)
    except (TypeError, EncodingError):
        return orjson.dumps(_plain(value, "", MAX_DEPTH))


def decode_json(text: bytes | str, *, check_depth: bool = True) -> Any:  # noqa: ANN401 - JSON may hold anything
    """Decode JSON, strictly.

    Integers beyond 64 bits become floats. Of an object's equal keys the last one counts.

    Args:
        text: The JSON text; bytes are UTF-8, without byte order mark.
        check_depth: Refuse what nests deeper than `MAX_DEPTH`; a caller who checks the shape anyway may save the time.

    Returns:
        The value: dict, list, str, int, float, bool or None.

    Raises:
        ValueError: The text is not valid JSON (NaN, infinities, lone surrogates and invalid UTF-8 included), or nests
            deeper than `MAX_DEPTH`.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(_describe(error) if text else "The JSON is empty.") from None
    if not check_depth:
        return value
    data = text if isinstance(text, bytes) else text.encode()
    # Counting brackets is far cheaper than walking the value, and clears nearly every text there is.
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and is_deeper_than(value, MAX_DEPTH):
        raise ValueError(f"The JSON nests deeper than {MAX_DEPTH} levels.")
    return value


def without_nan(text: bytes) -> bytes:
    """Return JSON in which a missing number reads `null`, where pandas and Python write `NaN`."""
    return _NAN_OR_TEXT.sub(lambda found: found[1] or b"null", text) if b"NaN" in text else text


def row_type(members: Mapping[str, Any]) -> type[msgspec.Struct] | None:
    """Return a class to decode objects into, checked and in half the time that dicts take; None if it cannot be.

    Args:
        members: The members that each object must have, and no others, with their types as msgspec takes them.
    """
    fields = {f"f{at}": name for at, name in enumerate(members)}
    try:
        return msgspec.defstruct(
            "Row", list(zip(fields, members.values(), strict=True)), rename=fields, gc=False, forbid_unknown_fields=True
        )
    except ValueError:  # It takes no quotes in a name.
        return None


def alike_columns(rows: list[dict[str, Any]]) -> dict[str, Sequence[Any]] | None:
    """Turn rows into columns; None where they have not all the same members."""
    names = list(rows[0]) if rows else []
    if set(map(len, rows)) != {len(names)}:
        return None
    try:
        # Each row is looked at once for all columns: with many rows that is what takes time.
        cells: Any = zip(*map(itemgetter(*names), rows), strict=True) if len(names) > 1 else None
        columns = [[row[name] for row in rows] for name in names] if cells is None else cells
        return dict(zip(names, columns, strict=True))
    except KeyError:
        return None


def _describe(error: orjson.JSONDecodeError) -> str:
    if error.msg.startswith("depth limit"):
        return f"The JSON nests deeper than {MAX_DEPTH} levels."
    if error.msg.startswith("str is not valid UTF-8"):
        return "The JSON is not valid UTF-8."
    if error.msg.startswith("number is infinity"):
        return f"The JSON holds a number that is too large (line {error.lineno}, column {error.colno})."
    message = error.msg.split(": line ")[0]
    return f"The text is not valid JSON: {message} (line {error.lineno}, column {error.colno})."


def is_deeper_than(value: object, depth: int) -> bool:
    """Tell whether a decoded value nests more lists and objects within each other than `depth`."""
    level: list[object] = [value] if type(value) in (dict, list) else []
    while level and depth > 0:
        below: list[object] = []
        for item in level:
            if type(item) is dict:
                below.extend(child for child in item.values() if type(child) in (dict, list))
            elif type(item) is list:
                below.extend(child for child in item if type(child) in (dict, list))
        level = below
        depth -= 1
    return bool(level)
