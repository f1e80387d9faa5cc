"""Reading tables from JSON documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
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


def read_json_table(
    content: bytes, columns: Sequence[Column], table: str, subject: str, limits: ReadLimits
) -> ReadTable:
    """Read a table from a list of records; from one such list in an object, one object, or an object on each line.

    Args:
        content: The document, in UTF-8.
        columns: The schema's columns. Others are kept as they are.
        table: The name of the table.
        subject: The file, as messages name it.
        limits: How much may be read.

    Raises:
        ExtractionError: The document is no JSON, or no list of records.
        TooLargeError: There are more rows, columns or cells than allowed.
    """
    remarks: list[str] = []
    records = _records(_decode(content, subject, remarks), columns, remarks)
    read = _table(records, columns, table, subject, limits)
    read.messages[:0] = remark_messages(remarks, table)
    return read


def read_json_tables(
    content: bytes,
    groups: Mapping[str, tuple[Sequence[str], Sequence[Column]]],
    subject: str,
    limits: ReadLimits,
) -> dict[str, ReadTable | None]:
    """Read several tables from one document.

    Args:
        content: The document, in UTF-8.
        groups: Where each table is, as keys from the outside in, and its columns, by the table's name.
        subject: The file, as messages name it.
        limits: How much may be read.

    Returns:
        The tables by name; None where the document has no such place.

    Raises:
        ExtractionError: The document is no JSON, or holds something else than records where a table should be.
        TooLargeError: There are more rows, columns or cells than allowed.
    """
    document = _decode(content, subject, [])
    tables: dict[str, ReadTable | None] = {}
    for table, (path, columns) in groups.items():
        found = _follow(document, path)
        place = f"{subject}, '{'.'.join(path)}'"
        tables[table] = None if found is None else _table(found, columns, table, place, limits)
    return tables


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
    import pandas as pd

    if not isinstance(records, list):
        raise ExtractionError(f"{subject} must hold a list of records.")
    limits.check_shape(len(records), 1, subject)
    for row, record in enumerate(records) if set(map(type, records)) - {dict} else ():
        if not isinstance(record, dict):
            raise ExtractionError(f"{subject}: record {row + 1} is not an object.")
    series: dict[str, pd.Series] = {}
    for name, cells in _columns(records, subject, limits):
        values = list(cells)
        if not set(map(type, values)).isdisjoint((list, dict)) and is_deeper_than(values, MAX_DEPTH):
            raise ExtractionError(f"{subject} cannot be read. The JSON nests deeper than {MAX_DEPTH} levels.")
        series[name] = pd.Series(natural_values(values), copy=False)
    read = convert_table(series, columns, table)
    read.rows = FileRows(1)
    return read


def _columns(records: list[dict[str, Any]], subject: str, limits: ReadLimits) -> Iterator[tuple[str, Sequence[Any]]]:
    """Turn records into columns; what a record lacks is missing, and objects become columns of their members."""
    names = list(records[0]) if records else []
    if len(names) > 1 and set(map(len, records)) == {len(names)}:
        try:
            columns = list(zip(*map(itemgetter(*names), records), strict=True))
        except KeyError:
            columns = []
        if columns and not any(dict in set(map(type, cells)) for cells in columns):
            limits.check_shape(len(records), len(names), subject)
            return zip(names, columns, strict=True)
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
        raise ExtractionError(f"{subject} cannot be read. The JSON nests deeper than {MAX_DEPTH} levels.")
    flat: dict[str, Any] = {}
    rest = [("", record)]
    while rest:
        prefix, value = rest.pop()
        if isinstance(value, dict) and (value or not prefix):
            rest.extend((f"{prefix}.{key}" if prefix else key, value[key]) for key in reversed(value))
        else:
            flat[prefix] = None if value == {} else value
    return flat
