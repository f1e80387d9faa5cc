"""Reading tables from JSON documents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.tables import (
    FileRows,
    ReadTable,
    convert_table,
    natural_values,
    plain_columns,
    remark_messages,
)
from algomancy_data.encoding import MAX_DEPTH, decode_json, is_deeper_than
from algomancy_data.file import ExtractionError, File, ReadLimits
from algomancy_data.reading.alike_records import read_alike_records
from algomancy_data.reading.offload import give_back_freed_memory, run_by_size
from algomancy_data.schema import Column, DataType

if TYPE_CHECKING:
    import pandas as pd

_OF_FLOATS = (DataType.FLOAT, DataType.INTEGER, DataType.BOOLEAN)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
    alike = read_alike_records(file)
    source, size = file.source()
    if alike is None:
        return run_by_size(size, _read_records, source, plain_columns(columns), table, file.subject, file.limits)
    floats = {name for name, values in alike.items() if values.dtype == "float64"}
    if any(column.name in floats and column.dtype not in _OF_FLOATS for column in columns):
        # Each float is written as Python writes it, which would hold the interpreter's lock.
        read = run_by_size(size, convert_table, alike, plain_columns(columns), table)
    else:
        read = convert_table(alike, columns, table)
    read.rows = FileRows(1)
    give_back_freed_memory(size)
    return read


def _read_records(
    content: bytes | str, columns: Sequence[Column], table: str, subject: str, limits: ReadLimits
) -> ReadTable:
    remarks: list[str] = []
    records = _records(_decode(_bytes(content), subject, remarks), columns, remarks)
    read = _table(records, columns, table, subject, limits)
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
