"""The limit for ETL: `python read_csv.py FILE` prints how many seconds pandas alone takes for a csv of orders."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

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


def read(content: bytes) -> pd.DataFrame:
    """Read a csv with the types that the schema of orders has."""
    return pd.read_csv(io.BytesIO(content), sep=";", dtype=TYPES, parse_dates=["day"])


if __name__ == "__main__":
    content = Path(sys.argv[1]).read_bytes()
    read(content[:1_000].rpartition(b"\n")[0])
    begin = time.perf_counter()
    table = read(content)
    print(time.perf_counter() - begin)
