"""The limit for ETL: `python read_alone.py FILE` prints how many seconds the library for such files takes alone."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
from python_calamine import CalamineWorkbook

TYPES: dict[str, Any] = {
    "id": "int64",
    "customer": "int64",
    "article": "str",
    "quantity": "int64",
    "price": "float64",
    "weight": "float64",
    "volume": "float64",
    "region": "str",
    "urgent": "bool",
}


def read_csv(content: bytes) -> object:
    """Read a csv with the types that the schema of orders has."""
    return pd.read_csv(io.BytesIO(content), sep=";", dtype=TYPES, parse_dates=["day"])


def read_xlsx(content: bytes) -> object:
    """Read the first sheet of a workbook."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


READ = {".csv": read_csv, ".xlsx": read_xlsx, ".json": orjson.loads}

if __name__ == "__main__":
    path = Path(sys.argv[1])
    content = path.read_bytes()
    if path.suffix == ".csv":
        read_csv(content[:1_000].rpartition(b"\n")[0])
    begin = time.perf_counter()
    table = READ[path.suffix](content)
    print(time.perf_counter() - begin)
