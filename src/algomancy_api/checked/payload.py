"""Datasets as JSON, in the form of `DataSource.to_json()`: checked before a backend gets them, put right after."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

from algomancy_api.http.json_text import encode_json
from algomancy_api.http.names import check_dataset_key, shown


def read_payload(payload: bytes) -> tuple[str, str]:
    """Return the key of a dataset's payload, and its text with what may be missing filled in (contract DAT-5).

    Raises:
        ValueError: It is not JSON in UTF-8, or not what `DataSource.to_json()` writes; or its key is not allowed.
    """
    if not payload.strip():
        raise ValueError("The body is empty: it must be what DataSource.to_json() writes.")
    try:
        dataset = json.loads(payload.decode(), parse_constant=lambda _: None)
    except UnicodeDecodeError:
        raise ValueError("The body must be JSON in UTF-8.") from None
    except RecursionError:
        raise ValueError("The JSON nests too deep.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"The body is not valid JSON: {error}.") from None
    metadata, tables = (_member(dataset, name, "The body") for name in ("metadata", "tables"))
    if not isinstance(metadata.get("id"), str) or not metadata["id"]:
        raise ValueError("Member 'metadata.id' must be a text that is not empty.")
    if not isinstance(metadata.get("type", ""), str):
        raise ValueError("Member 'metadata.type' must be a text.")
    key = check_dataset_key(metadata.get("name"))
    for name in tables:
        _check_table(_member(tables, name, "Member 'tables'"), name)
    metadata["tables"] = list(tables)
    metadata["creation_datetime"] = metadata.get("creation_datetime") or str(datetime.now())
    return key, json.dumps(dataset)


def written_payload(text: str) -> bytes:
    """Return what a backend's `to_json()` wrote as strict JSON: no NaN, and its own time of creation in UTC."""
    dataset = json.loads(text)
    metadata = dataset.get("metadata") if isinstance(dataset, dict) else None
    if isinstance(metadata, dict) and "creation_datetime" in metadata:
        metadata["creation_datetime"] = _in_utc(metadata.get("creation_datetime"))
    return encode_json(dataset)


def _in_utc(told: Any) -> Any:  # noqa: ANN401 - a backend's own
    """Return a time as Python writes a local one, `2026-01-31 12:00:00`, in UTC (contract GEN-12); no other changes."""
    if not isinstance(told, str) or told[10:11] != " ":
        return told
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return told
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _member(value: object, name: str, what: str) -> dict[str, Any]:
    member = value.get(name) if isinstance(value, dict) else None
    if not isinstance(member, dict):
        raise ValueError(f"{what} must be an object with an object as its member {shown(name)}.")
    return member


def _check_table(table: dict[str, Any], name: str) -> None:
    data, columns = table.get("data"), table.get("columns")
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise ValueError(f"Table {shown(name)}: member 'data' must be an array of objects.")
    if columns is None:
        columns = table["columns"] = list(dict.fromkeys(column for row in data for column in row))
    if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
        raise ValueError(f"Table {shown(name)}: member 'columns' must be an array of texts.")
    if any(not row.keys() <= set(columns) for row in data):
        raise ValueError(f"Table {shown(name)}: 'columns' must name every member of the rows.")
    dtypes = table.setdefault("dtypes", {})
    if not isinstance(dtypes, dict) or not all(isinstance(dtype, str) for dtype in dtypes.values()):
        raise ValueError(f"Table {shown(name)}: member 'dtypes' must be an object of texts.")
    index = table.setdefault("index", list(range(len(data))))
    if not isinstance(index, list) or len(index) != len(data):
        raise ValueError(f"Table {shown(name)}: member 'index' must be an array with one label per row.")
    for row in data:
        for column, cell in row.items():
            if isinstance(cell, float) and not math.isfinite(cell):
                row[column] = None  # 1e999 is JSON; infinity is not.
