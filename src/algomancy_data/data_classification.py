"""Where a dataset comes from."""

from __future__ import annotations

from enum import StrEnum


class DataClassification(StrEnum):
    """Where a dataset comes from."""

    MASTER_DATA = "master_data"
    """From raw files, through the ETL pipeline."""
    DERIVED_DATA = "derived_data"
    """Made from another dataset."""
    DUMMY_DATA = "dummy_data"
    """Made up, for trying things out."""
