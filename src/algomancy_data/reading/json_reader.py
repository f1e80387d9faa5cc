"""Reading tables from JSON documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from algomancy_data.cells.conversion import ReadTable, convert_table
from algomancy_data.encoding import decode_json
from algomancy_data.file import ExtractionError
from algomancy_data.reading.limits import ReadLimits
from algomancy_data.schema import Column

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_json_table(
    content: bytes, columns: Sequence[Column], table: str, subject: str, limits: ReadLimits
) -> ReadTable:
    """Read a table from a list of records.

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
    return _table(_decode(content, subject), columns, table, subject, limits)


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
    document = _decode(content, subject)
    tables: dict[str, ReadTable | None] = {}
    for table, (path, columns) in groups.items():
        found = _follow(document, path)
        place = f"{subject}, '{'.'.join(path)}'"
        tables[table] = None if found is None else _table(found, columns, table, place, limits)
    return tables


def _decode(content: bytes, subject: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return decode_json(content.removeprefix(_BYTE_ORDER_MARK))
    except ValueError as error:
        raise ExtractionError(f"{subject} cannot be read. {error}") from None


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
    cells: dict[str, list[Any]] = {}
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            raise ExtractionError(f"{subject}: record {row} is not an object.")
        flat = _flat(record) if any(type(value) is dict for value in record.values()) else record
        for name, value in flat.items():
            known = cells.get(name)
            if known is None:
                limits.check_shape(len(records), len(cells) + 1, subject, filled_up=True)
                cells[name] = known = []
            # Records that lacked the member so far have it missing.
            known.extend([None] * (row - len(known)))
            known.append(value)
    for values in cells.values():
        values.extend([None] * (len(records) - len(values)))
    types = {column.name for column in columns}
    series = {
        name: pd.Series(values, dtype=object) if name in types else _natural(values) for name, values in cells.items()
    }
    return convert_table(series, columns, table)


def _natural(values: list[Any]) -> Any:  # noqa: ANN401 - a series
    import pandas as pd

    series = pd.Series(values, dtype=object)
    return series if set(map(type, values)) & {list, dict} else series.infer_objects()


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    # `decode_json` has bounded how deep this goes.
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = None if value == {} else value
    return flat
