"""Columns of numbers as people write them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algomancy_data.cells.numbers import INEXACT, NO_NUMBER, NOT_WHOLE, PERCENTAGE, TOO_LARGE, Reading, read_numbers


def _read(*texts: str, whole: bool = False) -> Reading:
    return read_numbers(pa.array(texts, pa.large_string()), whole=whole)


NUMBERS = {
    "1": 1, "+4": 4, "-0": 0, " 12 ": 12, "007": 7, "1.5": 1.5, "1,5": 1.5, "-1,": -1.0, ".5": 0.5, ",5": 0.5,
    "1.234": 1.234, "1,234": 1.234, "1.234.567": 1234567, "1,234,567": 1234567, "1,234.5": 1234.5, "1.234,5": 1234.5,
    "1 234,50": 1234.5, "1\u00a0234": 1234, "1'000'000": 1_000_000, "-3e5": -300_000.0, "1,5E-1": 0.15,
    "9007199254740992": 9007199254740992, "(100)": -100, "100-": -100, "−100": -100, "(1,5)": -1.5,
}  # fmt: skip


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_number_is_read_as_people_write_it(text: str, number: float) -> None:
    """Decimal points and commas, signs, exponents and thousands set apart are read."""
    read = _read(text)
    assert read.values.to_pylist() == [number]
    assert read.problems == {}


NO_NUMBERS = ["", "abc", "1,2,3", "1..2", "12.34.56", "nan", "inf", "0x10", "1_000", "١", "--1", "(-1)", "()", "-"]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_number_that_is_none_is_refused(text: str) -> None:
    """Anything else is no number, however Python or Arrow would see it."""
    for whole, problem in ((False, NO_NUMBER), (True, NOT_WHOLE)):
        read = _read(text, whole=whole)
        assert read.values.to_pylist() == [None]
        assert read.problems == {0: problem}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_written_by_python_is_read_exactly(number: float) -> None:
    """Every float reads back exactly, with point and with comma."""
    text = repr(number)
    for written in (text, text.replace(".", ",")):
        assert float(_read(written).values[0].as_py()) == number


COLUMNS: dict[str, tuple[list[str], list[float]]] = {
    "points_between_thousands": (["2.155", "1.000.155"], [2155, 1000155]),
    "points_and_a_decimal_comma": (["1.234", "1.234.567", "12.345,5"], [1234, 1234567, 12345.5]),
    "commas_between_thousands": (["2,155", "1,000,155"], [2155, 1000155]),
    "commas_and_a_decimal_point": (["1,234", "1,234,567", "12,345.5"], [1234, 1234567, 12345.5]),
    "decimal_comma_elsewhere": (["1.234", "0,5"], [1234, 0.5]),
    "decimal_point_elsewhere": (["1,234", "0.5"], [1234, 0.5]),
    "decimal_comma_after_spaces": (["1.234", "1 234,50"], [1234, 1234.5]),
    "sign": (["+1.046", "1.000.155"], [1046, 1000155]),
    "three_decimals_after_zero": (["0.125", "1.250"], [0.125, 1.25]),
    "three_decimals_after_four_digits": (["1234.125", "1.250"], [1234.125, 1.25]),
    "exponent": (["1.234e2", "1.250"], [123.4, 1.25]),
    "each_clear_by_itself": (["1,5", "2.5", "1e3"], [1.5, 2.5, 1000]),
    "negative_in_brackets": (["(1.234,50)", "2.155"], [-1234.5, 2155]),
}


@pytest.mark.parametrize(("texts", "numbers"), COLUMNS.values(), ids=COLUMNS)
def test_number_column_has_one_convention(texts: list[str], numbers: list[float]) -> None:
    """Which sign is decimal and which sets thousands apart shows in the whole column, in any order of its cells."""
    for order in (1, -1):
        read = _read(*texts[::order])
        assert read.values.to_pylist() == numbers[::order]
        assert read.doubts == []


@pytest.mark.parametrize("sign", [".", ","])
def test_number_column_that_allows_two_readings_is_told(sign: str) -> None:
    """Where nothing tells whether a sign is decimal it is taken for that, and said."""
    read = _read(f"1{sign}234", f"5{sign}678", "9")
    assert read.values.to_pylist() == [1.234, 5.678, 9]
    assert [f"'1{sign}234' and the like may be read in two ways" in doubt for doubt in read.doubts] == [True]
    read = _read(f"2{sign}000", whole=True)
    assert read.values.to_pylist() == [2]
    assert len(read.doubts) == 1


def test_number_column_of_whole_numbers_tells_thousands() -> None:
    """Where only thousands make whole numbers of all cells there is no doubt."""
    read = _read("2.000", "1.500", whole=True)
    assert read.values.to_pylist() == [2000, 1500]
    assert read.doubts == []


def test_number_column_of_percentages_is_read_as_fractions() -> None:
    """50% is 0.5, and 12,5% exactly 0.125; among other numbers it could be either, and is refused."""
    read = _read("50%", "12,5 %", "-3%")
    assert read.values.to_pylist() == [0.5, 0.125, -0.03]
    assert read.remarks == ["Percentages are read as fractions: '50%' is 0.5."]
    assert _read("50%", "0.3").problems == {0: PERCENTAGE}


def test_number_with_an_unusual_minus_is_remarked() -> None:
    """Brackets and a minus that follows are read as negative, and said."""
    assert _read("(100)", "5").remarks == ["'(100)' and the like are read as negative numbers."]
    assert _read("100", "-5").remarks == []


WHOLE: dict[str, int | str] = {
    "2,0": 2, "1.000.000": 1_000_000, "1e3": 1000, "9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63),
    "9007199254740993": 9007199254740993, "9007199254740993.0": 9007199254740993, "-1-": NOT_WHOLE, "2,5": NOT_WHOLE,
    "x": NOT_WHOLE, "9223372036854775808": TOO_LARGE, "1e400": TOO_LARGE, "1e999999999": TOO_LARGE,
    "12345678901234567890123": TOO_LARGE, "1e-3": NOT_WHOLE,
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WHOLE.items())
def test_whole_number_is_exact_or_refused(text: str, expected: int | str) -> None:
    """Decimals that are zero are allowed, no digit is lost, and one too large is not called no whole number."""
    read = _read(text, whole=True)
    if isinstance(expected, int):
        assert (read.values.to_pylist(), read.problems) == ([expected], {})
    else:
        assert (read.values.to_pylist(), read.problems) == ([None], {0: expected})


@pytest.mark.parametrize(
    ("text", "problem"),
    [("1e999", "is too large a number"), ("9" * 401, "is too large a number"), ("9007199254740993", INEXACT)],
)
def test_number_beyond_what_a_float_holds_is_refused(text: str, problem: str) -> None:
    """A number too large, and a whole number that a float would round, are refused in their own words."""
    assert _read(text, "1").problems == {0: problem}
