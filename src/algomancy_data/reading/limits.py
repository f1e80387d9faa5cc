"""How much may be read from one file."""

from __future__ import annotations

from dataclasses import dataclass

from algomancy_utils.errors import TooLargeError

GIBIBYTE = 1 << 30

_BYTES_PER_CELL = 16
"""What the shortest cell of a workbook that holds anything takes, and about what any cell takes in memory."""


@dataclass(frozen=True)
class ReadLimits:
    """Bounds on what is read from one file, so that a small file cannot fill the memory.

    Attributes:
        max_inflated_bytes: Bytes of a compressed file (xlsx) once inflated.
        max_rows: Rows of one table, its header left out.
        max_columns: Columns of one table.
        max_cells: Cells of one table: rows times columns.
    """

    max_inflated_bytes: int = GIBIBYTE
    max_rows: int = 4 * 1_048_576
    max_columns: int = 16_384
    max_cells: int = 100_000_000

    def check_inflated(self, size: int, subject: str) -> None:
        """Refuse content that inflates to more bytes than allowed.

        Args:
            size: Bytes once inflated, so far.
            subject: What is being read, as a message names it: `File 'stock.xlsx'`.

        Raises:
            TooLargeError: `size` is over the limit.
        """
        if size > self.max_inflated_bytes:
            allowed = f"{self.max_inflated_bytes:,} bytes"
            raise TooLargeError(f"{subject} is too large: at most {allowed} are allowed once inflated.")

    def check_shape(self, rows: int, columns: int, subject: str, *, filled_up: bool = False) -> None:
        """Refuse a table of more rows, columns or cells than allowed.

        Args:
            rows: Rows read so far.
            columns: Columns of the table.
            subject: What is being read, as a message names it.
            filled_up: Whether cells need not be in the file to be in the table. Then `max_inflated_bytes` bounds their
                number as well: a few bytes could make a hundred million of them.

        Raises:
            TooLargeError: One of the three is over its limit.
        """
        max_cells = min(self.max_cells, self.max_inflated_bytes // _BYTES_PER_CELL) if filled_up else self.max_cells
        for count, limit, noun in (
            (rows, self.max_rows, "rows"),
            (columns, self.max_columns, "columns"),
            (rows * columns, max_cells, "cells"),
        ):
            if count > limit:
                raise TooLargeError(f"{subject} is too large: at most {limit:,} {noun} are allowed.")
