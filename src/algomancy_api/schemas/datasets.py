"""Datasets, as a server writes them and as it takes them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from algomancy_api.schemas.fields import DatasetKey, JsonObject, Model, Moment


class DataClassification(StrEnum):
    """Where a dataset comes from: loaded, derived from another, or made up."""

    MASTER_DATA = "master_data"
    DERIVED_DATA = "derived_data"
    DUMMY_DATA = "dummy_data"


def _without_default(schema: dict[str, Any]) -> None:
    """Leave out a default of null, which generators take for a mistake."""
    schema.pop("default", None)


class DatasetPayloadMetadata(Model):
    """What a dataset is that is sent: less has to be said than a server says."""

    id: str = Field(min_length=1)
    """Identifier (a UUID) of this content."""
    name: DatasetKey
    """The dataset's key: 1 to 255 characters without `/` and control characters; not `.`, `..` or `from-json`."""
    type: DataClassification
    """Where the dataset comes from."""
    creation_datetime: Moment | None = Field(default=None, json_schema_extra=_without_default)
    """When the dataset was made, in ISO 8601; now when left out or null."""
    tables: list[str] = Field(default_factory=list)
    """Names of its tables; those of `tables` when left out."""


class DatasetMetadata(DatasetPayloadMetadata):
    """What a dataset is."""

    creation_datetime: Moment
    """When the dataset was made, in ISO 8601."""
    tables: list[str]
    """Names of its tables."""


class Table(Model):
    """A table: rows, with what is needed to rebuild their types."""

    data: list[JsonObject]
    """Row objects: the value of each column by its name; null where there is none."""
    columns: list[str]
    """Names of the columns, in order."""
    dtypes: dict[str, str]
    """The pandas dtype of each column, by its name."""
    index: list[Any]
    """The label of each row: as many as there are rows."""


class Dataset(Model):
    """A dataset with all its rows, as `DataSource.to_json()` writes it."""

    metadata: DatasetMetadata
    """What the dataset is."""
    tables: dict[str, Table]
    """The tables by name."""


class TablePayload(Table):
    """A table that is sent."""

    dtypes: dict[str, str] = Field(default_factory=dict)
    """The pandas dtype of each column, by its name; told from the values when left out."""


class DatasetPayload(Model):
    """A dataset to be added: what reading one returns, or any other text of `DataSource.to_json()`."""

    metadata: DatasetPayloadMetadata
    """What the dataset is."""
    tables: dict[str, TablePayload]
    """The tables by name."""
