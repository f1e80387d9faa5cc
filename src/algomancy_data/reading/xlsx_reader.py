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
from algomancy_data.reading.sheet_cells import DOUBTFUL_KINDS, NO_RESULT, ErrorCell, SheetPart, sheet_parts
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
_LONGEST_MARK = 40
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The only compressions of a workbook; others of a zip file inflate without a bound."""

_OLDER = bytes.fromhex("d0cf11e0a1b11ae1")
"""What xls files begin with, and workbooks with a password."""

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
        with _open(source) as stream:
            older = stream.read(len(_OLDER)) == _OLDER
        advice = ": it is of an older kind, or has a password. Save it as xlsx, without one" if older else ""
        raise ExtractionError(f"{subject} is not an xlsx workbook{advice}.") from None
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
) -> dict[str, ReadTable]:
    """Read sheets of a workbook. The first row of each is its heading; rows without any value are left out.

    To be run in the worker process: the library may end the process that it runs in.

    Args:
        source: The workbook, or the path of it.
        sheets: The sheet, by name or by number from 0, and the schema's columns, by the table's name. Numbers do not
            count hidden sheets, unless all are.
        subject: The file, as messages name it.
        limits: How much may be read.

    Returns:
        The tables by name.

    Raises:
        ExtractionError: It is no workbook, has no such sheet, or a sheet is no table.
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
) -> dict[str, ReadTable]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    tables: dict[str, ReadTable] = {}
    try:
        with _open(source) as stream, zipfile.ZipFile(stream) as archive:
            parts = sheet_parts(archive, _inflate_each(archive))
            given = io.BytesIO(source) if isinstance(source, bytes) else source
            workbook: CalamineWorkbook = CalamineWorkbook.from_object(given)
            known = [each for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
            names = [each.name for each in known]
            seen = [each.name for each in known if each.visible == SheetVisibleEnum.Visible] or names
            wanted = {table: _name_of(sheet, names, seen, subject) for table, (sheet, _) in sheets.items()}
            left_out = [f"'{name}'" for name in names if name not in wanted.values()]
            for table, (_, columns) in sheets.items():
                place = f"{subject}, sheet '{wanted[table]}'"
                found = workbook.get_sheet_by_name(wanted[table])
                last_row, last_column = found.end or (0, -1)
                limits.check_shape(last_row, last_column + 1, place, filled_up=True)
                rows, merged = found.to_python(skip_empty_area=False), found.merged_cell_ranges or []
                del found
                tables[table] = _read_sheet(rows, merged, parts.get(wanted[table]), columns, table, place)
                if left_out:
                    remark = f"Sheets that are left out: {', '.join(left_out[:10])}."
                    tables[table].messages[:0] = remark_messages([remark], table)
                    left_out = []
    except (ExtractionError, TooLargeError, MemoryError, KeyboardInterrupt):
        raise
    # What a damaged workbook makes the libraries raise is anybody's guess, a panic of Rust's included.
    except BaseException:
        raise ExtractionError(f"{subject} is not an xlsx workbook, or a damaged one.") from None
    return tables


def _name_of(sheet: str | int, names: list[str], seen: list[str], subject: str) -> str:
    if sheet in names:
        return str(sheet)
    if isinstance(sheet, int) and -len(seen) <= sheet < len(seen):
        return seen[sheet]
    named, known = f"'{sheet}'" if isinstance(sheet, str) else f"number {sheet}", "', '".join(names[:10])
    raise ExtractionError(f"{subject} has no sheet {named}; it has '{known}'.")


def _inflate_each(archive: zipfile.ZipFile) -> set[str]:
    """Inflate every part once, some at a time: the directory must be right about its size and checksum.

    Returns:
        The parts in which cells may be errors, formulas without results, or times in ISO format.
    """
    doubtful = set()
    double, single = DOUBTFUL_KINDS
    for part in archive.infolist():
        before, marks = b"", [*double]
        with archive.open(part) as stream:
            while block := stream.read(_READ_BYTES):
                if b"t='" in block[:_HEAD_BYTES]:
                    marks = [*double, *single]
                seam = before + block[:_LONGEST_MARK]
                if part.filename not in doubtful and (
                    any(mark in block or mark in seam for mark in marks)
                    or NO_RESULT.search(block)
                    or NO_RESULT.search(seam)
                ):
                    doubtful.add(part.filename)
                before = block[-_LONGEST_MARK:]
    return doubtful


def _read_sheet(
    rows: list[list[Any]],
    merged: list[tuple[tuple[int, int], tuple[int, int]]],
    part: SheetPart | None,
    columns: Sequence[Column],
    table: str,
    subject: str,
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
    warnings = [
        (f"Of merged cells only the first has their value, such as the one in row {top + 1}: others are missing.", left)
        for (top, left), (bottom, _) in merged
        if bottom > at and left < len(names) and top < len(rows) and rows[top][left] != ""
    ][:1]
    del rows[: at + 1]
    cells: list[Any] = list(zip(*rows, strict=True)) or [() for _ in names]
    del rows
    warnings += _look_again(cells, part, at + 1)
    kept = _kept_rows(cells)
    series = []
    for column in cells:
        values = column if kept is None else [column[row] for row in kept]
        series.append(_series(values))
    named = named_columns(names, series, subject, remarks)
    read = convert_table(named, columns, table)
    read.messages[:0] = remark_messages(remarks, table) + [
        ValidationMessage(ValidationSeverity.WARNING, text, table, names[column], None, "error_cells")
        for text, column in warnings
        if column < len(names)
    ]
    read.rows = FileRows(at + 2, None if kept is None else np.array(kept))
    return read


def _look_again(cells: list[Any], part: SheetPart | None, first_row: int) -> list[tuple[str, int]]:
    """Put right, in place, cells that the library cannot tell apart or has changed; tell of errors, with columns."""
    errors: dict[tuple[int, bool], list[tuple[int, str]]] = {}
    if part is None or not (part.has_doubtful_kinds or any(map(_may_be_changed, cells))):
        return []
    cells[:] = map(list, cells)
    for (row, column), value in part.doubtful_cells().items():
        if row < first_row or column >= len(cells):
            continue
        if isinstance(value, ErrorCell):
            errors.setdefault((column, bool(value.text)), []).append((row + 1, value.text))
        if row - first_row < len(cells[column]):
            read = cells[column][row - first_row]
            cells[column][row - first_row] = None if isinstance(value, ErrorCell) else value.better(read)
    told = []
    for (column, is_error), found in errors.items():
        count = f"{len(found):,} {'cell holds' if len(found) == 1 else 'cells hold'}"
        row, text = found[0]
        if is_error:
            told.append((f"{count} an error of the workbook, such as {text} in row {row}: taken as missing.", column))
        else:
            text = f"{count} a formula without its result, such as the one in row {row}: taken as missing. "
            told.append((text + "Open the workbook in a spreadsheet program and save it.", column))
    return told


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
