"""Opens the datasets found in a store, quickly where they are as this server wrote them."""

from __future__ import annotations

import json

import orjson

from algomancy_data import BaseDataSource, DataClassification, Dataset, DataSource
from algomancy_data.stored.payload import Metadata

_CHECKED_BYTES = 8 << 20
HEAD = b'{"metadata":{"id":'
"""How a document in canonical form begins, which is the one that servers write."""

_HEAD_CHARACTERS = 1 << 20


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
