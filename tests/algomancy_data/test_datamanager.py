"""Data managers."""

from __future__ import annotations

import json
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
    Loader,
    ReadLimits,
    Schema,
    SimpleETLFactory,
    StatefulDataManager,
    StatelessDataManager,
)
from algomancy_utils.errors import NotFoundError, TooLargeError


class ItemSchema(Schema):
    """Items."""

    _FILENAME = "items"
    ITEM = Column("item", DataType.STRING, primary_key=True)


class Disk:
    """A store that remembers what it was told."""

    def __init__(self) -> None:
        self.datasets: dict[str, bytes] = {}
        self.broken = False

    def save_dataset(self, key: str, json: bytes) -> None:
        """Keep it, or fail."""
        if self.broken:
            raise OSError("disk full")
        self.datasets[key] = json

    def delete_dataset(self, key: str) -> None:
        """Forget it, or fail."""
        if self.broken:
            raise OSError("disk full")
        self.datasets.pop(key, None)


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
    assert manager.get_data_as_json("Master data") == source.to_json()
    assert manager.get_data_as_bytes("Master data") is manager.get_data_as_bytes("Master data")
    manager.store_data_as_json("Master data")
    manager.delete_data("Master data")
    assert manager.get_data_keys() == []
    assert not manager.has_data("Master data")


@pytest.mark.parametrize(
    "call",
    [
        lambda manager: manager.get_data("x"),
        lambda manager: manager.get_dataset("x"),
        lambda manager: manager.get_data_as_json("x"),
        lambda manager: manager.get_data_as_bytes("x"),
        lambda manager: manager.delete_data("x"),
        lambda manager: manager.derive_data("x", "y"),
        lambda manager: manager.store_data_as_json("x"),
    ],
    ids=["object", "dataset", "text", "bytes", "delete", "derive", "store"],
)
def test_manager_names_a_dataset_that_is_not_there(manager: DataManager, call: Any) -> None:
    """Asking for a dataset that is not there says so by its key."""
    with pytest.raises(NotFoundError, match="Dataset 'x' does not exist; there are: 'Master data'"):
        call(manager)


def test_manager_derives_an_independent_copy(manager: DataManager) -> None:
    """A derived dataset has the same tables, a new id and type; preparing it changes nothing."""
    prepared = manager.prepare_derived("Master data", "Copy")
    assert manager.get_data_keys() == ["Master data"]
    assert prepared.ds_type is DataClassification.DERIVED_DATA
    manager.derive_data("Master data", "Copy")
    one, other = (json.loads(manager.get_data_as_json(key)) for key in ("Master data", "Copy"))
    assert one["tables"] == other["tables"]
    assert one["metadata"]["id"] != other["metadata"]["id"]


def test_manager_adds_datasets_from_json(manager: DataManager) -> None:
    """A payload is kept under its name, replaces another of that name, and reads the same when asked for."""
    text = _source("From outside").to_json()
    assert manager.prepare_from_json(text).key == "From outside"
    assert not manager.has_data("From outside")
    manager.add_datasource_from_json(text)
    assert manager.get_data_as_json("From outside") == text
    other = _source("From outside").to_json_bytes()
    manager.add_datasource_from_json(other)
    assert manager.get_data_as_bytes("From outside") == other
    assert manager.get_data_keys() == ["Master data", "From outside"]


@pytest.mark.parametrize("payload", ["", b"", "{", "[]", b"\xff", "null"])
def test_manager_refuses_json_that_is_no_dataset(manager: DataManager, payload: str | bytes) -> None:
    """JSON that is no dataset is refused in words and nothing is kept."""
    with pytest.raises(ValueError, match="JSON"):
        manager.add_datasource_from_json(payload)
    assert manager.get_data_keys() == ["Master data"]


@pytest.mark.parametrize("key", ["", "..", "a/b", "from-json", "x" * 256])
def test_manager_refuses_keys_that_cannot_be(manager: DataManager, key: str) -> None:
    """No way of adding a dataset takes a key that may not be one (contract DAT-9)."""
    calls: list[Any] = [
        lambda: manager.set_data(key, _source()),
        lambda: manager.derive_data("Master data", key),
        lambda: manager.etl_data([CSVFile("items", content="item\na\n")], key),
        lambda: manager.put(Dataset.of_source(_source(), key)),
        lambda: manager.add_datasource_from_json(_source(key).to_json()),
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
    assert result.datasource.name == "New"


def test_manager_keeps_nothing_of_etl_that_failed(manager: DataManager) -> None:
    """A run that does not pass validation leaves an existing dataset as it is."""
    before = manager.get_data_as_json("Master data")
    result = manager.etl_data([CSVFile("items", content="item\na\na\n")], "Master data")
    assert not result.is_success
    assert manager.get_data_as_json("Master data") == before


class _Giving(Loader):
    given: Any

    def load(self, name: str, data: dict[str, pd.DataFrame], *_: Any) -> DataSource:
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
    manager.add_datasource_from_json(_source().to_json())
    assert type(manager.get_data("Master data")) is Own


def test_stateful_manager_writes_through_first() -> None:
    """Every change is in the store before it shows, and does not show when the store fails."""
    disk = Disk()
    manager = StatefulDataManager(SimpleETLFactory, [ItemSchema], store=disk)
    manager.set_data("a", _source())
    manager.derive_data("a", "b")
    assert {key: manager.get_data_as_bytes(key) for key in "ab"} == disk.datasets
    disk.broken = True
    for change in (lambda: manager.set_data("c", _source()), lambda: manager.delete_data("a")):
        with pytest.raises(OSError, match="disk full"):
            change()
    assert manager.get_data_keys() == ["a", "b"]
    disk.broken = False
    manager.delete_data("a")
    assert list(disk.datasets) == ["b"]
    disk.datasets.clear()
    manager.store_data_as_json("b")
    assert list(disk.datasets) == ["b"]
    with pytest.raises(NotFoundError):
        manager.delete_data("a")


def test_stateful_manager_adopts_what_the_store_has() -> None:
    """A dataset found at start is kept without being written again."""
    disk = Disk()
    disk.broken = True
    manager = StatefulDataManager(SimpleETLFactory, [ItemSchema], store=disk)
    manager.adopt(Dataset.of_json(_source().to_json()))
    assert manager.get_data_keys() == ["Master data"]
