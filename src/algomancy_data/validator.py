"""Validators: what must hold of the tables extracted before they become a dataset."""

from __future__ import annotations

from algomancy_data.optional_column_guard import (
    OptionalColumnGuard,
)
from algomancy_data.schema_validators import (
    DefaultValidator,
    ExtractionSuccessVerification,
    ForeignKeyValidator,
    MissingValueValidator,
    PrimaryKeyValidator,
    RequiredColumnsValidator,
    SchemaValidator,
    UniqueValueValidator,
)
from algomancy_data.validation import (
    ValidationSequence,
    Validator,
)
from algomancy_data.validation_message import (
    ValidationMessage,
    ValidationResult,
    ValidationSeverity,
)

__all__ = [
    "DefaultValidator",
    "ExtractionSuccessVerification",
    "ForeignKeyValidator",
    "MissingValueValidator",
    "OptionalColumnGuard",
    "PrimaryKeyValidator",
    "RequiredColumnsValidator",
    "SchemaValidator",
    "UniqueValueValidator",
    "ValidationMessage",
    "ValidationResult",
    "ValidationSequence",
    "ValidationSeverity",
    "Validator",
]
