"""What several tests of the package share."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from algomancy_data import DataClassification, DataSource
from algomancy_data.reading.offload import WORKER
from algomancy_utils import Logger


@pytest.fixture(autouse=True)
def _empty_log() -> None:
    """The log is one for the whole process: each test begins with an empty one."""
    Logger().clear()


@pytest.fixture(scope="session")
def large_source() -> DataSource:
    """A dataset whose JSON is large enough to be parsed in the worker process."""
    rows = 20_000
    source = DataSource(DataClassification.MASTER_DATA, "Large")
    source.add_table(
        "t",
        pd.DataFrame(
            {
                "n": range(rows),
                "name": [f"item {n % 500}" for n in range(rows)],
                "at": pd.date_range("2025-01-01", periods=rows, freq="min"),
                "zone": pd.Categorical([f"z{n % 7}" for n in range(rows)]),
            }
        ),
    )
    return source


@pytest.fixture(scope="session", autouse=True)
def worker_ends() -> Iterator[None]:
    """Leaves no worker process behind."""
    yield
    WORKER.close()
