"""Reading tables from JSON documents: some thousand records at a time, which fit a processor's caches."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from algomancy_data.cells.tables import (
    FileRows,
    ReadTable,
    convert_table,
    plain_columns,
    remark_messages,
)
from algomancy_data.encoding import (
    SLICE_ROWS,
    decode_json,
    row_type,
    without_nan,
)
from algomancy_data.file import ExtractionError, File, ReadLimits, as_utf8
from algomancy_data.reading.json_columns import Members
from algomancy_data.reading.offload import WorkerDiedError, give_back_freed_memory, run_by_size
from algomancy_data.schema import Column, DataType
from algomancy_data.validation import ValidationMessage, ValidationSeverity

ResultT = TypeVar("ResultT")

_Scalar: Any = None | bool | int | float | str
_PIECE_BYTES = 400_000
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
    members = Members(columns, subject, limits)
    if not _read_alike(text, members):
        members = Members(columns, subject, limits)
        _read_each(text, members, columns, subject, remarks)
    del text
    read = _converted(members, columns, table)
    read.messages[:0] = remark_messages(remarks, table)
    return read


def _read_alike(text: bytes, members: Members) -> bool:
    """Read a list of records that all have the same members, none of them a list or an object, in half the time.

    It is cut where an object and a comma are: a piece that is cut within a text is no JSON.

    Returns:
        Whether it is such a list.
    """
    start, end = text.find(b"{"), text.rfind(b"]")
    if text[: max(start, 0)].strip() != b"[" or text[end + 1 :].strip():
        return False
    try:
        names = list(msgspec.json.decode(text[start : text.find(b"}") + 1], type=dict[str, _Scalar]))
    except (msgspec.DecodeError, RecursionError):
        return False
    row: Any = row_type(dict.fromkeys(names, _Scalar))
    if not names or row is None:
        return False
    decode = msgspec.json.Decoder(list[row]).decode
    while start < end:
        stop = text.rfind(b"},", start, start + _PIECE_BYTES) + 1 if end - start > _PIECE_BYTES else end
        piece = b"[" + text[start:stop] + b"]"
        try:
            rows = decode(piece)
        except msgspec.DecodeError:
            return False
        if not rows or _members_in(piece) != len(rows) * len(names):
            return False
        columns = zip(*map(msgspec.structs.astuple, rows), strict=True)
        members.add_columns(dict(zip(names, columns, strict=True)), len(rows))
        start = stop + 1
    return True


def _read_each(text: bytes, members: Members, columns: Sequence[Column], subject: str, remarks: list[str]) -> None:
    records = _records(text, columns, subject, remarks)
    decode = msgspec.json.Decoder(list[Any]).decode
    for first in range(0, len(records), SLICE_ROWS):
        some = records[first : first + SLICE_ROWS]
        piece = b"[" + b",".join(some) + b"]"
        try:
            rows = decode(piece)
        except (msgspec.DecodeError, RecursionError):
            raise _unreadable(text, subject) from None
        members.add(rows)
        if members.twin is None and _may_have_twins(piece, rows):
            members.twin = next(((first + at, name) for at, each in enumerate(some) for name in _twins(each)), None)


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
        members = Members(columns, place, limits)
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
    problem: ExtractionError | None = None
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError:
        # It may be the first line alone that is neither a list nor an object.
        problem = ExtractionError(f"{subject} {_NO_LIST}.")
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
        raise problem or _unreadable(text, subject)
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
    within = any(each.name not in document and each.name.partition(".")[0] in document for each in columns)
    if known and not within and all(bytes(value)[:1] in (b"[", b"{") for value in known):
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


def _converted(members: Members, columns: Sequence[Column], table: str, left_out: Collection[str] = ()) -> ReadTable:
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
