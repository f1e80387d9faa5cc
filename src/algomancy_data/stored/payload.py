"""A whole dataset in JSON, as `DataSource.to_json` writes it (contract DAT-2): checked, read and put in canonical form.

The canonical form has a fixed order of members and no white space; the cells stay as they were sent. So what a client
posts is what the next one gets, and whoever reads the canonical form and writes it again gets the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from algomancy_data.encoding import decode_json, encode_json, without_nan
from algomancy_data.stored.sent_tables import SentTable, canonical_table, read_frame
from algomancy_data.stored.tables import write_table
from algomancy_utils.runtime import utc_now

if TYPE_CHECKING:
    import pandas as pd


class DataClassification(StrEnum):
    """Where a dataset comes from."""

    MASTER_DATA = "master_data"
    """From raw files, through the ETL pipeline."""
    DERIVED_DATA = "derived_data"
    """Made from another dataset."""
    DUMMY_DATA = "dummy_data"
    """Made up, for trying things out."""


TableT = TypeVar("TableT")

_SUBJECT = "The JSON is no dataset"


@dataclass(frozen=True)
class Metadata:
    """What is known of a dataset besides its tables.

    Attributes:
        id: Its identifier.
        name: Its name.
        ds_type: Where it comes from.
        creation_datetime: When it was made, in ISO 8601, as it was sent.
        tables: The names of its tables, in order.
    """

    id: str
    name: str
    ds_type: DataClassification
    creation_datetime: str
    tables: tuple[str, ...]

    def to_json(self) -> bytes:
        """Encode the start of the document, up to where its tables begin."""
        members = {
            "id": self.id,
            "name": self.name,
            "type": self.ds_type.value,
            "creation_datetime": self.creation_datetime,
            "tables": self.tables,
        }
        return b'{"metadata":' + encode_json(members) + b',"tables":'


def write_dataset(metadata: Metadata, tables: Mapping[str, pd.DataFrame]) -> bytes:
    """Encode a dataset in canonical form.

    Raises:
        ValueError: A table has two columns of one name, or a value cannot be said in JSON.
    """
    return _put_together(metadata, ((str(name), write_table(frame, str(name))) for name, frame in tables.items()))


def read_tables(text: bytes | str) -> tuple[Metadata, dict[str, pd.DataFrame]]:
    """Read a dataset.

    Raises:
        ValueError: The text is no dataset; the message says why.
    """
    return _tables(text, read_frame)


def canonical(text: bytes | str) -> tuple[Metadata, bytes]:
    """Check a dataset and put it in canonical form, without making its tables.

    Raises:
        ValueError: The text is no dataset; the message says why.
    """
    metadata, tables = _tables(text, canonical_table)
    return metadata, _put_together(metadata, tables.items())


def canonical_unless_same(text: bytes | str) -> tuple[Metadata, bytes | None]:
    """Do what `canonical` does, but return None for a text that is in canonical form already.

    So another process need not send back what this one has.
    """
    metadata, form = canonical(text)
    return metadata, None if form == text else form


def with_metadata(text: bytes, old: Metadata, new: Metadata) -> bytes:
    """Give a dataset in canonical form other metadata, without reading it.

    Args:
        text: The dataset, in canonical form.
        old: The metadata it has.
        new: The metadata it is to have; its tables must be the same.
    """
    return new.to_json() + text[len(old.to_json()) :]


def parse_creation_datetime(text: str) -> datetime:
    """Read the time a dataset was made.

    Raises:
        ValueError: It is no ISO 8601 time.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_SUBJECT}: metadata.creation_datetime must be an ISO 8601 time.") from None


def _put_together(metadata: Metadata, tables: Iterable[tuple[str, Iterable[bytes]]]) -> bytes:
    """Return the JSON of a dataset whose tables come in pieces; unlike a join this never holds it twice."""
    text = io.BytesIO()
    text.write(metadata.to_json() + b"{")
    for number, (name, pieces) in enumerate(tables):
        text.write((b"," if number else b"") + encode_json(name) + b":")
        text.writelines(pieces)
    text.write(b"}}")
    return text.getvalue()


class _Document(msgspec.Struct):
    tables: dict[str, SentTable]
    metadata: msgspec.Raw = msgspec.Raw(b"null")


def _tables(text: bytes | str, make: Callable[[SentTable, str], TableT]) -> tuple[Metadata, dict[str, TableT]]:
    """Take a dataset apart and make something of each table."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    try:
        try:
            document = msgspec.json.decode(data, type=_Document)
        except msgspec.ValidationError:
            if (problem := _what_is_wrong(msgspec.json.decode(data))) is not None:
                raise ValueError(problem) from None
            document = msgspec.json.decode(_last_of_equal_keys(data), type=_Document)
        metadata = _parse_metadata(decode_json(bytes(document.metadata)), document.tables)
        return metadata, {name: make(document.tables[name], name) for name in metadata.tables}
    except (msgspec.DecodeError, RecursionError) as error:
        # A missing cell may read `NaN`, as Algomancy's own `to_json` writes it.
        if (clean := without_nan(data)) != data:
            return _tables(clean, make)
        decode_json(data)  # words what is wrong
        raise ValueError(f"The text is not valid JSON: {error}.") from None


def _what_is_wrong(document: object) -> str | None:
    """Say why a JSON value is no dataset; None where only a member that another one of its key replaces is wrong."""
    if not isinstance(document, dict):
        return f"{_SUBJECT}: it must be an object with metadata and tables."
    tables = document.get("tables")
    if not isinstance(tables, dict):
        return f"{_SUBJECT}: 'tables', an object, is missing."
    wrong = next(
        (name for name, table in tables.items() if type(table) is not dict or type(table.get("data")) is not list), None
    )
    if wrong is None:
        return None
    if isinstance(tables[wrong], dict):
        return f"Table '{wrong}' needs 'data', a list."
    return f"Table '{wrong}' must be an object with data, columns, dtypes and index."


def _last_of_equal_keys(data: bytes) -> bytes:
    """Return the text of a dataset with the last of members of one key alone; cells stay as they are."""
    decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    members = decode(data)
    tables = {name: decode(table) for name, table in decode(members["tables"]).items()}
    return msgspec.json.encode(members | {"tables": tables})


def _parse_metadata(members: object, tables: Mapping[str, Any]) -> Metadata:
    if not isinstance(members, dict):
        raise ValueError(f"{_SUBJECT}: 'metadata', an object, is missing.")
    texts = {}
    # A dataset of which nobody knows when it was made is as old as its arrival.
    known = dict(members)
    if known.get("creation_datetime") is None:
        known["creation_datetime"] = utc_now().isoformat()
    for member in ("id", "name", "type", "creation_datetime"):
        text = known.get(member)
        if not isinstance(text, str) or not text:
            raise ValueError(f"{_SUBJECT}: metadata.{member}, a text, is missing.")
        texts[member] = text
    if texts["type"] not in list(DataClassification):
        raise ValueError(f"{_SUBJECT}: metadata.type must be one of {', '.join(DataClassification)}.")
    parse_creation_datetime(texts["creation_datetime"])
    names = members.get("tables", list(tables))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{_SUBJECT}: metadata.tables must be a list of names.")
    if len(names) != len(set(names)) or set(names) != set(tables):
        raise ValueError(f"{_SUBJECT}: metadata.tables must list exactly the members of 'tables'.")
    return Metadata(
        texts["id"], texts["name"], DataClassification(texts["type"]), texts["creation_datetime"], tuple(names)
    )
