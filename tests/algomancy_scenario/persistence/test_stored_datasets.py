"""Opening stored datasets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from algomancy_data import Dataset, DataSource
from algomancy_scenario.persistence import datasets
from algomancy_scenario.persistence.datasets import open_stored
from tests.algomancy_scenario.scenario_project import payload


class Mine(DataSource):
    """A class of the user's."""


@pytest.fixture
def document() -> bytes:
    """A dataset in canonical form."""
    return Dataset.of_json(payload("data")).json


def test_canonical_document_is_kept_as_it_is(document: bytes) -> None:
    """The bytes are the file's; its tables are made when somebody wants them."""
    dataset = open_stored(document, DataSource)
    assert dataset.json is document
    assert (dataset.key, dataset.id, dataset.ds_type) == ("data", "id-1", "master_data")
    assert dataset.source.name == "data"
    assert dataset.derive("new").id != "id-1"


def test_document_in_another_form_is_read_in_full() -> None:
    """White space and another order of members are fine."""
    content = json.loads(payload("data"))
    document = json.dumps(dict(reversed(content.items())), indent=1).encode()
    dataset = open_stored(document, DataSource)
    assert json.loads(dataset.json) == content
    assert isinstance(dataset.source, DataSource)
    assert dataset.source.get_table("items")["id"].tolist() == [1]


def test_document_of_the_users_class_becomes_its_object(document: bytes) -> None:
    """A class of one's own reads its documents itself."""
    assert type(open_stored(document, Mine).source) is Mine


@pytest.mark.parametrize("limit", [0, 8 << 20], ids=["large", "small"])
@pytest.mark.parametrize("damage", ["cut", "middle", "empty", "list"])
def test_damaged_document_is_refused(damage: str, limit: int, document: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A truncated document is refused whatever its size; one damaged inside, when it is small enough to be read."""
    monkeypatch.setattr(datasets, "_CHECKED_BYTES", limit)
    damaged: Any = {
        "cut": document[:-20],
        "middle": document.replace(b'"columns"', b"columns"),
        "empty": b"",
        "list": b"[]",
    }[damage]
    if damage == "middle" and limit == 0:
        with pytest.raises(ValueError, match="JSON"):
            _ = open_stored(damaged, DataSource).source
    else:
        with pytest.raises(ValueError, match=r"\w"):
            open_stored(damaged, DataSource)
