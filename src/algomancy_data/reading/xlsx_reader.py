"""Reading workbooks, without trusting what they say of their own size."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from algomancy_data.cells.conversion import ReadTable, convert_table
from algomancy_data.file import ExtractionError
from algomancy_data.reading.limits import ReadLimits
from algomancy_data.reading.offload import within_memory
from algomancy_data.schema import Column
from algomancy_utils.errors import TooLargeError

_MAX_PARTS = 10_000
_WHOLE_PART_SHARE = 16
"""Which part of all that may be inflated a single part may be that is read whole: its tree takes 25 times its bytes."""

_MEMORY_SHARE = 4
"""How often all that may be inflated the worker may take in memory: an honest workbook takes up to three times that."""

_SMALLEST_BOUND = 1 << 20
_READ_BYTES = 1 << 16
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The only compressions of a workbook; others of a zip file inflate without a bound."""

_STREAMED = ("xl/worksheets/", "xl/sharedstrings")
"""Where the parts are that are not read whole; the archive watches over those that merely say so."""


class BoundedArchive(zipfile.ZipFile):
    """A workbook's parts, of which none can be read whole that is large, whatever the directory says of its size.

    Args:
        stream: The workbook.
        limits: How much may be read.
        subject: The file, as messages name it.
    """

    def __init__(self, stream: IO[bytes], limits: ReadLimits, subject: str) -> None:
        super().__init__(stream)
        self._largest = _largest_part(limits)
        self._subject = subject

    def open(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the class above has it
        """Open a part."""
        part = super().open(*args, **kwargs)
        read_some = part.read

        def read(size: int | None = -1) -> bytes:
            if size is not None and size >= 0:
                return read_some(size)
            # In pieces: asked for all, the library inflates all, and compares it with the directory afterwards.
            pieces, length = [], 0
            while piece := read_some(_READ_BYTES):
                pieces.append(piece)
                length += len(piece)
                if length > self._largest:
                    raise _too_large_part(self._subject, self._largest)
            return b"".join(pieces)

        part.read = read  # type: ignore[method-assign]
        return part


def inflated_size(source: bytes | str, subject: str, limits: ReadLimits) -> int:
    """Return how many bytes a workbook inflates to, as its directory tells; inflating never yields more than that.

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
    largest = _largest_part(limits)
    for part in parts:
        if part.file_size > largest and not part.filename.lower().startswith(_STREAMED):
            raise _too_large_part(subject, largest)
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
    from openpyxl.reader.excel import ExcelReader

    inflated_size(source, subject, limits)
    tables: dict[str, ReadTable | None] = {}
    with _open(source) as stream, warnings.catch_warnings():
        # The library warns of what it leaves out, such as styles and drop-down lists; none of it is data.
        warnings.simplefilter("ignore")
        try:
            reader = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
            reader.archive = BoundedArchive(stream, limits, subject)
            reader.read()
            workbook = reader.wb
            for table, (sheet, columns) in sheets.items():
                names = [each.title for each in workbook.worksheets]
                title = sheet if isinstance(sheet, str) else names[sheet] if -1 < sheet < len(names) else None
                if title not in names or title is None:
                    tables[table] = None
                    continue
                tables[table] = _read_sheet(workbook[title], columns, table, f"{subject}, sheet '{title}'", limits)
            workbook.close()
        except (ExtractionError, TooLargeError):
            raise
        except MemoryError:
            raise TooLargeError(f"{subject} is too large.") from None
        # What a damaged workbook makes the library raise is anybody's guess.
        except Exception as error:
            if isinstance(error.__cause__, TooLargeError):
                raise error.__cause__ from None
            raise ExtractionError(f"{subject} is not an xlsx workbook, or a damaged one.") from None
    return tables


def read_xlsx_tables_within_memory(
    source: bytes | str,
    sheets: Mapping[str, tuple[str | int, Sequence[Column]]],
    subject: str,
    limits: ReadLimits,
) -> dict[str, ReadTable | None]:
    """Do what `read_xlsx_tables` does, in the worker process, and refuse what takes much more memory than it should.

    A row, or a text, of millions of empty elements is kept whole until its end comes, at 25 times its bytes.
    """
    import openpyxl  # noqa: F401 - what is imported does not count
    import pandas as pd  # noqa: F401

    try:
        return within_memory(
            _MEMORY_SHARE * limits.max_inflated_bytes, read_xlsx_tables, source, sheets, subject, limits
        )
    except MemoryError:
        raise TooLargeError(f"{subject} is too large.") from None


def _read_sheet(sheet: Any, columns: Sequence[Column], table: str, subject: str, limits: ReadLimits) -> ReadTable:  # noqa: ANN401
    import pandas as pd

    names: list[str] = []
    cells: list[list[Any]] = []
    rows = 0
    for row in _rows(sheet, subject, limits):
        if not names:
            names = _heading(row, subject, limits)
            cells = [[] for _ in names]
            continue
        if len(row) > len(names):
            raise ExtractionError(f"{subject}: column {len(row)} has values but no heading.")
        rows += 1
        limits.check_shape(rows, len(names), subject, filled_up=True)
        for values, value in zip(cells, row, strict=False):
            values.append(value)
        for values in cells[len(row) :]:
            values.append(None)
    types = {column.name for column in columns}
    series = {}
    for name, values in zip(names, cells, strict=True):
        column = pd.Series(values, dtype=object)
        series[name] = column if name in types else column.infer_objects()
    return convert_table(series, columns, table)


def _rows(sheet: Any, subject: str, limits: ReadLimits) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - openpyxl's
    """Yield the rows that hold anything, each without the blank cells at its end."""
    # Without this the sheet's own word on its size would be taken, and rows filled up to it.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number > limits.max_rows:
            raise TooLargeError(f"{subject} is too large: at most {limits.max_rows:,} rows are allowed.")
        width = len(row)
        while width and (row[width - 1] is None or row[width - 1] == ""):
            width -= 1
        if width:
            yield row[:width]


def _heading(row: tuple[Any, ...], subject: str, limits: ReadLimits) -> list[str]:
    limits.check_shape(0, len(row), subject)
    names: list[str] = []
    for position, value in enumerate(row):
        name = "" if value is None else str(value).strip()
        if not name:
            raise ExtractionError(f"{subject}: column {position + 1} has no heading.")
        names.append(name)
    if len(set(names)) < len(names):
        twin = next(name for name in names if names.count(name) > 1)
        raise ExtractionError(f"{subject} has more than one column named '{twin[:100]}'.")
    return names


def _largest_part(limits: ReadLimits) -> int:
    return max(_SMALLEST_BOUND, limits.max_inflated_bytes // _WHOLE_PART_SHARE)


def _too_large_part(subject: str, largest: int) -> TooLargeError:
    return TooLargeError(f"{subject} is too large: one of its parts inflates to more than {largest:,} bytes.")


def _open(source: bytes | str) -> IO[bytes]:
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")
