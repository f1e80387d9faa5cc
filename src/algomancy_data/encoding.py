"""JSON as the project writes and reads it: strict RFC 8259 both ways (contract GEN-2).

Encoding takes the fast way, `orjson`, and falls back to [`plain`][algomancy_data.plain_values.plain], which walks the
value, only when that way meets something it refuses.
"""

from __future__ import annotations

from typing import Any

import orjson

from algomancy_data.plain_values import EncodingError, plain, simplify

__all__ = ["MAX_DEPTH", "EncodingError", "decode_json", "encode_json", "is_deeper_than"]

MAX_DEPTH = 200
"""How deep arrays and objects may nest in what is read and written."""


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
        return orjson.dumps(plain(value, MAX_DEPTH))


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


def _describe(error: orjson.JSONDecodeError) -> str:
    if error.msg.startswith("depth limit"):
        return f"The JSON nests deeper than {MAX_DEPTH} levels."
    if error.msg.startswith("str is not valid UTF-8"):
        return "The JSON is not valid UTF-8."
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
