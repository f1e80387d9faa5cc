"""JSON as the API writes it, whatever a backend of any make hands over."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from algomancy_api.http.bodies import decode_json
from algomancy_api.http.replies import MAX_DEPTH, UnencodableError, encode_json


class Own:
    """A value of the user's."""

    def to_dict(self) -> dict[str, Any]:
        return {"own": 1}


class Kind(enum.Enum):
    """An enumeration."""

    ONE = 1


VALUES: dict[str, tuple[Any, Any]] = {
    "NaN": ([math.nan, math.inf], [None, None]),
    "missing": ([pd.NA, pd.NaT, np.datetime64("NaT", "ns")], [None, None, None]),
    "numpy": ([np.int64(1), np.float32(0.5), np.bool_(True), np.array([1, 2])], [1, 0.5, True, [1, 2]]),
    "times": (
        [datetime.datetime(2026, 1, 1), datetime.date(2026, 1, 1), pd.Timestamp("2026-01-01"), datetime.timedelta(1)],
        ["2026-01-01T00:00:00", "2026-01-01", "2026-01-01T00:00:00", "P1D"],
    ),
    "frame": (pd.DataFrame({"a": [1, 2]}), [{"a": 1}, {"a": 2}]),
    "series": (pd.Series([1, 2]), [1, 2]),
    "set": ({1}, [1]),
    "decimal": (decimal.Decimal("1.5"), 1.5),
    "bytes": ([b"x", b"\xff"], ["x", "/w=="]),
    "enumeration": ([Kind.ONE, {Kind.ONE: 1}], [1, {"1": 1}]),
    "other keys": ({1: {None: 2}}, {"1": {"None": 2}}),
    "surrogate": ("a\udc80", "a?"),
    "large integer": ([2**64, 10**400, {1: 2**70}], [2.0**64, None, {"1": 2.0**70}]),
    "the user's own": ([Own(), {1: Own()}], [{"own": 1}, {"1": {"own": 1}}]),
}


@pytest.mark.parametrize(("value", "written"), VALUES.values(), ids=VALUES)
def test_value_of_any_library_can_be_written(value: Any, written: Any) -> None:
    """What a user's `to_dict()` may hold becomes strict JSON (contract GEN-2)."""
    assert json.loads(encode_json(value), parse_constant=pytest.fail) == written


def test_what_is_no_value_is_refused() -> None:
    """A value without a form in JSON, and one without an end."""
    endless: list[Any] = []
    endless.append(endless)
    for value in (object(), {1: object()}, endless):
        with pytest.raises(UnencodableError):
            encode_json(value)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"NaN", b'"\\ud800"', b'"\xff"', b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), b"[" * 99_999]
)
def test_text_that_is_not_strict_json_is_refused(text: bytes) -> None:
    """The message is a sentence that says what is wrong."""
    with pytest.raises(ValueError, match=r"\.$"):
        decode_json(text)


def test_deepest_text_is_read_and_written() -> None:
    """The bound itself is allowed, both ways."""
    text = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert encode_json(decode_json(text)) == text
