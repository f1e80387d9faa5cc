"""Datasets written out for a test: of tables, and as a client sends them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from algomancy_data import DataClassification, DataSource


def source_of(**tables: pd.DataFrame) -> DataSource:
    """A dataset of these tables."""
    source = DataSource(
        DataClassification.MASTER_DATA, "x", ds_id="1", creation_datetime=datetime(2025, 1, 2, tzinfo=UTC)
    )
    for name, table in tables.items():
        source.add_table(name, table)
    return source


def compact(payload: Any) -> bytes:
    """JSON without white space, the form that is read fastest."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def sent(**changes: Any) -> dict[str, Any]:
    """A small valid dataset as a client sends it, but for what is changed in its table `t` or its metadata."""
    table = {"data": [{"a": 1, "b": "x"}], "columns": ["a", "b"], "dtypes": {"a": "int64", "b": "str"}, "index": [0]}
    metadata = {"id": "1", "name": "n", "type": "master_data", "creation_datetime": "2025-01-02", "tables": ["t"]}
    return {"metadata": metadata | changes.pop("metadata", {}), "tables": {"t": table | changes}}
