"""Numbers and booleans as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algomancy_data.cells.numbers import parse_boolean, parse_number, parse_whole_number

NUMBERS = {
    "1": 1, "+4": 4, "-0": 0, " 12 ": 12, "007": 7, "1.5": 1.5, "1,5": 1.5, "-1,": -1.0, ".5": 0.5, ",5": 0.5,
    "1.234": 1.234, "1,234": 1.234, "1.234.567": 1234567, "1,234,567": 1234567, "1,234.5": 1234.5, "1.234,5": 1234.5,
    "1 234,50": 1234.5, "1\u00a0234": 1234, "1'000'000": 1_000_000, "-3e5": -300_000.0, "1,5E-1": 0.15,
    "9007199254740993": 9007199254740993,
}  # fmt: skip


@pytest.mark.parametrize(("text", "number"), NUMBERS.items())
def test_number_is_read_as_people_write_it(text: str, number: float) -> None:
    """Decimal points and commas, signs, exponents and thousands set apart are read; integers stay exact."""
    assert parse_number(text) == number
    assert type(parse_number(text)) is type(number)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1,2,3", "1..2", "12.34.56", "1e999", "nan", "inf", "0x10", "1_000", "١", "--1", "9" * 401],
)
def test_number_that_is_none_is_refused(text: str) -> None:
    """Anything else is no number, however Python would see it."""
    with pytest.raises(ValueError, match="number"):
        parse_number(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_written_by_python_is_read_exactly(number: float) -> None:
    """Every float reads back exactly, with point and with comma."""
    assert float(parse_number(repr(number))) == number
    assert float(parse_number(repr(number).replace(".", ","))) == number


def test_whole_number_may_have_decimals_that_are_zero() -> None:
    """2,0 is a whole number and 2,5 is not."""
    assert parse_whole_number("2,0") == 2
    assert parse_whole_number("1.000.000") == 1_000_000
    for text in ("2,5", "x"):
        with pytest.raises(ValueError, match="is not a whole number"):
            parse_whole_number(text)


@pytest.mark.parametrize("text", ["true", "TRUE", "Yes", "y", "1", " on ", "T"])
def test_boolean_true(text: str) -> None:
    """The usual words for true are read in any case."""
    assert parse_boolean(text) is True


@pytest.mark.parametrize("text", ["false", "No", "n", "0", "off", "F"])
def test_boolean_false(text: str) -> None:
    """The usual words for false are read in any case."""
    assert parse_boolean(text) is False


@pytest.mark.parametrize("text", ["", "2", "maybe"])
def test_boolean_that_is_none_is_refused(text: str) -> None:
    """Anything else is neither true nor false."""
    with pytest.raises(ValueError, match="neither true nor false"):
        parse_boolean(text)
