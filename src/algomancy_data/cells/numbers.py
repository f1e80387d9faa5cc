"""Numbers, whole numbers and booleans as people write them."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_POINT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"([+-]?[0-9]{1,3}(?:([.,'’ \u00a0\u202f])[0-9]{3})(?:\2[0-9]{3})*)(?:([.,])([0-9]+))?")
_WHOLE = re.compile(r"[+-]?[0-9]+")

_MAX_DIGITS = 400
_TRUE = frozenset({"true", "t", "yes", "y", "1", "on"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "off"})


def parse_number(text: str) -> int | float:
    """Read a number.

    A single point or comma is the decimal sign (`1,5` and `1.5` are equal, `1.234` is a little more than one);
    thousands may be set apart by points, commas, spaces or apostrophes (`1.234.567`, `1 234,5`).

    Returns:
        An int when the text has neither decimals nor an exponent, else a float.

    Raises:
        ValueError: The text is no number, or one too large for a float.
    """
    text = text.strip()
    if len(text) > _MAX_DIGITS:
        raise ValueError("is not a number")
    if _WHOLE.fullmatch(text):
        return int(text)
    if _POINT.fullmatch(text):
        return _finite(text)
    if _COMMA.fullmatch(text):
        return _finite(text.replace(",", "."))
    match = _GROUPED.fullmatch(text)
    if match is None or match[2] == match[3]:
        raise ValueError("is not a number")
    whole = match[1].replace(match[2], "")
    return int(whole) if match[4] is None else _finite(f"{whole}.{match[4]}")


def parse_whole_number(text: str) -> int:
    """Read a whole number; decimals are allowed as long as they are zero.

    Raises:
        ValueError: The text is no whole number.
    """
    try:
        number = parse_number(text)
    except ValueError:
        raise ValueError("is not a whole number") from None
    return whole(number)


def whole(number: float | Decimal) -> int:
    """Return a number as int.

    Raises:
        ValueError: It has decimals, or is not finite.
    """
    if not isinstance(number, int) and (not math.isfinite(number) or number != int(number)):
        raise ValueError("is not a whole number")
    return int(number)


def parse_boolean(text: str) -> bool:
    """Read true or false, in any case: true/false, yes/no, on/off, t/f, y/n, 1/0.

    Raises:
        ValueError: The text is none of these.
    """
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("is neither true nor false")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("is too large a number")
    return number
