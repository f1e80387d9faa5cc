"""Reading tables from JSON documents."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.tables import FileRows, ReadTable, convert_table, natural_values, remark_messages
from algomancy_data.encoding import MAX_DEPTH, decode_json, is_deeper_than
from algomancy_data.file import ExtractionError
from algomancy_data.reading.limits import ReadLimits
from algomancy_data.schema import Column

if TYPE_CHECKING:
    import pandas as pd

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIRST_RECORD_BYTES = 1 << 16


def read_json_table(
    content: bytes | str, columns: Sequence[Column], table: str, subject: str, limits: ReadLimits
) -> ReadTable:
    """Read a table from a list of records; from one such list in an object, one object, or an object on each line.

    Args:
        content: The document in UTF-8, or the path of it.
        columns: The schema's columns. Others are kept as they are.
        table: The name of the table.
        subject: The file, as messages name it.
        limits: How much may be read.

    Raises:
        ExtractionError: The document is no JSON, or no list of records.
        TooLargeError: There are more rows, columns or cells than allowed.
    """
    remarks: list[str] = []
    text = _bytes(content)
    alike = _alike_records(text)
    if alike is None:
        records = _records(_decode(text, subject, remarks), columns, remarks)
        read = _table(records, columns, table, subject, limits)
    else:
        names, cells = alike
        limits.check_shape(len(cells[0]), len(names), subject)
        read = _converted(zip(names, cells, strict=True), columns, table, subject)
    read.messages[:0] = remark_messages(remarks, table)
    return read


def read_json_tables(
    content: bytes | str,
    groups: Mapping[str, tuple[str, Sequence[str], Sequence[Column]]],
    subject: str,
    limits: ReadLimits,
) -> dict[str, ReadTable]:
    """Read several tables from one document.

    Args:
        content: The document in UTF-8, or the path of it.
        groups: The name of each table's group, where its rows are within a record, as keys from the outside in, and its
            columns, by the table's name.
        subject: The file, as messages name it.
        limits: How much may be read.

    Raises:
        ExtractionError: The document is no JSON, has no records, or holds something else where a table should be.
        TooLargeError: There are more rows, columns or cells than allowed.
    """
    document = _decode(_bytes(content), subject, [])
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
        tables[table] = _table(rows, columns, table, place, limits, () if path else elsewhere)
    return tables


def root_records(content: bytes, subject: str) -> list[Any]:
    """Return the records of a document: the list that it is, or the one list among the members of its object.

    Raises:
        ExtractionError: There is no such list, or there are several.
    """
    return _root(_decode(content, subject, []), subject)


def _root(document: object, subject: str) -> list[Any]:
    if isinstance(document, list):
        return document
    lists = _lists(document) if isinstance(document, dict) else []
    if len(lists) != 1:
        raise ExtractionError(f"{subject} must hold a list of records, or an object with exactly one list.")
    return lists[0]


def _lists(document: dict[str, Any]) -> list[list[Any]]:
    return [value for value in document.values() if isinstance(value, list)]


def _bytes(content: bytes | str) -> bytes:
    return content if isinstance(content, bytes) else Path(content).read_bytes()


def _decode(content: bytes, subject: str, remarks: list[str]) -> Any:  # noqa: ANN401 - any JSON value
    import msgspec

    text = content.removeprefix(_BYTE_ORDER_MARK)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        lines = msgspec.json.Decoder().decode_lines(text)
        if len(lines) > 1:
            remarks.append("Each line is read as a record.")
            return lines
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        decode_json(text)
        problem = "It holds a number that is too large."
    except ValueError as error:
        problem = str(error)
    raise ExtractionError(f"{subject} cannot be read. {problem}") from None


def _records(document: Any, columns: Sequence[Column], remarks: list[str]) -> Any:  # noqa: ANN401 - any JSON value
    if not isinstance(document, dict):
        return document
    lists = [name for name, value in document.items() if isinstance(value, list) and set(map(type, value)) == {dict}]
    if len(lists) == 1:
        remarks.append(f"The records are those at '{lists[0][:100]}'.")
        return document[lists[0]]
    if not lists and document.keys() & {column.name.partition(".")[0] for column in columns}:
        remarks.append("The document is one object: it is read as one record.")
        return [document]
    return document


def _follow(level: list[Any], path: Sequence[str]) -> list[Any]:
    """Return the rows at the end of a path; a list on the way is gone through item by item."""
    for key in path:
        found = [item[key] for item in level if isinstance(item, dict) and item.get(key) is not None]
        level = [item for each in found for item in (each if isinstance(each, list) else [each])]
    return level


def _table(
    records: object,
    columns: Sequence[Column],
    table: str,
    subject: str,
    limits: ReadLimits,
    left_out: Collection[str] = (),
) -> ReadTable:
    if not isinstance(records, list):
        raise ExtractionError(f"{subject} must hold a list of records.")
    limits.check_shape(len(records), 1, subject)
    for row, record in enumerate(records) if set(map(type, records)) - {dict} else ():
        if not isinstance(record, dict):
            raise ExtractionError(f"{subject}: record {row + 1} is not an object.")
    wanted = [column.name for column in columns]
    found = dict(_columns(records, wanted, subject, limits) if records else ((name, ()) for name in wanted))
    cells = ((name, values) for name, values in found.items() if name not in left_out)
    return _converted(cells, columns, table, subject)


def _converted(
    cells: Iterable[tuple[str, Sequence[Any]]], columns: Sequence[Column], table: str, subject: str
) -> ReadTable:
    import pandas as pd

    series: dict[str, pd.Series] = {}
    for name, values in cells:
        column = natural_values(values)
        if column.dtype == object and is_deeper_than(list(values), MAX_DEPTH):
            raise _too_deep(subject)
        series[name] = pd.Series(column, copy=False)
    read = convert_table(series, columns, table)
    read.rows = FileRows(1)
    return read


def _alike_records(content: bytes) -> tuple[list[str], list[Sequence[Any]]] | None:
    """Return the columns of a list of flat records that all have the same members, which is read in half the time."""
    import msgspec

    head = content[:_FIRST_RECORD_BYTES].decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")
    try:
        first, _ = json.JSONDecoder().raw_decode(head, head.index("{")) if head.startswith("[") else ({}, 0)
    except (ValueError, RecursionError):
        return None
    if len(first) < 2:
        return None
    fields = [f"f{number}" for number in range(len(first))]
    kinds = [_KINDS.get(type(value), Any) for value in first.values()]
    record = msgspec.defstruct(
        "Record", list(zip(fields, kinds, strict=True)), rename=dict(zip(fields, first, strict=True)), gc=False,
        forbid_unknown_fields=True,
    )  # fmt: skip
    try:
        records = msgspec.json.decode(content.removeprefix(_BYTE_ORDER_MARK), type=list[record])  # type: ignore[valid-type]
    except (msgspec.DecodeError, RecursionError):
        return None
    columns: list[Sequence[Any]] = [list(map(attrgetter(field), records)) for field in fields]
    unsure = [cells for cells, kind in zip(columns, kinds, strict=True) if kind is Any]
    return None if any(dict in set(map(type, cells)) for cells in unsure) else (list(first), columns)


_KINDS: dict[type, Any] = {str: str | None, bool: bool | None, int: int | float | None, float: int | float | None}
"""What the cells of a column are likely to be, by what the first one is; records that differ are read the slow way."""


def _too_deep(subject: str) -> ExtractionError:
    return ExtractionError(f"{subject} cannot be read. The JSON nests deeper than {MAX_DEPTH} levels.")


def _columns(
    records: list[dict[str, Any]], wanted: Collection[str], subject: str, limits: ReadLimits
) -> Iterator[tuple[str, Sequence[Any]]]:
    """Turn records into columns; what a record lacks is missing, and objects become columns of their members."""
    gathered: dict[str, list[Any]] = {}
    for row, record in enumerate(records):
        flat = _flat(record, wanted, subject) if any(type(value) is dict for value in record.values()) else record
        for name, value in flat.items():
            known = gathered.get(name)
            if known is None:
                limits.check_shape(len(records), len(gathered) + 1, subject, filled_up=True)
                gathered[name] = known = []
            # Records that lacked the member so far have it missing.
            known.extend([None] * (row - len(known)))
            known.append(value)
    for values in gathered.values():
        values.extend([None] * (len(records) - len(values)))
    return iter(gathered.items())


def _flat(record: dict[str, Any], columns: Collection[str], subject: str) -> dict[str, Any]:
    """Return a record with the members of its objects as `a.b`, after its own.

    An object that is the cell of a column of the schema stays as it is.
    """
    if is_deeper_than(record, MAX_DEPTH):
        raise _too_deep(subject)
    nested = [key for key, value in record.items() if isinstance(value, dict) and key not in columns]
    flat = {key: value for key, value in record.items() if key not in nested}
    rest = [(key, record[key]) for key in reversed(nested)]
    while rest:
        prefix, value = rest.pop()
        if isinstance(value, dict) and prefix not in columns:
            rest.extend((f"{prefix}.{key}", value[key]) for key in reversed(value))
        else:
            flat[prefix] = value
    return flat
