"""Data sources as users' projects know them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from algomancy_data import BaseDataSource, DataClassification, DataSource, ValidationMessage, ValidationSeverity
from algomancy_utils.baseparameterset import BaseParameterSet


def _source(kind: type[DataSource] = DataSource) -> DataSource:
    source = kind(ds_type=DataClassification.MASTER_DATA, name="Master data")
    source.add_table("items", pd.DataFrame({"item": ["a", "b"], "tags": [["x"], None]}))
    return source


class Plan(BaseDataSource):
    """A data source that holds no tables."""

    def __init__(self, *args: Any, steps: list[float] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.steps = steps or []

    def to_json(self) -> str:
        """Write it, laxly."""
        return json.dumps({"id": self.id, "name": self.name, "type": self.ds_type, "steps": self.steps})

    @classmethod
    def from_json(cls, text: str | bytes) -> Plan:
        """Read it."""
        found = json.loads(text)
        return cls(found["type"], found["name"], ds_id=found["id"], steps=found["steps"])


def test_datasource_knows_itself() -> None:
    """A new data source has its name, a fresh id and an aware creation time, and no messages."""
    one, other = _source(), _source()
    assert one.name == "Master data"
    assert one.id != other.id
    assert one.creation_datetime.tzinfo is not None
    assert one.is_master_data()
    assert one.validation_messages == []
    assert one.initialize_data_parameters().get_parameters() == {}


def test_datasource_takes_positional_arguments_and_text_as_type() -> None:
    """The constructor takes its arguments in the documented order, and the type as text."""
    message = ValidationMessage(ValidationSeverity.INFO, "fine")
    made = datetime(2025, 1, 2)
    text: Any = "dummy_data"
    source = DataSource(text, "x", [message], "my id", made)
    assert (source.ds_type, source.name, source.validation_messages) == ("dummy_data", "x", [message])
    assert (source.id, source.creation_datetime, source.tables) == ("my id", made, {})
    assert not source.is_master_data()


def test_datasource_tables_are_added_listed_and_found() -> None:
    """Tables are found by name; one that is missing is named, with those there are."""
    source = _source()
    assert source.list_tables() == ["items"]
    assert list(source.get_table("items")["item"]) == ["a", "b"]
    with pytest.raises(ValueError, match=r"has no table 'zones'; it has items\."):
        source.get_table("zones")
    with pytest.raises(ValueError, match="more than one column named 'a'"):
        source.add_table("twins", pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_datasource_equals_another_of_its_id() -> None:
    """What is written and read back is the same dataset; what is derived is another one, and so is one made alike."""
    source = _source()
    assert DataSource.from_json(source.to_json()) == source
    assert len({DataSource.from_json(source.to_json()), source}) == 1
    assert source not in (source.derive("copy"), _source(), source.id)


def test_datasource_needs_no_name_before_it_is_kept() -> None:
    """Without a name raw data has the usual one, and any other none; a subclass may call what it keeps as it likes."""
    assert [DataSource(kind).name for kind in DataClassification] == ["Master Data", "", ""]
    source = _source()
    source.metadata = {"author": "me"}  # type: ignore[attr-defined]
    assert source.derive("copy").metadata == {"author": "me"}  # type: ignore[attr-defined]
    assert json.loads(source.to_json())["metadata"]["name"] == "Master data"


def test_datasource_json_has_the_documented_shape() -> None:
    """The JSON is that of contract DAT-2."""
    source = _source()
    assert json.loads(source.to_json()) == {
        "metadata": {
            "id": source.id,
            "name": "Master data",
            "type": "master_data",
            "creation_datetime": source.creation_datetime.isoformat().replace("+00:00", "Z"),
            "tables": ["items"],
        },
        "tables": {
            "items": {
                "data": [{"item": "a", "tags": ["x"]}, {"item": "b", "tags": None}],
                "columns": ["item", "tags"],
                "dtypes": {"item": "str", "tags": "object"},
                "index": [0, 1],
            }
        },
    }


def test_datasource_from_json_keeps_everything() -> None:
    """Reading gives an equal data source, from text and from bytes, with the creation time as it was written."""
    source = _source()
    for text in (source.to_json(), source.to_json_bytes()):
        again = DataSource.from_json(text)
        assert (again.id, again.name, again.ds_type) == (source.id, source.name, source.ds_type)
        assert again.creation_datetime == source.creation_datetime
        pd.testing.assert_frame_equal(again.get_table("items"), source.get_table("items"))


def test_datasource_creation_time_follows_the_attribute() -> None:
    """The text a creation time was sent in is kept until the attribute is changed."""
    text = _source().to_json()
    sent = json.loads(text)
    sent["metadata"]["creation_datetime"] = "2025-01-02 03:04:05Z"
    source = DataSource.from_json(json.dumps(sent))
    assert json.loads(source.to_json())["metadata"]["creation_datetime"] == "2025-01-02 03:04:05Z"
    source.creation_datetime = datetime(2026, 1, 1, tzinfo=UTC)
    assert json.loads(source.to_json())["metadata"]["creation_datetime"] == "2026-01-01T00:00:00Z"


def test_datasource_derived_is_independent() -> None:
    """A derived data source equals its origin, has an id of its own, and neither shows changes of the other."""
    source = _source()
    derived = source.derive("Copy")
    assert isinstance(derived, DataSource)
    assert (derived.name, derived.ds_type) == ("Copy", DataClassification.DERIVED_DATA)
    assert derived.id != source.id
    assert derived.creation_datetime >= source.creation_datetime
    pd.testing.assert_frame_equal(derived.tables["items"], source.tables["items"])
    derived.tables["items"].loc[0, "item"] = "changed"
    source.tables["items"].loc[1, "item"] = "changed too"
    derived.tables["more"] = pd.DataFrame()
    assert list(source.tables["items"]["item"]) == ["a", "changed too"]
    assert list(derived.tables["items"]["item"]) == ["changed", "b"]
    assert source.list_tables() == ["items"]


class Extended(DataSource):
    """A user's data source with more behaviour."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notes: list[str] = []

    def _post_derive(self) -> None:
        self.notes.append(f"derived as {self.name}")


def test_datasource_of_a_user_keeps_its_class_and_attributes() -> None:
    """A subclass survives deriving and JSON, its own attributes are copied in full, and its hook is called."""
    source: Any = _source(Extended)
    source.notes.append("first")
    derived = source.derive("Copy")
    assert type(derived) is Extended
    assert derived.notes == ["first", "derived as Copy"]
    assert source.notes == ["first"]
    assert type(Extended.from_json(source.to_json())) is Extended


class Wrapped(DataSource):
    """A user's data source that writes more JSON."""

    def to_json(self) -> str:
        """Write one more member, laxly."""
        return json.dumps(json.loads(super().to_json()) | {"score": float("nan"), "odd": "\ud800"}, ensure_ascii=False)


def test_datasource_bytes_consult_an_overridden_to_json() -> None:
    """The bytes are what a subclass's `to_json` writes, made strict."""
    found = json.loads(_source(Wrapped).to_json_bytes())
    assert found["score"] is None
    assert found["odd"] == "\ufffd"
    assert found["tables"]["items"]["index"] == [0, 1]


def test_datasource_view_shares_nothing_that_is_written() -> None:
    """What an algorithm does to its view (to what is in cells, to columns, to tables) the data source does not see."""
    source = _source()
    before = source.to_json()
    view = source.view()
    assert type(view) is DataSource
    view.tables["items"].loc[0, "item"] = "x"
    view.tables["items"]["new"] = 1
    view.tables["items"]["tags"].tolist()[0].append("y")
    view.tables["items"].pop("tags")
    view.tables["other"] = pd.DataFrame()
    view.name = "other"
    assert source.to_json() == before


def test_datasource_without_tables_works_too() -> None:
    """A subclass of the base class derives by a full copy, is its own view, and its lax JSON becomes strict bytes."""
    plan = Plan(DataClassification.MASTER_DATA, "plan", steps=[1.0, float("inf")])
    derived = plan.derive("other")
    assert isinstance(derived, Plan)
    derived.steps.append(2.0)
    assert plan.steps == [1.0, float("inf")]
    assert plan.view() is plan
    assert json.loads(plan.to_json_bytes())["steps"] == [1.0, None]
    assert isinstance(plan.initialize_data_parameters(), BaseParameterSet)


def test_datasource_base_class_cannot_be_used_itself() -> None:
    """The base class wants a subclass that says how it is written and read."""
    with pytest.raises(TypeError):
        BaseDataSource(DataClassification.MASTER_DATA, "x")  # type: ignore[abstract]


@pytest.mark.parametrize("copied", ["derive", "view"])
def test_datasource_copy_keeps_columns_of_objects(copied: str) -> None:
    """Times and durations in a column of objects are no column of times in a copy."""
    source = DataSource(DataClassification.MASTER_DATA, "d")
    for number, cell in enumerate((datetime(2025, 1, 1), timedelta(1), [1])):
        source.add_table(str(number), pd.DataFrame({"c": pd.Series([cell], dtype=object)}))
    other = source.derive("other") if copied == "derive" else source.view()
    assert isinstance(other, DataSource)
    for name, table in source.tables.items():
        pd.testing.assert_frame_equal(other.tables[name], table)


def test_datasource_settled_warns_by_table_and_column() -> None:
    """Settling tells what it changes, in the data source's own messages as well."""
    source = DataSource(DataClassification.MASTER_DATA, "d")
    source.add_table("t", pd.DataFrame({"c": [1.0, float("inf")]}))
    found = source.settle()
    assert [(m.severity.value, m.table, m.column, m.code) for m in found] == [("WARNING", "t", "c", "STORED_AS")]
    assert source.validation_messages == found
    assert source.tables["t"]["c"].isna().tolist() == [False, True]
    assert source.settle() == []
