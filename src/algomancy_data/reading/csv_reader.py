"""Reading csv files: every cell as text; what the texts mean is decided by whole columns afterwards."""

from __future__ import annotations

import codecs
import csv
import io
import re
import string
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from algomancy_data.cells.tables import FileRows, ReadTable, convert_table, remark_messages
from algomancy_data.file import UTF16_MARKS, ExtractionError, File, as_utf8
from algomancy_data.reading.heading import ROWS, column_names, find_heading, named_columns
from algomancy_data.reading.offload import give_back_freed_memory, let_arrow_give_back
from algomancy_data.schema import Column
from algomancy_utils.errors import TooLargeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

SEPARATORS = (";", ",", "\t", "|")
"""The separators looked for when none is told."""

_SCAN_BYTES = 1 << 20
_LONGEST_ROW_BYTES = 4 << 20
_USUAL_HEAD_BYTES = 1 << 16
_ENOUGH_LINES = 40
_SPARE_CELLS = 1 << 20
_SPARE_BYTES = 1 << 4

_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read_csv_table(file: File, columns: Sequence[Column], table: str, separator: str | None) -> ReadTable:
    """Read a csv file: UTF-8, or UTF-16 with its mark, a heading row, quotes as usual.

    Args:
        file: The file.
        columns: The schema's columns. Others are kept as they are.
        table: The name of the table, for messages.
        separator: What separates cells; None takes the one whose heading has most of the schema's columns.

    Raises:
        ExtractionError: The file is no csv file; the message says why.
        TooLargeError: It has more rows, columns or cells than its limits allow.
    """
    let_arrow_give_back()
    source = _Source(file)
    wanted = {column.name for column in columns}
    head = _Head(source, wanted, separator)
    file.limits.check_shape(0, head.width, file.subject)
    cells, rows = _read_cells(source, head)
    named = named_columns(head.names, cells, file.subject, source.remarks)
    del cells
    read = convert_table(named, columns, table)
    give_back_freed_memory(source.size)
    read.messages[:0] = remark_messages(source.remarks, table)
    read.rows = rows
    return read


class _Source:
    """The bytes of a file in UTF-8."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.size = file.source()[1]
        self.remarks: list[str] = []
        self._content: bytes | None = None
        with file.open() as stream:
            if stream.read(2) in UTF16_MARKS:
                self._content = as_utf8(file.read_bytes(), file.subject, self.remarks)
                self.size = len(self._content)

    def open(self, start: int = 0) -> IO[bytes]:
        stream = self.file.open() if self._content is None else io.BytesIO(self._content)
        stream.seek(start)
        return stream

    def arrow(self, start: int) -> Any:  # noqa: ANN401 - a file of Arrow's
        import pyarrow as pa

        with self.open(start) as below:
            if below.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
                # Arrow takes the first one for a mark of the encoding, but here it is a cell's.
                return pa.BufferReader(2 * codecs.BOM_UTF8 + below.read())
        if self._content is not None or self.file.is_in_memory:
            content = self.file.read_bytes() if self._content is None else self._content
            return pa.BufferReader(pa.py_buffer(content).slice(start))
        stream = pa.OSFile(str(self.file.path))
        stream.seek(start)
        return stream


class _Head:
    """What the first rows tell: the separator, where the heading is, and the names in it.

    Attributes:
        separator: What separates cells.
        names: The names of the columns, blank where there is none.
        width: How many cells each row has.
        start: Where the rows below the heading start, in bytes.
        row: Which row of the file the first row below the heading is, counted from 1.
    """

    def __init__(self, source: _Source, wanted: set[str], separator: str | None) -> None:
        file = source.file
        text, offset, complete = _read_head(source)
        if match := _SEPARATOR_LINE.match(text):
            separator, offset, text = match[1], offset + len(match[0]), text[match.end() :]
            source.remarks.append(f"The first line, which names the separator '{separator}', is no heading.")
        self.separator = separator or _find_separator(text, wanted)
        records = _records(text, self.separator, file)
        at = find_heading([cells for cells, _ in records[:ROWS]], wanted)
        if at is None:
            raise ExtractionError(f"{file.subject} is empty.")
        if not complete and not any(any(cells) for cells, _ in records[at + 1 : -1]):
            raise TooLargeError(
                f"{file.subject} is too large: its first rows are longer than {_LONGEST_ROW_BYTES:,} bytes."
            )
        if any(any(cells) for cells, _ in records[:at]):
            source.remarks.append(f"The heading was found in row {at + 1}; what stands above it is left out.")
        heading, end = records[at]
        self.names = column_names(heading, file.subject)
        self.start = offset + end
        self.row = at + 2
        self.width = len(heading)
        first = next((number for number in range(at + 1, len(records)) if any(records[number][0])), None)
        if first is not None:
            written = text.encode()[records[first - 1][1] : records[first][1]].decode()
            self._settle_width(file, records[first][0], first + 1, written)

    def _settle_width(self, file: File, first: list[str], row: int, written: str) -> None:
        """Rows may end with separators where the heading does not, and the other way round."""
        if len(first) != self.width:
            if len(first) < len(self.names) or any(first[self.width :]):
                unclosed = _has_open_quote(written, self.separator)
                raise _ragged(file, row, len(first), len(self.names), unclosed=unclosed)
            self.width = len(first)


def _read_head(source: _Source) -> tuple[str, int, bool]:
    """Return the start of the text, where it starts, and whether it is all of it."""
    wanted = _USUAL_HEAD_BYTES
    with source.open() as stream:
        head = stream.read(wanted)
        if len([line for line in head.split(b"\n") if line.strip()]) < _ENOUGH_LINES or b'"' in head:
            wanted = _LONGEST_ROW_BYTES
            head += stream.read(wanted - len(head))
    complete = len(head) < wanted
    mark = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    try:
        # The head may end within a character, which an incremental decoder leaves out.
        return codecs.getincrementaldecoder("utf-8")().decode(head[mark:], final=complete), mark, complete
    except UnicodeDecodeError:
        raise _not_utf8(source.file) from None


def _records(text: str, separator: str, file: File | None = None) -> list[tuple[list[str], int]]:
    """Return the first records, blank ones included, each with the count of bytes up to its end."""
    lines = io.StringIO(text, newline="")
    read = 0

    def counted() -> Iterator[str]:
        nonlocal read
        for line in lines:
            read += len(line.encode())
            yield line

    records: list[tuple[list[str], int]] = []
    try:
        for record in csv.reader(counted(), delimiter=separator):
            records.append((record, read))
            if len(records) > ROWS + 2 and any(any(cells) for cells, _ in records[-2:]):
                break
    except csv.Error as error:
        too_large = "field larger" in str(error)
        if file is None or (too_large and records):
            return records  # What follows is for the parser, which takes larger cells.
        if too_large:
            allowed = f"at most {csv.field_size_limit():,} characters are allowed"
            raise TooLargeError(f"{file.subject} is too large: in a cell of its first rows {allowed}.") from None
        raise ExtractionError(f"{file.subject} cannot be read: {error}.") from None
    return records


def _find_separator(text: str, wanted: set[str]) -> str:
    def known(separator: str) -> tuple[int, int]:
        rows = [cells for cells, _ in _records(text, separator)[:ROWS]]
        at = find_heading(rows, wanted)
        names = [] if at is None else [name.strip() for name in rows[at]]
        return len(wanted.intersection(names)), len(names)

    return max(SEPARATORS, key=known)


def _count(source: _Source, start: int) -> tuple[int, int]:
    """Return how many line feeds and quotes there are from `start` on."""
    import numpy as np

    lines = quotes = 0
    with source.open(start) as stream:
        while block := stream.read(_SCAN_BYTES):
            # Where a byte is frequent numpy counts it ten times as fast as `bytes.count`, and else that is the faster.
            lines += int(np.count_nonzero(np.frombuffer(block, "uint8") == ord("\n")))
            quotes += block.count(b'"')
    return lines, quotes


def _read_cells(source: _Source, head: _Head) -> tuple[list[pd.Series], FileRows]:
    """Return the columns as text, without the rows that are blank, and where the rows were."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    names = [str(number) for number in range(head.width)]
    size = source.size - head.start
    if not size:
        return [pd.Series([], dtype="str") for _ in names], FileRows(head.row)
    lines, quotes = _count(source, head.start)
    # Blank lines are rows, to be counted; but not where a few bytes would make millions of cells.
    blank_lines = lines * head.width > size + _SPARE_CELLS
    skipped: list[int] = []
    table = _parse(source, head, names, size, skipped, quoted=quotes > 0, ignore_blank_lines=blank_lines)
    source.file.limits.check_shape(table.num_rows, head.width, source.file.subject)
    # What the parser worked with is as much again, and what follows needs memory of its own.
    give_back_freed_memory(source.size)
    if quotes % 2:
        _refuse_open_quote(source, table)
    columns = [table.column(number) for number in range(head.width)]
    places = None
    if skipped:
        places = np.delete(np.arange(table.num_rows + len(skipped)), np.array(skipped) - 1)
    del table
    kept = _kept_rows(columns)
    if kept is not None:
        columns = [column.take(pa.array(kept)) for column in columns]
        places = kept if places is None else places[kept]
    series = []
    while columns:
        series.append(pd.Series(pd.array(columns.pop(0), dtype="str")))
    return series, FileRows(head.row, places)


def _kept_rows(columns: list[pa.ChunkedArray]) -> np.ndarray[Any, Any] | None:
    """Return which rows hold anything, or None when all do."""
    import pyarrow.compute as pc

    if any(not column.null_count for column in columns):
        return None
    blank = pc.is_null(columns[0])
    for column in columns[1:]:
        blank = pc.and_(blank, pc.is_null(column))
    if not pc.any(blank).as_py():
        return None
    kept: np.ndarray[Any, Any] = pc.indices_nonzero(pc.invert(blank)).to_numpy()
    return kept


def _parse(
    source: _Source,
    head: _Head,
    names: list[str],
    size: int,
    skipped: list[int],
    *,
    quoted: bool,
    ignore_blank_lines: bool,
) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    blank = head.separator + string.whitespace
    ragged: list[ExtractionError] = []

    def attempt(*, in_order: bool) -> pa.Table:
        def invalid(row: arrow_csv.InvalidRow) -> str:
            # The number of a row is known only when they are read in order.
            if in_order and not row.text.strip(blank):
                skipped.append(row.number)
                return "skip"
            if in_order:
                number = head.row - 1 + row.number
                unclosed = _has_open_quote(row.text, head.separator)
                ragged.append(_ragged(source.file, number, row.actual_columns, len(head.names), unclosed=unclosed))
            return "error"

        return arrow_csv.read_csv(
            source.arrow(head.start),
            arrow_csv.ReadOptions(
                column_names=names, use_threads=not in_order, block_size=min(_LONGEST_ROW_BYTES, size + _SPARE_BYTES)
            ),
            arrow_csv.ParseOptions(
                delimiter=head.separator,
                newlines_in_values=quoted,
                ignore_empty_lines=ignore_blank_lines,
                invalid_row_handler=invalid,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )

    try:
        try:
            return attempt(in_order=False)
        except pa.ArrowInvalid as error:
            if "columns, got" not in str(error):
                raise
            return attempt(in_order=True)
    except pa.ArrowInvalid as error:
        reason = str(error)
        if ragged:
            raise ragged[0] from None
        if "UTF8" in reason:
            raise _not_utf8(source.file) from None
        if "straddling" in reason:
            raise TooLargeError(
                f"{source.file.subject} is too large: a row is longer than {_LONGEST_ROW_BYTES:,} bytes."
            ) from None
        if "Empty CSV" in reason:
            return pa.table({name: pa.array([], pa.large_string()) for name in names})
        raise ExtractionError(f"{source.file.subject} cannot be read as a csv file.") from None


def _refuse_open_quote(source: _Source, table: pa.Table) -> None:
    """Refuse a file whose last cell begins with a quote that nothing closes, and so holds all that follows."""
    for column in table.columns[::-1]:
        last = column[-1].as_py() if table.num_rows else None
        if last is not None:
            tail = b'"' + last.replace('"', '""').encode()
            with source.open() as stream:
                stream.seek(-min(len(tail), stream.seek(0, io.SEEK_END)), io.SEEK_END)
                if stream.read() == tail:
                    raise ExtractionError(f"{source.file.subject} cannot be read: a quote is opened and never closed.")
            return


def _has_open_quote(row: str, separator: str) -> bool:
    """Tell whether a quote begins a cell that no quote ends; one within a cell, as in `5" pipe`, is a sign like any."""
    try:
        list(csv.reader(io.StringIO(row, newline=""), delimiter=separator, strict=True))
    except csv.Error:  # It also refuses long cells.
        return row.count('"') % 2 > 0
    return False


def _ragged(file: File, row: int, cells: int, width: int, *, unclosed: bool) -> ExtractionError:
    advice = (
        "a text that holds the separator needs quotes" if cells > width else "an empty cell needs its separator, too"
    )
    if unclosed:
        advice = "a quote in it is opened and never closed"
    found = "1 cell" if cells == 1 else f"{cells} cells"
    return ExtractionError(f"{file.subject}: row {row} has {found} where the heading has {width}; {advice}.")


def _not_utf8(file: File) -> ExtractionError:
    return ExtractionError(f"{file.subject} is not UTF-8 text. Save it as 'CSV UTF-8'.")
