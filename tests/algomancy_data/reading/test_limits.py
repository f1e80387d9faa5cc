"""How much may be read."""

from __future__ import annotations

import pytest

from algomancy_data import ReadLimits
from algomancy_utils.errors import TooLargeError


@pytest.mark.parametrize(
    ("rows", "columns", "fragment"),
    [(11, 1, "10 rows"), (1, 6, "5 columns"), (9, 5, "40 cells")],
    ids=["rows", "columns", "cells"],
)
def test_limits_refuse_a_table_over_them(rows: int, columns: int, fragment: str) -> None:
    """A table of more rows, columns or cells than allowed is refused with the limit in the message."""
    limits = ReadLimits(max_rows=10, max_columns=5, max_cells=40)
    with pytest.raises(TooLargeError, match=f"File 'x' is too large: at most {fragment}"):
        limits.check_shape(rows, columns, "File 'x'")


def test_limits_let_a_table_up_to_them_pass() -> None:
    """The limits themselves are allowed."""
    limits = ReadLimits(max_inflated_bytes=100, max_rows=10, max_columns=5, max_cells=40)
    limits.check_shape(10, 4, "x")
    limits.check_shape(8, 5, "x")
    limits.check_inflated(100, "x")
    with pytest.raises(TooLargeError, match="at most 100 bytes"):
        limits.check_inflated(101, "x")
