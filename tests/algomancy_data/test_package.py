"""The package as a whole."""

from __future__ import annotations

import subprocess
import sys

import pytest

import algomancy_data

MODULES = {
    "schema": "DataType FileExtension SchemaType Column ColumnGroup Schema",
    "file": "File CSVFile JSONFile XLSXFile",
    "extractor": "Extractor CSVSingleExtractor JSONSingleExtractor XLSXSingleExtractor XLSXMultiExtractor "
    "JSONMultiExtractor DataFrameExtractor ExtractionSequence",
    "validator": "ValidationSeverity ValidationMessage ValidationResult Validator ExtractionSuccessVerification "
    "SchemaValidator RequiredColumnsValidator PrimaryKeyValidator UniqueValueValidator MissingValueValidator "
    "ForeignKeyValidator DefaultValidator ValidationSequence",
    "transformer": "Transformer NoopTransformer CleanTransformer JoinTransformer OptionalColumnGuard "
    "CascadeDropTransformer CascadeSnapshot TransformationSequence",
    "loader": "Loader DataSourceLoader",
    "etl": "ETLFactory SimpleETLFactory ETLPipeline ETLResult ETLConstructionError",
    "datasource": "DataClassification BaseDataSource DataSource",
    "datamanager": "DataManager StatelessDataManager StatefulDataManager",
}


@pytest.mark.parametrize("module", MODULES)
def test_module_offers_its_names(module: str) -> None:
    """Every name a user's project imports is in its module and at the top level of the package."""
    found = __import__(f"algomancy_data.{module}", fromlist=["x"])
    for name in MODULES[module].split():
        assert getattr(found, name) is getattr(algomancy_data, name)
        assert name in algomancy_data.__all__


def test_package_import_leaves_heavy_libraries_out() -> None:
    """Importing the package and all its modules imports neither pandas nor what comes with it."""
    code = (
        "import sys, pkgutil, importlib, algomancy_data\n"
        "for m in pkgutil.walk_packages(algomancy_data.__path__, 'algomancy_data.'): importlib.import_module(m.name)\n"
        "print([m for m in ('pandas', 'numpy', 'openpyxl', 'cloudpickle') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
