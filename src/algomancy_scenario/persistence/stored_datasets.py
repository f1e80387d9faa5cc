"""The datasets in a store: read when somebody asks for them, quickly where they are as this server wrote them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import orjson

from algomancy_data import BaseDataSource, DataClassification, Dataset, DataSource
from algomancy_data.stored.payload import Metadata
from algomancy_scenario.persistence.cache import Cache, Kept

_CHECKED_BYTES = 8 << 20
HEAD = b'{"metadata":{"id":'
"""How a document in canonical form begins, which is the one that servers write."""

_HEAD_CHARACTERS = 1 << 20

_TABLES_PER_JSON = 2
"""How much more memory tables take than their JSON has bytes, about."""


class StoredDataset(Dataset):
    """A dataset whose JSON is in a store, and in memory as long as the cache has room. Any thread may use it.

    Args:
        key: The key it is kept under.
        ds_id: Its identifier.
        ds_type: Where it comes from.
        data_object_type: Its class.
        cache: The cache.
        read: Reads its JSON.
        json: Its JSON, where it is at hand.
    """

    def __init__(
        self,
        key: str,
        ds_id: str,
        ds_type: DataClassification,
        data_object_type: type[BaseDataSource],
        cache: Cache,
        read: Callable[[], bytes],
        json: bytes | None = None,
    ) -> None:
        # Not the constructor of `Dataset`: it wants the data, or JSON, and keeps it.
        self.key = key
        self.id = ds_id
        self.ds_type = ds_type
        self._lock = threading.Lock()
        self._data_object_type = data_object_type
        self._read = read
        self._kept_json: Kept[bytes] = Kept(cache)
        self._kept_source: Kept[BaseDataSource] = Kept(cache)
        if json is not None:
            self._kept_json.put(json, len(json))

    @property
    def source(self) -> BaseDataSource:
        """The data source, made of the JSON when it is asked for."""
        with self._lock:
            return self._kept_source.get(lambda: self._open().source, lambda _: _TABLES_PER_JSON * len(self.json))

    @property
    def json(self) -> bytes:
        """The JSON in UTF-8, read when it is asked for."""
        return self._kept_json.get(self._read, len)

    def derive(self, new_key: str) -> Dataset:
        """Return an independent copy with a new id, classified as derived data.

        Args:
            new_key: The key and name of the copy.
        """
        return self._open().derive(new_key)

    def _open(self) -> Dataset:
        dataset = open_stored(self.json, self._data_object_type)
        dataset.key = self.key
        return dataset


def open_stored(document: bytes, data_object_type: type[BaseDataSource]) -> Dataset:
    """Make a dataset of a stored document, under its name.

    A document in the canonical form is kept as it is, its tables are made when somebody wants them. One of more than
    8 MiB is then not read in full: files of that size appear whole or not at all, for they are renamed into place.

    Args:
        document: The document.
        data_object_type: The class of the datasets.

    Raises:
        ValueError: It is no such document. Of other classes than `DataSource`, whatever their `from_json` raises.
    """
    metadata = _canonical_metadata(document) if data_object_type is DataSource else None
    if metadata is None:
        return Dataset.of_json(document, data_object_type)
    if len(document) <= _CHECKED_BYTES:
        orjson.loads(document)
    return Dataset(metadata.name, metadata.id, metadata.ds_type, json=document, metadata=metadata)


def _canonical_metadata(document: bytes) -> Metadata | None:
    """Return the metadata of a document in canonical form, `None` when it is in another."""
    head = document[:_HEAD_CHARACTERS].decode("utf-8", "ignore")
    if not document.startswith(HEAD) or not document.endswith(b"}}"):
        return None
    try:
        members, _ = json.JSONDecoder().raw_decode(head, head.index(":") + 1)
        metadata = Metadata(
            id=members["id"],
            name=members["name"],
            ds_type=DataClassification(members["type"]),
            creation_datetime=members["creation_datetime"],
            tables=tuple(members["tables"]),
        )
    except (ValueError, TypeError, KeyError):
        return None
    # Writing it again tells the canonical form from any other way to say the same.
    return metadata if document.startswith(metadata.to_json() + b"{") else None
