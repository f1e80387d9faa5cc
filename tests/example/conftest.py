"""Fixtures about the bundled example: its dataset, and a live server with it."""

from __future__ import annotations

import pytest

from algomancy_api.example.etl import SCHEMAS, SlottingETLFactory
from algomancy_data import DataSource, File
from tests.repository import MASTER_DATA


@pytest.fixture(scope="session")
def master_data() -> DataSource:
    """The dataset that the shipped files make."""
    files = [File.from_file_name(path.name, path=path) for path in sorted(MASTER_DATA.iterdir())]
    result = SlottingETLFactory(SCHEMAS).build_pipeline("Master data", files).run()
    assert result.is_success, [message.message for message in result.messages]
    assert isinstance(result.datasource, DataSource)
    return result.datasource
