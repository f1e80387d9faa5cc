"""ETL: from raw files to a data source, by extraction, validation, transformation and loading."""

from __future__ import annotations

from algomancy_data.etl_pipeline import (
    ETLConstructionError,
    ETLFactory,
    ETLPipeline,
    ETLResult,
    files_by_name,
)
from algomancy_data.simple_etl import (
    SimpleETLFactory,
)

__all__ = [
    "ETLConstructionError",
    "ETLFactory",
    "ETLPipeline",
    "ETLResult",
    "SimpleETLFactory",
    "files_by_name",
]
