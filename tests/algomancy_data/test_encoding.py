"""JSON in and out."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from algomancy_data import EncodingError, decode_json, encode_json


class Colour(StrEnum):
    """An enum of text."""

    RED = "red"


class Size(Enum):
    """An enum of numbers."""

    LARGE = 3


@dataclass
class Point:
    """A record."""

    x: float
    y: np.int64


VALUES: dict[str, tuple[Any, Any]] = {
    "nan": (float("nan"), None),
    "infinity": ([float("inf"), -float("inf")], [None, None]),
    "missing": ([pd.NA, pd.NaT, None], [None, None, None]),
    "nan_in_tuple": ((1, float("nan")), [1, None]),
    "numpy_scalars": ([np.int64(3), np.float32(0.5), np.bool_(True), np.str_("a")], [3, 0.5, True, "a"]),
    "numpy_array": (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    "numpy_times": (np.array(["2025-01-02", "NaT"], dtype="datetime64[ns]"), ["2025-01-02T00:00:00", None]),
    "numpy_days": (np.datetime64("2025-01-02"), "2025-01-02T00:00:00"),
    "numpy_no_time": (np.datetime64("NaT", "ns"), None),
    "numpy_times_in_rows": (np.array([["2025-01-02"]], dtype="datetime64[D]"), [["2025-01-02T00:00:00"]]),
    "numpy_durations": (np.array([1, "NaT"], dtype="timedelta64[s]"), ["P0DT0H0M1S", None]),
    "numpy_transposed": (np.array([[1, 2], [3, 4]]).T, [[1, 3], [2, 4]]),
    "timestamp": (pd.Timestamp("2025-01-02T03:04:05"), "2025-01-02T03:04:05"),
    "timestamp_with_zone": (pd.Timestamp("2025-07-02", tz="Europe/Amsterdam"), "2025-07-02T00:00:00+02:00"),
    "timestamp_of_nanoseconds": (pd.Timestamp("2025-01-02T00:00:00.000000001"), "2025-01-02T00:00:00.000000001"),
    "datetime": (datetime(2025, 1, 2, tzinfo=UTC), "2025-01-02T00:00:00+00:00"),
    "date": (date(2025, 1, 2), "2025-01-02"),
    "duration": (timedelta(days=-1, seconds=3661, microseconds=5), "P-1DT1H1M1.000005S"),
    "pandas_duration": (pd.Timedelta("1s") + pd.Timedelta(1, "ns"), "P0DT0H0M1.000000001S"),
    "interval": (pd.Interval(1, 2), [1, 2]),
    "period": (pd.Period("2025-01", "M"), "2025-01"),
    "decimal": ([Decimal("1.5"), Decimal("2"), Decimal("NaN")], [1.5, 2, None]),
    "bytes": (b"caf\xc3\xa9", "café"),
    "bytes_that_are_no_text": (b"\xff\x00", "/wA="),
    "set": ({3, 1, 2}, [1, 2, 3]),
    "mixed_set": ({1, "a"}, ["a", 1]),
    "deque": (deque([1]), [1]),
    "enums": ([Colour.RED, Size.LARGE], ["red", 3]),
    "enum_keys": ({Colour.RED: 1, Size.LARGE: 2}, {"red": 1, "3": 2}),
    "odd_keys": ({2: "a", None: "b", True: "c", (1, 2): "d"}, {"2": "a", "null": "b", "true": "c", "1,2": "d"}),
    "dataclass": (Point(1.5, np.int64(2)), {"x": 1.5, "y": 2}),
    "uuid": (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
    "path": (PurePosixPath("a/b"), "a/b"),
    "frame": (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
    "series": (pd.Series([1.0, float("nan")]), [1.0, None]),
    "categorical": (pd.Categorical(["a", None]), ["a", None]),
    "index": (pd.Index([1, 2]), [1, 2]),
    "lone_surrogate": ("a\ud800b", "a\ufffdb"),
    "lone_surrogate_in_key": ({"\udfff": 1}, {"\ufffd": 1}),
    "surrogate_pair": ("\ud83d\ude00", "😀"),
    "large_integers": ([2**64 - 1, -(2**63)], [2**64 - 1, -(2**63)]),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_encoding_says_foreign_values_in_json(value: Any, expected: Any) -> None:
    """What pandas, numpy and the standard library put into results becomes valid JSON, alone and nested."""
    assert json.loads(encode_json(value)) == expected
    assert json.loads(encode_json({"deep": [value]})) == {"deep": [expected]}


@pytest.mark.parametrize(
    ("value", "fragment"),
    [
        ({"plan": [1, {"cost": 1 + 2j}]}, "'plan[1].cost'"),
        ({"n": 2**64}, "'n'"),
        ([object()], "'[0]'"),
        (len, "no text, number"),
        ({1: "a", "1": "b"}, "'1'"),
        (np.complex128(1j), "no text, number"),
    ],
    ids=["complex", "too_many_bits", "object", "function", "equal_keys", "numpy_complex"],
)
def test_encoding_refuses_what_json_cannot_say(value: Any, fragment: str) -> None:
    """A value JSON cannot say is refused with a message that tells where it is and names no Python type."""
    with pytest.raises(EncodingError) as error:
        encode_json(value)
    assert fragment in str(error.value)
    assert "complex" not in str(error.value)
    assert "builtin" not in str(error.value)


def test_encoding_refuses_a_value_within_itself() -> None:
    """A list that contains itself is refused instead of recursing for ever."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(EncodingError, match="nests too deeply"):
        encode_json(endless)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@given(JSON)
def test_encoding_always_gives_strict_json(value: Any) -> None:
    """Whatever JSON-like value is encoded, the result decodes strictly, and encodes to the same bytes again."""
    try:
        text = encode_json(value)
    except EncodingError:
        # Two keys of one object differ in lone surrogates alone.
        assume(False)
    assert encode_json(decode_json(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        b"", b" ", b"{", b"[1,]", b"NaN", b"[Infinity]", b'"\\ud800"', b'"\xff"', b"\xef\xbb\xbf1", b"1e999",
        b"{'a': 1}", b"[" * 100_000, b"[" * 201 + b"]" * 201, b"01", b'{"a": 1} x', b'"\x00"',
    ],
)  # fmt: skip
def test_decoding_refuses_lax_json(text: bytes) -> None:
    """What is not RFC 8259 JSON, or nests deeper than 200 levels, is a ValueError in words."""
    with pytest.raises(ValueError, match="JSON"):
        decode_json(text)
    if text.isascii():
        with pytest.raises(ValueError, match="JSON"):
            decode_json(text.decode())


def test_decoding_says_what_is_wrong_with_the_text_itself() -> None:
    """Bytes that are no UTF-8 are named so, without a word of Python's."""
    with pytest.raises(ValueError, match=r"^The JSON is not valid UTF-8\.$"):
        decode_json(b'{"a": "\xff"}')


def test_decoding_tells_where_the_fault_is() -> None:
    """The message of malformed JSON gives line and column."""
    with pytest.raises(ValueError, match=r"line 2, column 2"):
        decode_json("{\n x: 1}")


def test_decoding_takes_depth_up_to_the_limit() -> None:
    """200 levels are read, whether of lists or objects, and brackets within text do not count."""
    assert decode_json("[" * 200 + "]" * 200)
    assert decode_json('{"a":' * 200 + "1" + "}" * 200)
    assert decode_json('["' + "[" * 500 + '"]') == ["[" * 500]
    assert len(decode_json("[" + ",".join(["[]"] * 500) + "]")) == 500
