"""Reading workbooks, without trusting what they say of their own size. All but `inflated_size` is for the worker."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from algomancy_data.cells.conversion import nullable_integers
from algomancy_data.cells.numbers import EXACT_IN_FLOAT
from algomancy_data.cells.tables import FileRows, ReadTable, convert_table, natural_values, remark_messages
from algomancy_data.cells.values import text_of
from algomancy_data.file import ExtractionError, ReadLimits
from algomancy_data.reading.heading import ROWS, column_names, find_heading, named_columns
from algomancy_data.reading.offload import within_memory
from algomancy_data.reading.sheet_cells import DOUBTFUL_KINDS, ErrorCell, SheetPart, sheet_parts
from algomancy_data.schema import Column
from algomancy_data.validation import ValidationMessage, ValidationSeverity
from algomancy_utils.errors import TooLargeError

if TYPE_CHECKING:
    import pandas as pd

_MAX_PARTS = 10_000
_WHOLE_PART_SHARE = 16
"""Which part of all that may be inflated a single part may be that is read whole: its tree takes 25 times its bytes."""

_MEMORY_SHARE = 8
_LEAST_MEMORY = 512 << 20
"""The worker may take this much and 8 times what a workbook inflates to: an honest one takes up to 4 times that."""

_SMALLEST_BOUND = 1 << 20
_READ_BYTES = 1 << 20
_HEAD_BYTES = 1 << 12
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The only compressions of a workbook; others of a zip file inflate without a bound."""

_STREAMED = ("xl/worksheets/", "xl/sharedstrings")
"""Where the parts are that are not read whole."""


def inflated_size(source: bytes | str, subject: str, limits: ReadLimits) -> int:
    """Return how many bytes a workbook inflates to, as its directory tells.

    Args:
        source: The workbook, or the path of it.
        subject: The file, as messages name it.
        limits: How much may be read.

    Raises:
        ExtractionError: It is no workbook.
        TooLargeError: It inflates to more than allowed.
    """
    try:
        with _open(source) as stream, zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError, OSError):
        raise ExtractionError(f"{subject} is not an xlsx workbook.") from None
    if len(parts) > _MAX_PARTS:
        raise TooLargeError(f"{subject} is too large: at most {_MAX_PARTS:,} parts are allowed.")
    size = sum(part.file_size for part in parts)
    limits.check_inflated(size, subject)
    largest = max(_SMALLEST_BOUND, limits.max_inflated_bytes // _WHOLE_PART_SHARE)
    for part in parts:
        if part.file_size > largest and not part.filename.lower().startswith(_STREAMED):
            raise TooLargeError(f"{subject} is too large: one of its parts inflates to more than {largest:,} bytes.")
        if part.compress_type not in _METHODS:
            raise ExtractionError(f"{subject} is not an xlsx workbook.")
        if part.flag_bits & 0x1:
            raise ExtractionError(f"{subject} is encrypted.")
    return size


def read_xlsx_tables(
    source: bytes | str,
    sheets: Mapping[str, tuple[str | int, Sequence[Column]]],
    subject: str,
    limits: ReadLimits,
) -> dict[str, ReadTable | None]:
    """Read sheets of a workbook. The first row of each is its heading; rows without any value are left out.

    To be run in the worker process: the library may end the process that it runs in.

    Args:
        source: The workbook, or the path of it.
        sheets: The sheet, by name or by number from 0, and the schema's columns, by the table's name.
        subject: The file, as messages name it.
        limits: How much may be read.

    Returns:
        The tables by name; None where the workbook has no such sheet.

    Raises:
        ExtractionError: It is no workbook, or a sheet is no table.
        TooLargeError: It holds more than allowed.
    """
    import pandas as pd  # noqa: F401 - what is imported does not count
    import pyarrow.compute  # noqa: F401
    import python_calamine  # noqa: F401

    size = inflated_size(source, subject, limits)
    bound = min(_LEAST_MEMORY + _MEMORY_SHARE * size, _LEAST_MEMORY + 4 * limits.max_inflated_bytes)
    try:
        return within_memory(bound, _read_tables, source, sheets, subject, limits)
    except MemoryError:
        raise TooLargeError(f"{subject} is too large.") from None


def _read_tables(
    source: bytes | str,
    sheets: Mapping[str, tuple[str | int, Sequence[Column]]],
    subject: str,
    limits: ReadLimits,
) -> dict[str, ReadTable | None]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    tables: dict[str, ReadTable | None] = {}
    try:
        with _open(source) as stream, zipfile.ZipFile(stream) as archive:
            parts = sheet_parts(archive, _inflate_each(archive))
            given = io.BytesIO(source) if isinstance(source, bytes) else source
            workbook: CalamineWorkbook = CalamineWorkbook.from_object(given)
            names = [each.name for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
            for table, (sheet, columns) in sheets.items():
                name = sheet if isinstance(sheet, str) else names[sheet] if -len(names) <= sheet < len(names) else None
                if name is None or name not in names:
                    tables[table] = None
                    continue
                place = f"{subject}, sheet '{name}'"
                found = workbook.get_sheet_by_name(name)
                last_row, last_column = found.end or (0, -1)
                limits.check_shape(last_row, last_column + 1, place, filled_up=True)
                rows = found.to_python(skip_empty_area=False)
                del found
                tables[table] = _read_sheet(rows, parts.get(name), columns, table, place)
    except (ExtractionError, TooLargeError, MemoryError, KeyboardInterrupt):
        raise
    # What a damaged workbook makes the libraries raise is anybody's guess, a panic of Rust's included.
    except BaseException:
        raise ExtractionError(f"{subject} is not an xlsx workbook, or a damaged one.") from None
    return tables


def _inflate_each(archive: zipfile.ZipFile) -> set[str]:
    """Inflate every part once, some at a time: the directory must be right about its size and checksum.

    Returns:
        The parts in which cells may be errors or times in ISO format.
    """
    doubtful = set()
    double, single = DOUBTFUL_KINDS
    for part in archive.infolist():
        before, marks = b"", [*double]
        with archive.open(part) as stream:
            while block := stream.read(_READ_BYTES):
                if b"t='" in block[:_HEAD_BYTES]:
                    marks = [*double, *single]
                if part.filename not in doubtful and any(mark in block or mark in before + block[:4] for mark in marks):
                    doubtful.add(part.filename)
                before = block[-4:]
    return doubtful


def _read_sheet(
    rows: list[list[Any]], part: SheetPart | None, columns: Sequence[Column], table: str, subject: str
) -> ReadTable:
    import numpy as np

    wanted = {column.name for column in columns}
    at = find_heading([["" if cell == "" else text_of(cell) for cell in row] for row in rows[:ROWS]], wanted)
    if at is None:
        return convert_table({}, columns, table)
    remarks: list[str] = []
    if any(cell != "" for row in rows[:at] for cell in row):
        remarks.append(f"The heading was found in row {at + 1}; what stands above it is left out.")
    names = column_names([text_of(cell) for cell in rows[at]], subject)
    del rows[: at + 1]
    cells: list[Any] = list(zip(*rows, strict=True)) or [() for _ in names]
    del rows
    errors = _look_again(cells, part, at + 1)
    kept = _kept_rows(cells)
    series = []
    for column in cells:
        values = column if kept is None else [column[row] for row in kept]
        series.append(_series(values))
    named = named_columns(names, series, subject, remarks)
    read = convert_table(named, columns, table)
    read.messages[:0] = remark_messages(remarks, table) + [
        ValidationMessage(ValidationSeverity.WARNING, text, table, names[column], None, "error_cells")
        for column, text in errors.items()
        if column < len(names)
    ]
    read.rows = FileRows(at + 2, None if kept is None else np.array(kept))
    return read


def _look_again(cells: list[Any], part: SheetPart | None, first_row: int) -> dict[int, str]:
    """Put right, in place, the cells that the library cannot tell apart or has changed; tell of errors by column."""
    errors: dict[int, list[tuple[int, str]]] = {}
    if part is None or not (part.has_doubtful_kinds or any(map(_may_be_changed, cells))):
        return {}
    cells[:] = map(list, cells)
    for (row, column), value in part.doubtful_cells().items():
        if row < first_row or column >= len(cells) or row - first_row >= len(cells[column]):
            continue
        if isinstance(value, ErrorCell):
            errors.setdefault(column, []).append((row + 1, value.text))
            cells[column][row - first_row] = None
        else:
            cells[column][row - first_row] = value.better(cells[column][row - first_row])
    return {
        column: f"{len(found):,} {'cell holds' if len(found) == 1 else 'cells hold'} an error of the workbook, such as "
        f"{found[0][1]} in row {found[0][0]}: taken as missing."
        for column, found in errors.items()
    }


def _may_be_changed(column: Sequence[Any]) -> bool:
    """Tell whether a column has times of day, which may be days before 1900, or numbers that may be rounded."""
    kinds = set(map(type, column))
    floats = column if kinds == {float} else [cell for cell in column if type(cell) is float]
    largest = max(max(floats), -min(floats)) if floats else 0.0
    return time in kinds or largest >= EXACT_IN_FLOAT


def _kept_rows(cells: Sequence[Sequence[Any]]) -> list[int] | None:
    """Return which rows hold anything, or None when all do."""
    blank = [row for row, cell in enumerate(cells[0]) if cell == ""] if cells else []
    for column in cells[1:]:
        blank = [row for row in blank if column[row] == ""]
    if not blank:
        return None
    left_out = set(blank)
    return [row for row in range(len(cells[0])) if row not in left_out]


def _series(values: Sequence[Any]) -> pd.Series:
    """Return a column of the type its cells have; blank ones are missing."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if "" in values:
        values = [None if value == "" else value for value in values]
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {date}:
        return pd.Series(pa.array(values, pa.date32()).cast(pa.timestamp("us")).to_numpy(zero_copy_only=False))
    if kinds and kinds <= {date, datetime}:
        times = [value and datetime.combine(value, _clock(value)) for value in values]
        return pd.Series(pa.array(times, pa.timestamp("us")).to_numpy(zero_copy_only=False))
    # Every number is a float in a workbook: the 12 a person typed is no 12.0.
    if kinds == {float}:
        numbers = pa.array(values, "double")
        whole = pc.and_(pc.equal(numbers, pc.trunc(numbers)), pc.less(pc.abs(numbers), float(EXACT_IN_FLOAT)))
        if pc.all(whole).as_py():
            return pd.Series(nullable_integers(pa.chunked_array([numbers.cast("int64")])))
        return pd.Series(numbers.to_numpy(zero_copy_only=False))
    if float in kinds:
        values = [int(v) if type(v) is float and v.is_integer() and abs(v) < EXACT_IN_FLOAT else v for v in values]
    return pd.Series(natural_values(values), copy=False)


def _clock(day: date) -> time:
    return day.time() if isinstance(day, datetime) else time.min


def _open(source: bytes | str) -> IO[bytes]:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")
