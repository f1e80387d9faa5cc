"""Schemas, files, extraction, validation, transformation and loading of raw data, data sources and data managers.

Begin with `etl`, which turns files into a data source: its extractors use `reading` for the files and `cells` for the
values in them. `stored` is the JSON form of a dataset, `datamanager` holds those of a session. Importing this package
imports neither pandas nor numpy: they come with the first table.
"""

from __future__ import annotations

import algomancy_utils.installation  # noqa: F401 - refuses files of two makes in one folder
from algomancy_data.datamanager import DataManager, StatefulDataManager, StatelessDataManager
from algomancy_data.dataset import Dataset, check_dataset_key
from algomancy_data.datasource import BASEDATASOURCE, BaseDataSource, DataClassification, DataSource
from algomancy_data.encoding import EncodingError, decode_json, encode_json
from algomancy_data.etl import ETLConstructionError, ETLFactory, ETLPipeline, ETLResult, SimpleETLFactory
from algomancy_data.extractor import (
    CSVSingleExtractor,
    DataFrameExtractor,
    ExtractionSequence,
    Extractor,
    JSONMultiExtractor,
    JSONSingleExtractor,
    MultiExtractor,
    SingleExtractor,
    XLSXMultiExtractor,
    XLSXSingleExtractor,
)
from algomancy_data.file import CSVFile, ExtractionError, File, JSONFile, ReadLimits, XLSXFile
from algomancy_data.loader import DataSourceLoader, Loader
from algomancy_data.registry import get_extractor_class, register_extractor, registered_keys
from algomancy_data.relations import Relation, merge_relations, resolve_relations_from_schemas
from algomancy_data.schema import Column, ColumnGroup, DataType, FileExtension, Schema, SchemaType
from algomancy_data.transformer import (
    CascadeDropTransformer,
    CascadeSnapshot,
    CleanTransformer,
    JoinTransformer,
    NoopTransformer,
    OptionalColumnGuard,
    TransformationSequence,
    Transformer,
)
from algomancy_data.validator import (
    DefaultValidator,
    ExtractionSuccessVerification,
    ForeignKeyValidator,
    MissingValueValidator,
    PrimaryKeyValidator,
    RequiredColumnsValidator,
    SchemaValidator,
    UniqueValueValidator,
    ValidationError,
    ValidationMessage,
    ValidationResult,
    ValidationSequence,
    ValidationSeverity,
    Validator,
)

__all__ = [
    "BASEDATASOURCE",
    "BaseDataSource",
    "CSVFile",
    "CSVSingleExtractor",
    "CascadeDropTransformer",
    "CascadeSnapshot",
    "CleanTransformer",
    "Column",
    "ColumnGroup",
    "DataClassification",
    "DataFrameExtractor",
    "DataManager",
    "DataSource",
    "DataSourceLoader",
    "DataType",
    "Dataset",
    "DefaultValidator",
    "ETLConstructionError",
    "ETLFactory",
    "ETLPipeline",
    "ETLResult",
    "EncodingError",
    "ExtractionError",
    "ExtractionSequence",
    "ExtractionSuccessVerification",
    "Extractor",
    "File",
    "FileExtension",
    "ForeignKeyValidator",
    "JSONFile",
    "JSONMultiExtractor",
    "JSONSingleExtractor",
    "JoinTransformer",
    "Loader",
    "MissingValueValidator",
    "MultiExtractor",
    "NoopTransformer",
    "OptionalColumnGuard",
    "PrimaryKeyValidator",
    "ReadLimits",
    "Relation",
    "RequiredColumnsValidator",
    "Schema",
    "SchemaType",
    "SchemaValidator",
    "SimpleETLFactory",
    "SingleExtractor",
    "StatefulDataManager",
    "StatelessDataManager",
    "TransformationSequence",
    "Transformer",
    "UniqueValueValidator",
    "ValidationError",
    "ValidationMessage",
    "ValidationResult",
    "ValidationSequence",
    "ValidationSeverity",
    "Validator",
    "XLSXFile",
    "XLSXMultiExtractor",
    "XLSXSingleExtractor",
    "check_dataset_key",
    "decode_json",
    "encode_json",
    "get_extractor_class",
    "merge_relations",
    "register_extractor",
    "registered_keys",
    "resolve_relations_from_schemas",
]
