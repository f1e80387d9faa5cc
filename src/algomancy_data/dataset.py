"""A dataset as a data manager keeps it: the data source, its JSON, or both, each made from the other when wanted."""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import replace

from algomancy_data.datasource import BaseDataSource, DataSource
from algomancy_data.reading.offload import give_back_freed_memory, run_by_size
from algomancy_data.stored.payload import (
    DataClassification,
    Metadata,
    canonical_unless_same,
    read_tables,
    with_metadata,
)
from algomancy_utils.runtime import as_utc_text, random_id, utc_now

MAX_KEY_LENGTH = 255
RESERVED_KEYS = frozenset({".", "..", "from-json"})
"""Keys that cannot be told from a path or a route once they stand in a URL."""

_REFUSED_CATEGORIES = ("Cc", "Cs")  # control characters, and lone surrogates, which no URL can carry


def check_dataset_key(key: object) -> str:
    """Return the key when it may name a dataset.

    Args:
        key: The key proposed.

    Returns:
        The same key.

    Raises:
        ValueError: It is no text, empty or blank, longer than 255 characters, reserved, or holds a slash or a control
            character.
    """
    if not isinstance(key, str) or not key.strip():
        raise ValueError("A dataset key must be a text that is not blank.")
    if len(key) > MAX_KEY_LENGTH:
        raise ValueError(f"A dataset key must have at most {MAX_KEY_LENGTH} characters, got {len(key)}.")
    if key in RESERVED_KEYS:
        raise ValueError(f"A dataset cannot be named '{key}': this name is reserved.")
    if "/" in key:
        raise ValueError(f"Dataset key '{key}' must not contain a slash.")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in key):
        raise ValueError("A dataset key must not contain control characters.")
    return key


class Dataset:
    """A dataset under its key. Make it with `of_source` or `of_json`; any thread may use it.

    Attributes:
        key: The key it is kept under.
        id: Its identifier.
        ds_type: Where it comes from.

    Raises:
        ValueError: The key may not name a dataset.
    """

    def __init__(
        self,
        key: str,
        ds_id: str,
        ds_type: DataClassification,
        source: BaseDataSource | None = None,
        json: bytes | None = None,
        metadata: Metadata | None = None,
    ) -> None:
        if source is None and (json is None or metadata is None):
            raise ValueError("A dataset needs a data source, or JSON and its metadata.")
        self.key = check_dataset_key(key)
        self.id = ds_id
        self.ds_type = ds_type
        self._source = source
        self._json = json
        self._metadata = metadata
        self._lock = threading.Lock()

    @classmethod
    def of_source(cls, source: BaseDataSource, key: str | None = None) -> Dataset:
        """Keep a data source.

        Args:
            source: The data source; it must not change from now on.
            key: Its key; its name when left out.
        """
        return cls(source.name if key is None else key, source.id, source.ds_type, source=source)

    @classmethod
    def of_json(
        cls, json: bytes | str, data_object_type: type[BaseDataSource] = DataSource, key: str | None = None
    ) -> Dataset:
        """Keep a dataset in JSON.

        For `DataSource` itself the JSON is checked and its tables are made when first asked for; any other class makes
        its object at once.

        Args:
            json: What `to_json` of that class wrote.
            data_object_type: The class.
            key: Its key; its name when left out.

        Raises:
            ValueError: The JSON is no such dataset; the message says why.
        """
        if data_object_type is not DataSource:
            return cls.of_source(data_object_type.from_json(_text(json)), key)
        sent = json.encode("utf-8", "surrogatepass") if isinstance(json, str) else json
        metadata, form = run_by_size(len(sent), canonical_unless_same, sent)
        text = sent if form is None else form
        return cls(metadata.name if key is None else key, metadata.id, metadata.ds_type, json=text, metadata=metadata)

    @property
    def source(self) -> BaseDataSource:
        """The data source, made of the JSON when first asked for."""
        with self._lock:
            if self._source is None:
                json = self._json or b""
                self._source = DataSource.from_tables(*run_by_size(len(json), read_tables, json))
            return self._source

    @property
    def json(self) -> bytes:
        """The JSON in UTF-8, made of the data source when first asked for."""
        with self._lock:
            if self._json is None:
                self._json = b"" if self._source is None else self._source.to_json_bytes()
                give_back_freed_memory(len(self._json))
            return self._json

    def derive(self, new_key: str) -> Dataset:
        """Return an independent copy with a new id, classified as derived data.

        Args:
            new_key: The key and name of the copy.
        """
        with self._lock:
            source, json, metadata = self._source, self._json, self._metadata
        if json is None or metadata is None:
            return Dataset.of_source(self.source.derive(new_key), new_key)
        # The JSON was sent by a client: copied as it is, its cells read the same in the copy.
        derived = None if source is None else source.derive(new_key)
        if isinstance(derived, DataSource):
            changed = derived.stored_metadata()
        else:
            changed = replace(
                metadata,
                id=random_id(),
                name=new_key,
                ds_type=DataClassification.DERIVED_DATA,
                creation_datetime=as_utc_text(utc_now()),
            )
        return Dataset(new_key, changed.id, changed.ds_type, derived, with_metadata(json, metadata, changed), changed)


def _text(json: bytes | str) -> str:
    if isinstance(json, str):
        return json
    try:
        return json.decode()
    except UnicodeDecodeError:
        raise ValueError("The JSON is not valid UTF-8.") from None
