"""Transformers: changes made to validated tables on their way into a dataset."""

from __future__ import annotations

from algomancy_data.optional_column_guard import (
    OptionalColumnGuard,
)
from algomancy_data.table_transformers import (
    CascadeDropTransformer,
    CascadeSnapshot,
    CleanTransformer,
    JoinTransformer,
)
from algomancy_data.transformation import (
    NoopTransformer,
    TransformationSequence,
    Transformer,
)

__all__ = [
    "CascadeDropTransformer",
    "CascadeSnapshot",
    "CleanTransformer",
    "JoinTransformer",
    "NoopTransformer",
    "OptionalColumnGuard",
    "TransformationSequence",
    "Transformer",
]
