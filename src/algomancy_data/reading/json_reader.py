"""Reading tables from JSON documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.natural import natural_values
from algomancy_data.cells.tables import FileRows, ReadTable, convert_table, remark_messages
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
    groups: Mapping[str, tuple[Sequence[str], Sequence[Column]]],
    subject: str,
    limits: ReadLimits,
) -> dict[str, ReadTable | None]:
    """Read several tables from one document.

    Args:
        content: The document in UTF-8, or the path of it.
        groups: Where each table is, as keys from the outside in, and its columns, by the table's name.
        subject: The file, as messages name it.
        limits: How much may be read.

    Returns:
        The tables by name; None where the document has no such place.

    Raises:
        ExtractionError: The document is no JSON, or holds something else than records where a table should be.
        TooLargeError: There are more rows, columns or cells than allowed.
    """
    document = _decode(_bytes(content), subject, [])
    tables: dict[str, ReadTable | None] = {}
    for table, (path, columns) in groups.items():
        found = _follow(document, path)
        place = f"{subject}, '{'.'.join(path)}'"
        tables[table] = None if found is None else _table(found, columns, table, place, limits)
    return tables


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


def _follow(value: Any, path: Sequence[str]) -> list[Any] | None:  # noqa: ANN401 - any JSON value
    """Return the records at the end of a path; a list on the way is gone through item by item."""
    level = [value]
    for key in path:
        objects = [item for each in level for item in (each if isinstance(each, list) else [each])]
        level = [item[key] for item in objects if isinstance(item, dict) and key in item]
        if not level:
            return None
    return [item for each in level for item in (each if isinstance(each, list) else [each])]


def _table(records: object, columns: Sequence[Column], table: str, subject: str, limits: ReadLimits) -> ReadTable:
    if not isinstance(records, list):
        raise ExtractionError(f"{subject} must hold a list of records.")
    limits.check_shape(len(records), 1, subject)
    for row, record in enumerate(records) if set(map(type, records)) - {dict} else ():
        if not isinstance(record, dict):
            raise ExtractionError(f"{subject}: record {row + 1} is not an object.")
    return _converted(_columns(records, subject, limits), columns, table, subject)


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
    record = msgspec.defstruct(
        "Record", [(field, Any) for field in fields], rename=dict(zip(fields, first, strict=True)), gc=False,
        forbid_unknown_fields=True,
    )  # fmt: skip
    try:
        records = msgspec.json.decode(content.removeprefix(_BYTE_ORDER_MARK), type=list[record])  # type: ignore[valid-type]
    except (msgspec.DecodeError, RecursionError):
        return None
    columns: list[Sequence[Any]] = list(zip(*map(msgspec.structs.astuple, records), strict=True))
    return None if any(dict in map(type, cells) for cells in columns) else (list(first), columns)


def _too_deep(subject: str) -> ExtractionError:
    return ExtractionError(f"{subject} cannot be read. The JSON nests deeper than {MAX_DEPTH} levels.")


def _columns(records: list[dict[str, Any]], subject: str, limits: ReadLimits) -> Iterator[tuple[str, Sequence[Any]]]:
    """Turn records into columns; what a record lacks is missing, and objects become columns of their members."""
    gathered: dict[str, list[Any]] = {}
    for row, record in enumerate(records):
        flat = _flat(record, subject) if any(type(value) is dict for value in record.values()) else record
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


def _flat(record: dict[str, Any], subject: str) -> dict[str, Any]:
    """Bring the members of objects within a record to the top, as `a.b`."""
    if is_deeper_than(record, MAX_DEPTH):
        raise _too_deep(subject)
    flat: dict[str, Any] = {}
    rest = [("", record)]
    while rest:
        prefix, value = rest.pop()
        if isinstance(value, dict) and (value or not prefix):
            rest.extend((f"{prefix}.{key}" if prefix else key, value[key]) for key in reversed(value))
        else:
            flat[prefix] = None if value == {} else value
    return flat
