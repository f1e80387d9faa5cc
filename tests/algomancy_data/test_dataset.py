"""Datasets as a data manager keeps them."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd
import pytest

from algomancy_data import DataClassification, Dataset, DataSource, check_dataset_key
from algomancy_data.reading.offload import INLINE_BYTES


class Own(DataSource):
    """A user's data source."""


def _source() -> DataSource:
    source = DataSource(DataClassification.MASTER_DATA, "n")
    source.add_table("t", pd.DataFrame({"a": [1, 2]}))
    return source


def _sent(**metadata: Any) -> bytes:
    table = {"data": [{"d": "2025-01-02"}], "columns": ["d"], "dtypes": {"d": "datetime64[us]"}, "index": [0]}
    known = {"id": "1", "name": "n", "type": "dummy_data", "creation_datetime": "2025-01-02", "tables": ["t"]}
    return json.dumps({"metadata": known | metadata, "tables": {"t": table}}, indent=1).encode()


def test_dataset_of_a_source_is_encoded_once() -> None:
    """The JSON is made when first asked for and kept."""
    source = _source()
    dataset = Dataset.of_source(source)
    assert (dataset.key, dataset.id, dataset.ds_type) == ("n", source.id, "master_data")
    assert dataset.source is source
    assert dataset.json == source.to_json_bytes()
    assert dataset.json is dataset.json
    assert Dataset.of_source(source, "other").key == "other"


def test_dataset_of_json_is_read_when_asked_for() -> None:
    """The tables are made when first asked for and kept; the JSON stays as it was sent."""
    dataset = Dataset.of_json(_sent())
    assert (dataset.key, dataset.id, dataset.ds_type) == ("n", "1", "dummy_data")
    assert json.loads(dataset.json) == json.loads(_sent())
    source = dataset.source
    assert isinstance(source, DataSource)
    assert source.tables["t"]["d"].tolist() == [pd.Timestamp("2025-01-02")]
    assert dataset.source is source
    assert Dataset.of_json(_sent(), key="k").key == "k"


def test_dataset_of_a_users_class_is_made_at_once() -> None:
    """A user's class reads its JSON in the calling thread, from text."""
    threads = []

    class Watching(DataSource):
        @classmethod
        def from_json(cls, text: str | bytes) -> Watching:
            assert isinstance(text, str)
            threads.append(threading.current_thread())
            return super().from_json(text)

    dataset = Dataset.of_json(_sent(), Watching)
    assert type(dataset.source) is Watching
    assert threads == [threading.current_thread()]
    with pytest.raises(ValueError, match="not valid UTF-8"):
        Dataset.of_json(b"\xff", Own)


def test_dataset_is_made_once_by_many_threads(large_source: DataSource) -> None:
    """Threads that ask at the same time get one and the same object."""
    dataset = Dataset.of_json(large_source.to_json_bytes())
    with ThreadPoolExecutor(8) as pool:
        sources = list(pool.map(lambda _: dataset.source, range(16)))
    assert len(set(map(id, sources))) == 1


def test_dataset_of_a_large_json_equals_the_one_it_was_written_from(large_source: DataSource) -> None:
    """What is parsed in the worker process is what would be parsed here."""
    text = large_source.to_json_bytes()
    assert len(text) > INLINE_BYTES
    dataset = Dataset.of_json(text)
    assert dataset.json == text
    source = dataset.source
    assert isinstance(source, DataSource)
    pd.testing.assert_frame_equal(source.tables["t"], large_source.tables["t"], check_freq=False)
    assert source.to_json_bytes() == text


@pytest.mark.parametrize("loaded", [False, True], ids=["unread", "read"])
def test_dataset_derived_says_the_same_in_json(loaded: bool) -> None:
    """A copy of a dataset in JSON has the cells as they were sent, an id of its own, and metadata that agree."""
    dataset = Dataset.of_json(_sent())
    if loaded:
        assert dataset.source.name == "n"
    derived = dataset.derive("new")
    found = json.loads(derived.json)
    assert found["tables"] == json.loads(_sent())["tables"]
    assert found["metadata"]["name"] == derived.key == derived.source.name == "new"
    assert found["metadata"]["type"] == derived.ds_type == derived.source.ds_type == "derived_data"
    assert found["metadata"]["id"] == derived.id == derived.source.id != "1"
    assert isinstance(derived.source, DataSource)
    assert found["metadata"]["creation_datetime"] == derived.source.stored_metadata().creation_datetime
    assert Dataset.of_json(derived.json).json == derived.json
    again = derived.derive("third")
    assert json.loads(again.json)["metadata"]["name"] == "third"
    assert json.loads(again.json)["tables"] == found["tables"]


def test_dataset_derived_of_a_source_shares_no_tables() -> None:
    """A copy of a dataset that was never JSON is made of its data source, whatever its class."""
    source = Own(DataClassification.MASTER_DATA, "n")
    source.add_table("t", pd.DataFrame({"a": [1, 2]}))
    dataset = Dataset.of_source(source)
    derived = dataset.derive("new")
    assert type(derived.source) is Own
    assert json.loads(derived.json)["tables"] == json.loads(dataset.json)["tables"]
    derived.source.tables["t"].loc[0, "a"] = 9
    assert source.tables["t"]["a"].tolist() == [1, 2]


def test_dataset_needs_something_to_hold() -> None:
    """A dataset of nothing is refused."""
    with pytest.raises(ValueError, match="needs a data source"):
        Dataset("k", "1", DataClassification.DUMMY_DATA)


@pytest.mark.parametrize(
    "key",
    ["Master data", "x", "...", "a.b", "日本語", "x" * 255, " a ", "from-json2", "\u202eabc", "a\\b", "%2e%2e", "é"],
)
def test_dataset_key_of_any_other_characters_is_taken(key: str) -> None:
    """A key may hold whatever is neither a slash nor a control character, unless it is nothing but blanks."""
    assert check_dataset_key(key) is key


@pytest.mark.parametrize(
    ("key", "fragment"),
    [
        ("", "blank"),
        (" \u2003", "blank"),
        (".", "reserved"),
        ("..", "reserved"),
        ("from-json", "reserved"),
        ("a/b", "slash"),
        ("x" * 256, "at most 255 characters, got 256"),
        ("a\nb", "control"),
        ("a\x00", "control"),
        ("\x7f", "control"),
        ("a\x85", "control"),
        ("\ud800", "control"),
        (None, "text"),
        (3, "text"),
    ],
)
def test_dataset_key_is_refused_with_the_reason(key: Any, fragment: str) -> None:
    """A key that cannot stand in a URL, or is too long, is refused with a message that says why."""
    with pytest.raises(ValueError, match=fragment):
        check_dataset_key(key)
