"""Datasets as JSON, in the form of `DataSource.to_json()`: checked before a backend gets them, put right after."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pydantic

from algomancy_api.errors import describe_validation_errors
from algomancy_api.http.json_text import encode_json
from algomancy_api.http.names import check_dataset_key, shown
from algomancy_api.schemas.datasets import DatasetPayload


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
    if not isinstance(dataset, dict) or not isinstance(dataset.get("metadata"), dict):
        raise ValueError("The body must be an object with an object as its member 'metadata'.")
    metadata = dataset["metadata"]
    key = check_dataset_key(metadata.get("name"))
    for table in _objects(dataset.get("tables")):
        _complete(table)
    try:
        DatasetPayload.model_validate(dataset)
    except pydantic.ValidationError as error:
        raise ValueError(describe_validation_errors(error.errors())) from None
    tables: dict[str, dict[str, Any]] = dataset["tables"]
    for name, table in tables.items():
        _check_table(table, name)
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


def _objects(value: object) -> list[dict[str, Any]]:
    """Return the objects among the members of `value`, if it is one itself."""
    return [member for member in value.values() if isinstance(member, dict)] if isinstance(value, dict) else []


def _complete(table: dict[str, Any]) -> None:
    """Fill in columns and index where they are missing: as the rows have them, in order."""
    rows = table.get("data")
    if isinstance(rows, list):
        table.setdefault(
            "columns", list(dict.fromkeys(column for row in rows if isinstance(row, dict) for column in row))
        )
        table.setdefault("index", list(range(len(rows))))
        table.setdefault("dtypes", {})


def _check_table(table: dict[str, Any], name: str) -> None:
    if any(not row.keys() <= set(table["columns"]) for row in table["data"]):
        raise ValueError(f"Table {shown(name)}: 'columns' must name every member of the rows.")
    if len(table["index"]) != len(table["data"]):
        raise ValueError(f"Table {shown(name)}: member 'index' must be an array with one label per row.")
    for row in table["data"]:
        for column, cell in row.items():
            if isinstance(cell, float) and not math.isfinite(cell):
                row[column] = None  # 1e999 is JSON; infinity is not.
