"""Data managers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from algomancy_data import (
    Column,
    CSVFile,
    DataClassification,
    DataManager,
    Dataset,
    DataSource,
    DataType,
    ETLConstructionError,
    FileExtension,
    Loader,
    ReadLimits,
    Schema,
    SchemaType,
    SimpleETLFactory,
    StatefulDataManager,
    StatelessDataManager,
)
from algomancy_utils import Logger
from algomancy_utils.errors import NotFoundError, TooLargeError


class ItemSchema(Schema):
    """Items."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    ITEM = Column("item", DataType.STRING, primary_key=True)


def _source(name: str = "Master data") -> DataSource:
    source = DataSource(DataClassification.MASTER_DATA, name)
    source.add_table("t", pd.DataFrame({"a": [1, 2]}))
    return source


def _manager(**options: Any) -> DataManager:
    return StatelessDataManager(SimpleETLFactory, [ItemSchema], **options)


@pytest.fixture
def manager() -> DataManager:
    """A manager with one dataset."""
    manager = _manager()
    manager.set_data("Master data", _source())
    return manager


def test_manager_gives_what_it_was_given(manager: DataManager) -> None:
    """A dataset is listed, found as object, as text and as bytes, and gone once deleted."""
    assert manager.get_data_keys() == ["Master data"]
    assert manager.has_data("Master data")
    source = manager.get_data("Master data")
    assert isinstance(source, DataSource)
    assert manager.get_dataset("Master data").json == source.to_json_bytes()
    assert manager.data_object_type is DataSource
    assert manager.get_data("x") is None
    manager.add_data_source(_source("Other"))
    assert manager.get_data_keys() == ["Master data", "Other"]
    manager.delete_data("Other")
    manager.delete_data("Master data")
    assert manager.get_data_keys() == []
    assert not manager.has_data("Master data")


@pytest.mark.parametrize(
    "call",
    [
        lambda manager: manager.get_dataset("x"),
        lambda manager: manager.prepare_derived("x", "y"),
        lambda manager: manager.delete_data("x"),
        lambda manager: manager.derive_data(existing_key="x", derived_key="y"),
    ],
    ids=["dataset", "prepare", "delete", "derive"],
)
def test_manager_names_a_dataset_that_is_not_there(manager: DataManager, call: Any) -> None:
    """Asking for a dataset that is not there says so by its key."""
    with pytest.raises((NotFoundError, AssertionError), match="Dataset 'x' does not exist; there are: 'Master data'"):
        call(manager)


def test_manager_derives_an_independent_copy(manager: DataManager) -> None:
    """A derived dataset has the same tables, a new id and type; preparing it changes nothing."""
    prepared = manager.prepare_derived("Master data", "Copy")
    assert manager.get_data_keys() == ["Master data"]
    assert prepared.ds_type is DataClassification.DERIVED_DATA
    manager.derive_data("Master data", "Copy")
    one, other = (json.loads(manager.get_dataset(key).json) for key in ("Master data", "Copy"))
    assert one["tables"] == other["tables"]
    assert one["metadata"]["id"] != other["metadata"]["id"]
    with pytest.raises(AssertionError, match="'Copy' exists already"):
        manager.derive_data("Master data", "Copy")


def test_manager_adds_datasets_from_json(manager: DataManager) -> None:
    """A payload is kept under its name, replaces another of that name, and reads the same when asked for."""
    text = _source("From outside").to_json()
    assert manager.prepare_from_json(text).key == "From outside"
    assert not manager.has_data("From outside")
    manager.put(manager.prepare_from_json(text))
    assert manager.get_dataset("From outside").json.decode() == text
    other = _source("From outside").to_json_bytes()
    manager.put(manager.prepare_from_json(other))
    assert manager.get_dataset("From outside").json == other
    assert manager.get_data_keys() == ["Master data", "From outside"]


@pytest.mark.parametrize("payload", ["", b"", "{", "[]", b"\xff", "null"])
def test_manager_refuses_json_that_is_no_dataset(manager: DataManager, payload: str | bytes) -> None:
    """JSON that is no dataset is refused in words and nothing is kept."""
    with pytest.raises(ValueError, match="JSON"):
        manager.prepare_from_json(payload)
    assert manager.get_data_keys() == ["Master data"]


@pytest.mark.parametrize("key", ["", "..", "a/b", "from-json", "x" * 256])
def test_manager_refuses_keys_that_cannot_be(manager: DataManager, key: str) -> None:
    """No way of adding a dataset takes a key that may not be one (contract DAT-9)."""
    calls: list[Any] = [
        lambda: manager.set_data(key, _source()),
        lambda: manager.derive_data("Master data", key),
        lambda: manager.etl_data([CSVFile("items", content="item\na\n")], key),
        lambda: manager.put(Dataset.of_source(_source(), key)),
        lambda: manager.prepare_from_json(_source(key).to_json()),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"key|named|name"):
            call()
    assert manager.get_data_keys() == ["Master data"]


def test_manager_runs_etl_and_keeps_what_passed(manager: DataManager) -> None:
    """A run that succeeds is kept under the name given; preparing one keeps nothing."""
    files = {"items": CSVFile("items", content="item\na\n")}
    assert manager.prepare_etl(files, "New").is_success
    assert not manager.has_data("New")
    result = manager.etl_data(files, "New")
    assert result.is_success
    assert manager.get_data("New") is result.datasource
    assert isinstance(result.datasource, DataSource)
    assert result.datasource.name == "New"


def test_manager_keeps_nothing_of_etl_that_failed(manager: DataManager) -> None:
    """A run that does not pass validation leaves an existing dataset as it is."""
    before = manager.get_dataset("Master data").json
    schema = type("Numbers", (ItemSchema,), {"ITEM": Column("item", DataType.INTEGER)})
    strict = StatelessDataManager(SimpleETLFactory, [schema])
    strict.set_data("Master data", _source())
    result = strict.etl_data([CSVFile("items", content="item\nx\n")], "Master data")
    assert not result.is_success
    assert json.loads(strict.get_dataset("Master data").json)["tables"] == json.loads(before)["tables"]


class _Giving(Loader):
    given: Any

    def load(self, name: str, data: dict[str, pd.DataFrame], *_: Any) -> Any:
        return self.given


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([1, 2**64], r"Table 't', column 'c', row 1: The number has more than 64 bits and cannot be written as JSON\."),
        ([1j, 2j], r"Table 't', column 'c', row 0: The value is no text, number, .* and cannot be written as JSON\."),
        ([[1], [{"a": object()}]], r"Table 't', column 'c', row 1: The value at '\[0\]\.a' is no text, number"),
    ],
    ids=["huge number", "complex numbers", "nested object"],
)
def test_manager_refuses_etl_whose_tables_could_not_be_fetched(cells: list[Any], message: str) -> None:
    """What JSON cannot say is refused by table, column and row before anything is kept."""
    source = DataSource(DataClassification.MASTER_DATA, "data")
    source.add_table("t", pd.DataFrame({"fine": [None, "x"], "c": cells}))
    loader = _Giving()
    loader.given = source

    class Own(SimpleETLFactory):
        def create_loader(self) -> Loader:
            return loader

    manager = StatelessDataManager(Own, [ItemSchema])
    with pytest.raises(ValueError, match=message):
        manager.etl_data([CSVFile("items", content="item\na\n")], "data")
    with pytest.raises(ValueError, match=message):
        source.to_json()
    loader.given = None
    with pytest.raises(TypeError, match=r"The loader of dataset 'data' gave no data source but None\."):
        manager.etl_data([CSVFile("items", content="item\na\n")], "data")
    assert not manager.has_data("data")


def test_manager_applies_its_limits_to_files() -> None:
    """Files are read within the limits of the manager, whatever builds the extractors."""
    manager = _manager(limits=ReadLimits(max_rows=2))
    with pytest.raises(TooLargeError, match="at most 2 rows"):
        manager.etl_data([CSVFile("items", content="item\na\nb\nc\n")], "x")


def test_manager_takes_a_factory_as_object_too() -> None:
    """The factory may be an object; it is used as it is."""
    factory = SimpleETLFactory([ItemSchema])
    manager = StatelessDataManager(factory, [])
    assert manager.make_etl_factory() is factory
    assert manager.etl_data([CSVFile("items", content="item\na\n")], "x").is_success


def test_manager_makes_objects_of_the_class_it_was_told() -> None:
    """A payload becomes an object of the user's class."""

    class Own(DataSource):
        pass

    manager = _manager(data_object_type=Own)
    manager.put(manager.prepare_from_json(_source().to_json()))
    assert type(manager.get_data("Master data")) is Own


def test_manager_takes_keywords_as_projects_write_them() -> None:
    """The constructor has the keywords, and the order, of Algomancy's own packages."""
    logger = Logger()
    given: dict[str, Any] = {
        "etl_factory": SimpleETLFactory,
        "schemas": [ItemSchema],
        "save_type": "json",
        "data_object_type": DataSource,
    }
    manager = StatelessDataManager(**given, logger=logger)
    manager.startup()
    logger.clear()
    manager.log("noted")
    assert [each.message for each in logger.get_logs()] == ["noted"]
    by_place = StatelessDataManager(SimpleETLFactory, [ItemSchema], "json", DataSource, logger)
    assert by_place.etl_data([CSVFile("items", content="item\na\n")], "x").is_success
    assert not manager.create_validation_sequence().completed


def test_manager_prepares_files(tmp_path: Path) -> None:
    """Files come with content or with a path; the schema of the name tells the kind, else the path."""
    (tmp_path / "raw").write_text("item\na\n", "utf-8")
    (tmp_path / "more.JSON").write_text("[]", "utf-8")
    manager = _manager()
    files = manager.prepare_files(
        file_items_with_content=[("x", "csv", "data:text/csv;base64,YQ==")],
        file_items_with_path=[("items", str(tmp_path / "raw")), ("more", str(tmp_path / "more.JSON"))],
    )
    assert {name: (str(file.extension), file.content) for name, file in files.items()} == {
        "x": ("csv", "a"), "items": ("csv", "item\na\n"), "more": ("json", "[]"),
    }  # fmt: skip
    for paths in (None, [("items", str(tmp_path / "none"))]):
        with pytest.raises(ETLConstructionError, match=r"No file|File 'items' is missing"):
            manager.prepare_files(file_items_with_path=paths)


def test_manager_of_a_folder_loads_what_is_there(tmp_path: Path) -> None:
    """Datasets in JSON and folders of raw files are loaded; what is neither is left alone and told."""
    (tmp_path / "saved.json").write_text(_source("Saved").to_json(), "utf-8")
    (tmp_path / "scenarios.json").write_text("[]", "utf-8")
    (tmp_path / "employees.json").write_text("[1]", "utf-8")
    for folder, content in (("raw", "item\na\n"), ("broken", "")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "items.csv").write_text(content, "utf-8")
    before = sorted(tmp_path.rglob("*"))
    manager = StatefulDataManager(SimpleETLFactory, [ItemSchema], str(tmp_path), "json", DataSource, None)
    manager.startup()
    assert manager.get_data_keys() == ["Saved", "raw"]
    assert sorted(Path(path).name for path, _ in manager.startup_errors) == ["broken", "employees.json"]
    assert sorted(tmp_path.rglob("*")) == before
    StatefulDataManager(SimpleETLFactory, [ItemSchema], tmp_path / "none").startup()


def test_manager_of_a_folder_writes_when_it_is_asked_to(tmp_path: Path) -> None:
    """A dataset is stored as JSON or as csv files, not replaced unasked, and its files go with it."""
    manager = StatefulDataManager(SimpleETLFactory, [ItemSchema], tmp_path)
    manager.set_data("a", _source("a"))
    assert list(tmp_path.iterdir()) == []
    manager.store_data_source_as_json("a")
    with pytest.raises(AssertionError, match="'a' is stored already"):
        manager.store_data_source_as_json("a")
    manager.store_data_source_as_json("a", allow_overwrite=True)
    manager.store_data("b", {"items": pd.DataFrame({"item": ["x"]})})
    stored = manager.get_data("b")
    assert isinstance(stored, DataSource)
    assert stored.get_table("items")["item"].tolist() == ["x"]
    again = StatefulDataManager(SimpleETLFactory, [ItemSchema], tmp_path)
    again.load_data_from_file("a.json")
    again.load_data_from_dir("b")
    assert again.get_data_keys() == ["a", "b"]
    again.delete_data("a", prevent_masterdata_removal=True)
    assert (tmp_path / "a.json").exists()
    manager.delete_data("a")
    manager.delete_data("b")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotImplementedError):
        manager.store_data("c", {}, USE_OLD_VERSION=False)
