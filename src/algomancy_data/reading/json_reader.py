"""Reading tables from JSON documents: some thousand records at a time, which fit a processor's caches."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from algomancy_data.cells.tables import (
    FileRows,
    ReadTable,
    convert_table,
    natural_values,
    of_arrow,
    plain_columns,
    remark_messages,
)
from algomancy_data.encoding import (
    MAX_DEPTH,
    SLICE_ROWS,
    alike_columns,
    decode_json,
    is_deeper_than,
    row_type,
    without_nan,
)
from algomancy_data.file import ExtractionError, File, ReadLimits, as_utf8
from algomancy_data.reading.offload import WorkerDiedError, give_back_freed_memory, run_by_size
from algomancy_data.schema import Column, DataType
from algomancy_data.validation import ValidationMessage, ValidationSeverity

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ResultT = TypeVar("ResultT")

_Scalar: Any = None | bool | int | float | str
_NO_LIST = "must hold a list of records, or an object with exactly one list of them"


def read_json_table(file: File, columns: Sequence[Column], table: str) -> ReadTable:
    """Read a table from a list of records; from one such list in an object, one object, or an object on each line.

    Args:
        file: The file.
        columns: The schema's columns. Others are kept as they are.
        table: The name of the table.

    Raises:
        ExtractionError: The document is no JSON, or no list of records.
        TooLargeError: There are more rows, columns or cells than allowed.
    """
    return _read_apart(file, _read_records, plain_columns(columns), table)


def read_json_tables(
    file: File, groups: Mapping[str, tuple[str, Sequence[str], Sequence[Column]]]
) -> dict[str, ReadTable]:
    """Read several tables from one document.

    Args:
        file: The file.
        groups: The name of each table's group, where its rows are within a record, as keys from the outside in, and its
            columns, by the table's name.

    Raises:
        ExtractionError: The document is no JSON, has no records, or holds something else where a table should be.
        TooLargeError: There are more rows, columns or cells than allowed.
    """
    return _read_apart(file, _read_groups, groups)


def _read_apart(file: File, read: Callable[..., ResultT], *args: object) -> ResultT:
    source, size = file.source()
    try:
        return run_by_size(size, read, source, *args, file.subject, file.limits)
    except WorkerDiedError:
        raise ExtractionError(f"{file.subject} cannot be read: it needs more memory than there is.") from None
    finally:
        give_back_freed_memory(size)


def _read_records(
    content: bytes | str, columns: Sequence[Column], table: str, subject: str, limits: ReadLimits
) -> ReadTable:
    remarks: list[str] = []
    text = as_utf8(content, subject, remarks)
    records = _records(text, columns, subject, remarks)
    members = _Members(len(records), columns, subject, limits)
    alike = _alike_decoder(records[0]) if records else None
    decode = msgspec.json.Decoder(list[Any]).decode
    for first in range(0, len(records), SLICE_ROWS):
        some = records[first : first + SLICE_ROWS]
        piece = b"[" + b",".join(some) + b"]"
        columns_read = alike(piece) if alike is not None else None
        if columns_read is not None and _members_in(piece) == len(some) * len(columns_read):
            members.add_columns(columns_read, len(some))
            continue
        try:
            rows = decode(piece)
        except (msgspec.DecodeError, RecursionError):
            raise _unreadable(text, subject) from None
        members.add(rows)
        if members.twin is None and _may_have_twins(piece, rows):
            members.twin = next(((first + at, name) for at, each in enumerate(some) for name in _twins(each)), None)
    del text, records
    read = _converted(members, columns, table)
    read.messages[:0] = remark_messages(remarks, table)
    return read


def _read_groups(
    content: bytes | str,
    groups: Mapping[str, tuple[str, Sequence[str], Sequence[Column]]],
    subject: str,
    limits: ReadLimits,
) -> dict[str, ReadTable]:
    remarks: list[str] = []
    text = as_utf8(content, subject, remarks)
    document = _parsed(text, Any, subject, remarks)
    twins = _twins(text) if _may_have_twins(text, document) else []
    several = isinstance(document, dict) and len(_lists(document)) > 1
    # What makes a table of its own is no column of another.
    elsewhere = {".".join(path) for _, path, _ in groups.values() if path}
    tables: dict[str, ReadTable] = {}
    for table, (name, path, columns) in groups.items():
        if several and isinstance(document.get(name), list):
            rows = document[name]
        elif path:
            rows = _follow([document] if several else _root(document, subject), path)
        else:
            rows = _root(document, subject)
        place = f"{subject}, '{'.'.join(path) or name}'"
        members = _Members(len(rows), columns, place, limits)
        for first in range(0, len(rows), SLICE_ROWS):
            members.add(rows[first : first + SLICE_ROWS])
        if twins and members.twin is None:
            members.twin = None, twins[0]
        tables[table] = _converted(members, columns, table, () if path else elsewhere)
        tables[table].messages[:0] = remark_messages(remarks, table)
    return tables


def root_records(content: bytes, subject: str) -> list[Any]:
    """Return the records of a document: the list that it is, or the one list among the members of its object.

    Raises:
        ExtractionError: There is no such list, or there are several.
    """
    return _root(_parsed(as_utf8(content, subject, []), Any, subject, []), subject)


def _root(document: object, subject: str) -> list[Any]:
    lists = [document] if isinstance(document, list) else _lists(document) if isinstance(document, dict) else []
    if len(lists) != 1:
        raise ExtractionError(f"{subject} {_NO_LIST}.")
    return lists[0]


def _lists(document: dict[str, Any]) -> list[list[Any]]:
    return [value for value in document.values() if isinstance(value, list)]


def _follow(level: list[Any], path: Sequence[str]) -> list[Any]:
    """Return the rows at the end of a path; a list on the way is gone through item by item."""
    for key in path:
        found = [item[key] for item in level if isinstance(item, dict) and item.get(key) is not None]
        level = [item for each in found for item in (each if isinstance(each, list) else [each])]
    return level


def _parsed(text: bytes, kind: Any, subject: str, remarks: list[str]) -> Any:  # noqa: ANN401 - a type, and one of it
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        raise ExtractionError(f"{subject} {_NO_LIST}.") from None
    except (msgspec.DecodeError, RecursionError):
        pass
    if (clean := without_nan(text)) != text:
        remarks.append("NaN is read as a missing value.")
        return _parsed(clean, kind, subject, remarks)
    try:
        lines = msgspec.json.Decoder(Any if kind is Any else msgspec.Raw).decode_lines(text)
    except (msgspec.DecodeError, RecursionError):
        lines = []
    if len(lines) < 2:
        raise _unreadable(text, subject)
    remarks.append("Each line is read as a record.")
    return lines


def _unreadable(text: bytes, subject: str) -> ExtractionError:
    """Say what keeps a text from being JSON, or JSON on each line."""
    lines = [(number, line) for number, line in enumerate(text.splitlines()) if line.strip()]
    if len(lines) > 1 and not _problem(lines[0][1]):
        # Behind as many line feeds as in the file, so that the line is told right.
        text = next((b"\n" * number + line for number, line in lines if _problem(line)), text)
    return ExtractionError(f"{subject} cannot be read. {_problem(text) or 'It holds a number that is too large.'}")


def _problem(text: bytes) -> str:
    try:
        decode_json(text)
    except ValueError as error:
        return str(error)
    return ""


def _records(text: bytes, columns: Sequence[Column], subject: str, remarks: list[str]) -> list[msgspec.Raw]:
    """Return the records of a document, not decoded yet."""
    document = _parsed(text, list[msgspec.Raw] | dict[str, msgspec.Raw], subject, remarks)
    if isinstance(document, list):
        return document
    lists = {name: found for name, value in document.items() if (found := _objects(value))}
    if len(lists) == 1:
        [(name, records)] = lists.items()
        remarks.append(f"The records are those at '{name[:100]}'.")
        return records
    if lists or not document.keys() & {column.name.partition(".")[0] for column in columns}:
        raise ExtractionError(f"{subject} {_NO_LIST}.")
    known = [document[each.name] for each in columns if each.name in document and each.dtype != DataType.INTERVAL]
    if known and all(bytes(value)[:1] in (b"[", b"{") for value in known):
        raise ExtractionError(
            f"{subject} holds a list or an object for each column: write one object for each row instead "
            "(in pandas: to_json(orient='records'))."
        )
    remarks.append("The document is one object: it is read as one record.")
    return [msgspec.Raw(msgspec.json.encode(document))]


def _objects(value: msgspec.Raw) -> list[msgspec.Raw]:
    """Return the items of a list of objects; nothing where a value is no such list."""
    if bytes(memoryview(value)[:1]) != b"[":
        return []
    items = msgspec.json.decode(value, type=list[msgspec.Raw])
    return items if all(bytes(memoryview(item)[:1]) == b"{" for item in items) else []


def _alike_decoder(record: msgspec.Raw) -> Callable[[bytes], dict[str, Sequence[Any]] | None] | None:
    """Return what decodes records to columns, in two thirds of the time, where all have the members of this one.

    It returns None for others, and where a member is a list or an object.
    """
    try:
        names = list(msgspec.json.decode(record, type=dict[str, _Scalar]))
    except (msgspec.DecodeError, RecursionError):
        return None
    row: Any = row_type(dict.fromkeys(names, _Scalar))
    if not names or row is None:
        return None
    decode: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[row]).decode
    cells = [attrgetter(field) for field in row.__struct_fields__]

    def columns(piece: bytes) -> dict[str, Sequence[Any]] | None:
        try:
            rows = decode(piece)
        except msgspec.DecodeError:
            return None
        return {name: list(map(cell, rows)) for name, cell in zip(names, cells, strict=True)}

    return columns


def _may_have_twins(text: bytes, decoded: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Tell whether an object in a text may have two members of one name, of which only the last was decoded."""
    count = _members_in(text)
    flat = type(decoded) is list and set(map(type, decoded)) == {dict} and sum(map(len, decoded)) == count
    return not flat and _members_in(msgspec.json.encode(decoded)) != count


def _members_in(text: bytes) -> int:
    """Return how many members the objects in a text have, if no text in it has a quote and a colon."""
    import numpy as np

    # Quotes are so frequent that numpy is several times as fast as `bytes.count`.
    each = np.frombuffer(text, "uint8")
    return int(np.count_nonzero((each[:-1] == ord('"')) & (each[1:] == ord(":"))))


def _twins(text: bytes | msgspec.Raw) -> list[str]:
    """Return the names that occur more than once in one object."""
    found: list[str] = []

    def note(members: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in members]
        found.extend(name for name in dict.fromkeys(names) if names.count(name) > 1)

    json.loads(bytes(text), object_pairs_hook=note, parse_int=str, parse_float=str)
    return found


class _Members:
    """The members of records by name, gathered some records at a time; objects become columns of their members.

    Attributes:
        twin: A record that has two members of one name, if that is known, and the name.
    """

    def __init__(self, count: int, columns: Sequence[Column], subject: str, limits: ReadLimits) -> None:
        limits.check_shape(count, 1, subject)
        self.twin: tuple[int | None, str] | None = None
        self._count, self._subject, self._limits = count, subject, limits
        self._wanted = {column.name for column in columns}
        self._pieces: dict[str, list[tuple[int, Any]]] = {} if count else {column.name: [] for column in columns}
        self._read = 0

    def add(self, records: list[Any]) -> None:
        """Add the next records."""
        for row, record in enumerate(records, self._read) if set(map(type, records)) - {dict} else ():
            if not isinstance(record, dict):
                raise ExtractionError(f"{self._subject}: record {row + 1} is not an object.")
        columns = self._filled_up(records)
        if any(name not in self._wanted and dict in set(map(type, values)) for name, values in columns.items()):
            if is_deeper_than(records, MAX_DEPTH + 1):
                raise self._too_deep()
            columns = self._flat(columns)
        self.add_columns(columns, len(records))

    def add_columns(self, columns: Mapping[str, Sequence[Any]], count: int) -> None:
        """Add the next records, which are columns already."""
        self._check(columns)
        for name, values in columns.items():
            self._pieces.setdefault(name, []).append((self._read, _array(values)))
        self._read += count

    def _filled_up(self, records: list[dict[str, Any]]) -> Mapping[str, Sequence[Any]]:
        """Turn records into columns; what one lacks is missing."""
        columns = alike_columns(records)
        if columns is not None:
            return columns
        self._check(dict.fromkeys(chain(*records)))
        found: dict[str, list[Any]] = {}
        for row, record in enumerate(records):
            for name, value in record.items():
                known = found.setdefault(name, [])
                known.extend([None] * (row - len(known)))
                known.append(value)
        for known in found.values():
            known.extend([None] * (len(records) - len(known)))
        return found

    def _flat(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """Return columns with the members of their objects as `a.b`, after their own; objects that are wanted stay."""
        flat: dict[str, Sequence[Any]] = {}
        nested: dict[str, Sequence[Any]] = {}
        for name, values in columns.items():
            whole = name in self._wanted or dict not in set(map(type, values))
            (flat if whole else nested)[name] = values
        for name, values in nested.items():
            others = [None if type(value) is dict else value for value in values]
            if others.count(None) < len(others):
                flat[name] = others
            members = self._filled_up([value if type(value) is dict else {} for value in values])
            for inner, found in self._flat({f"{name}.{key}": each for key, each in members.items()}).items():
                flat[inner] = self._last(inner, flat[inner], found) if inner in flat else found
        return flat

    def _last(self, name: str, first: Sequence[Any], last: Sequence[Any]) -> list[Any]:
        """Of two columns of one name return the last value of each record, and note a record that has both."""
        rows = [row for row, pair in enumerate(zip(first, last, strict=True), self._read) if None not in pair]
        if rows and self.twin is None:
            self.twin = rows[0], name
        return [one if other is None else other for one, other in zip(first, last, strict=True)]

    def _check(self, names: Mapping[str, object]) -> None:
        names_read = self._pieces.keys() | names.keys()
        self._limits.check_shape(self._count, len(names_read), self._subject, filled_up=True)

    def columns(self) -> dict[str, pd.Series]:
        """Return what was gathered, as columns of the type that all values have, or of objects."""
        import pandas as pd

        columns = {}
        objects = {name[:end] for name in self._pieces for end, letter in enumerate(name) if letter == "."}
        while self._pieces:
            name = next(iter(self._pieces))
            column = pd.Series(self._joined(self._pieces.pop(name)), copy=False)
            if name in objects and name not in self._wanted and column.isna().all():
                continue  # Objects that are `null` where others have members are no column.
            if column.dtype == object and is_deeper_than(column.tolist(), MAX_DEPTH):
                raise self._too_deep()
            columns[name] = column
        return columns

    def _joined(self, pieces: list[tuple[int, Any]]) -> Any:  # noqa: ANN401 - an array, or a series of objects
        import pyarrow as pa

        parts: list[Any] = []
        end = 0
        for first, values in [*pieces, (self._count, [])]:
            # What records lack is missing.
            parts += [pa.nulls(first - end), values] if first > end else [values]
            end = first + len(values)
        parts = [part for part in parts if len(part)]
        types = {part.type if isinstance(part, pa.Array) else None for part in parts} - {pa.null()}
        if len(types) < 2 and None not in types:
            kind = next(iter(types), pa.null())
            found = of_arrow(pa.chunked_array([part.cast(kind) for part in parts], kind))
            if found is not None:
                return found
        return natural_values(
            [value for part in parts for value in (part.to_pylist() if isinstance(part, pa.Array) else part)]
        )

    def _too_deep(self) -> ExtractionError:
        return ExtractionError(f"{self._subject} cannot be read. The JSON nests deeper than {MAX_DEPTH} levels.")


def _array(values: Sequence[Any]) -> pa.Array | list[Any]:
    """Return values as Arrow has them, or as they are where they have no one type, or are lists or objects."""
    import pyarrow as pa

    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return list(values)
    return list(values) if pa.types.is_nested(array.type) else array


def _converted(members: _Members, columns: Sequence[Column], table: str, left_out: Collection[str] = ()) -> ReadTable:
    series = members.columns()
    for name in left_out:
        series.pop(name, None)
    read = convert_table(series, columns, table)
    read.rows = FileRows(1)
    if members.twin is not None:
        row, name = members.twin
        text = f"A record has more than one member '{name[:100]}': the last one counts."
        read.messages.insert(0, ValidationMessage(ValidationSeverity.WARNING, text, table, name, row, "AMBIGUOUS"))
    return read
