"""Reading csv files of any size: in chunks, so that memory and the time without a turn for others stay bounded."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.conversion import ReadTable, conversion_messages, convert, has_lost_digits
from algomancy_data.cells.values import MISSING_TEXTS, Converted
from algomancy_data.file import ExtractionError, File
from algomancy_data.schema import Column, DataType
from algomancy_utils.errors import TooLargeError

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (";", ",", "\t", "|")
"""The separators looked for when none is told."""

_CHUNK_ROWS = 60_000
_CHUNK_CELLS = 1_000_000
_SCAN_BYTES = 1 << 20
_HEAD_BYTES = 4 << 20
"""How long heading and first row may be together."""
_USUAL_HEAD_BYTES = 1 << 16
_ENOUGH_LINES = 4

_NUMERIC = (DataType.INTEGER, DataType.FLOAT)


def read_csv_table(file: File, columns: Sequence[Column], table: str, separator: str | None) -> ReadTable:
    """Read a csv file: UTF-8 with or without byte order mark, a heading row, quotes as usual.

    Args:
        file: The file.
        columns: The schema's columns. Others are kept with the types pandas finds.
        table: The name of the table, for messages.
        separator: What separates cells; None takes the one whose heading has most of the schema's columns.

    Raises:
        ExtractionError: The file is no csv file; the message says why.
        TooLargeError: It has more rows, columns or cells than its limits allow.
    """
    head, complete = _read_head(file)
    if separator is None:
        separator = _find_separator(head, {column.name for column in columns})
    names = _heading(head, complete, separator, file)
    file.limits.check_shape(0, len(names), file.subject)
    types = {column.name: column.dtype for column in columns}
    as_text: set[str] = set()
    while True:
        reading = _Reading(file, names, types, separator, as_text)
        if not reading.run():
            return ReadTable(*reading.result(table))
        as_text |= reading.inexact


class _Reading:
    """One pass over the file.

    Numbers are converted chunk by chunk. Every other column of the schema is read as categories (each distinct text
    once) and converted at the end, when all of it is known: how dates are written shows in the whole column.
    """

    def __init__(
        self, file: File, names: list[str], types: dict[str, DataType], separator: str, as_text: set[str]
    ) -> None:
        self._file = file
        self._names = names
        self._types = types
        self._separator = separator
        self._as_text = as_text
        self._rows = 0
        self._parts: dict[str, list[Any]] = {name: [] for name in names}
        self._unreadable: dict[str, Converted] = {}
        self.inexact: set[str] = set()

    def run(self) -> bool:
        """Read all chunks; tell whether columns turned out `inexact`, so that they must be read again as text."""
        may_be_ragged = False
        with self._file.open() as stream:
            size = stream.seek(0, io.SEEK_END)
        for chunk in self._chunks():
            if (self._rows + len(chunk)) * len(self._names) > size:
                # Every cell takes a byte at least, so that rows have been filled up, maybe to thousands of columns.
                _refuse_short_rows(self._file, self._separator, len(self._names), self._rows + len(chunk))
            may_be_ragged |= bool(chunk.iloc[:, -1].isna().any())
            for name in self._names:
                self._take(name, chunk[name])
            self._rows += len(chunk)
            self._file.limits.check_shape(self._rows, len(self._names), self._file.subject)
        # The parser fills short rows up; what it cannot do is give the last cell of one a value.
        if may_be_ragged and len(self._names) > 1:
            _refuse_short_rows(self._file, self._separator, len(self._names), self._rows)
        return bool(self.inexact)

    def result(self, table: str) -> tuple[pd.DataFrame, list[Any]]:
        """Return the table and what could not be converted."""
        import pandas as pd

        data, messages = {}, []
        for name in self._names:
            # Parts are given up as they are joined, so that there are never two copies of the whole table.
            dtype = self._types.get(name)
            joined = _joined(self._parts.pop(name), dtype)
            if dtype in _NUMERIC:
                converted = self._unreadable.get(name, Converted(None))
            elif dtype is not None and not _is_as_wanted(joined, dtype):
                converted = convert(pd.Series(joined, copy=False), dtype)
                joined = converted.array
            else:
                converted = Converted(None)
            messages += conversion_messages(converted, table, name)
            data[name] = joined
        return pd.DataFrame(data, columns=pd.Index(self._names, dtype="str"), copy=False), messages

    def _take(self, name: str, series: pd.Series) -> None:
        dtype = self._types.get(name)
        if dtype not in _NUMERIC or dtype is None:
            if dtype is None and name not in self._as_text and _has_huge_numbers(series):
                self.inexact.add(name)
            self._parts[name].append(series.array)
            return
        if dtype is DataType.INTEGER and has_lost_digits(series):
            self.inexact.add(name)
        converted = convert(series, dtype)
        self._parts[name].append(converted.array)
        if converted.unreadable:
            known = self._unreadable.setdefault(name, Converted(None, {}, converted.problem))
            known.unreadable |= {self._rows + row: value for row, value in converted.unreadable.items()}

    def _chunks(self) -> Iterator[pd.DataFrame]:
        import pandas as pd

        kinds = {name: self._kind(name) for name in self._names}
        with self._file.open() as stream:
            # A path spares the parser the detour of decoding and encoding all of it.
            source = stream if self._file.content is not None else str(self._file.path)
            try:
                with pd.read_csv(
                    source,
                    sep=self._separator,
                    header=0,
                    names=self._names,
                    index_col=False,
                    dtype={name: kind for name, kind in kinds.items() if kind},
                    keep_default_na=False,
                    na_values={name: _missing_texts(kind) for name, kind in kinds.items()},
                    engine="c",
                    encoding="utf-8",
                    compression=None,
                    low_memory=False,
                    chunksize=max(1, min(_CHUNK_ROWS, _CHUNK_CELLS // len(self._names))),
                ) as reader:
                    yield from reader
            except UnicodeDecodeError:
                raise ExtractionError(f"{self._file.subject} is not UTF-8 text.") from None
            except (pd.errors.ParserError, csv.Error) as error:
                raise ExtractionError(f"{self._file.subject} cannot be read: {_reason(error)}.") from None

    def _kind(self, name: str) -> str | None:
        dtype = self._types.get(name)
        if name in self._as_text or dtype is DataType.STRING:
            return "str"
        return None if dtype is None or dtype in _NUMERIC else "category"


def _is_as_wanted(array: Any, dtype: DataType) -> bool:  # noqa: ANN401 - an array of numpy or pandas
    """Tell whether the parser made of a column what is wanted: text, in which it found no empty one."""
    import pandas as pd

    return dtype is DataType.STRING and array.dtype == pd.StringDtype(na_value=float("nan"))


def _has_huge_numbers(series: pd.Series) -> bool:
    """Tell whether the parser met numbers of more bits than a column holds: no column in JSON does, but one of text.

    It gives them as Python integers, or as text in which missing cells are empty ones.
    """
    if series.dtype == object:
        return any(type(value) is int for value in series)
    return series.dtype == "str" and bool((series == "").any())


def _missing_texts(kind: str | None) -> list[str]:
    # Text keeps what it says; numbers are not to become text for an "NA"; the rest looks at each category itself.
    return [""] if kind else ["", *MISSING_TEXTS]


def _joined(parts: list[Any], dtype: DataType | None) -> Any:  # noqa: ANN401 - an array of numpy or pandas
    import pandas as pd

    if len(parts) == 1:
        return parts[0]
    if not parts:
        return convert(pd.Series([], dtype=object), dtype or DataType.STRING).array
    if isinstance(parts[0].dtype, pd.CategoricalDtype):
        # Where all of a part is missing pandas knows no text, and finds the categories of other parts different.
        texts = [part.rename_categories(part.categories.astype("str")) for part in parts]
        return pd.api.types.union_categoricals(texts)
    return pd.concat([pd.Series(part, copy=False) for part in parts], ignore_index=True).array


def _read_head(file: File) -> tuple[str, bool]:
    """Return the start of the text, with two records if they are not too long, and whether that is all of it."""
    wanted = _USUAL_HEAD_BYTES
    with file.open() as stream:
        head = stream.read(wanted)
        lines = [line for line in head.split(b"\n") if line.strip()]
        if len(lines) < _ENOUGH_LINES or b'"' in head:  # Within quotes a line may end.
            wanted = _HEAD_BYTES
            head += stream.read(wanted - len(head))
    complete = len(head) < wanted
    try:
        # The head may end within a character, which an incremental decoder leaves out.
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=complete), complete
    except UnicodeDecodeError:
        raise ExtractionError(f"{file.subject} is not UTF-8 text.") from None


def _records(head: str, separator: str) -> Iterator[list[str]]:
    return (record for record in csv.reader(io.StringIO(head, newline=""), delimiter=separator) if record)


def _heading(head: str, complete: bool, separator: str, file: File) -> list[str]:
    """Return the names of the columns, having looked at the first row as well."""
    try:
        records = _records(head, separator)
        names = [name.strip() for name in next(records, [])]
        first = next(records, [])
        whole = complete or next(records, None) is not None
    except csv.Error as error:
        raise ExtractionError(f"{file.subject} cannot be read: {_reason(error)}.") from None
    if not whole:
        raise TooLargeError(f"{file.subject} is too large: its first rows are longer than {_HEAD_BYTES:,} bytes.")
    if not names:
        raise ExtractionError(f"{file.subject} is empty.")
    seen: set[str] = set()
    for position, name in enumerate(names):
        if not name:
            raise ExtractionError(f"{file.subject}: column {position + 1} has no heading.")
        if name in seen:
            raise ExtractionError(f"{file.subject} has more than one column named '{name[:100]}'.")
        seen.add(name)
    # Of all rows the parser takes this one's excess in silence.
    if len(first) > len(names):
        raise ExtractionError(_ragged(file, 0, len(first), len(names)))
    return names


def _find_separator(head: str, wanted: set[str]) -> str:
    def known(separator: str) -> tuple[int, int]:
        try:
            names = [name.strip() for name in next(_records(head, separator), [])]
        except csv.Error:
            return 0, 0
        return len(wanted.intersection(names)), len(names)

    return max(SEPARATORS, key=known)


def _refuse_short_rows(file: File, separator: str, width: int, rows: int) -> None:
    """Refuse rows of fewer cells than the heading.

    Without quotes every separator separates, and counting them is enough; with quotes the rows must be gone through.
    """
    sought, separators, quotes = separator.encode(), 0, 0
    with file.open() as stream:
        while block := stream.read(_SCAN_BYTES):
            separators += block.count(sought)
            quotes += block.count(b'"')
    if not quotes and separators == (width - 1) * (rows + 1):
        return
    with file.open() as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        row = -1
        try:
            for record in csv.reader(text, delimiter=separator):
                # As the parser does, pass over blank lines.
                if len(record) > 1 or "".join(record).strip():
                    if len(record) != width:
                        raise ExtractionError(_ragged(file, row, len(record), width))
                    row += 1
        except csv.Error as error:
            raise ExtractionError(f"{file.subject} cannot be read: {_reason(error)}.") from None


def _ragged(file: File, row: int, cells: int, width: int) -> str:
    return f"{file.subject}: row {row} has {cells} cells where the heading has {width}."


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return text.removeprefix("Error tokenizing data. C error: ").replace("\n", " ")
