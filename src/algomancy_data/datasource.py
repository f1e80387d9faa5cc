"""Data sources: what an algorithm is given to work on."""

from __future__ import annotations

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from algomancy_data.encoding import clean_text, decode_json, encode_json
from algomancy_data.stored.payload import (
    DataClassification,
    Metadata,
    parse_creation_datetime,
    read_tables,
    write_dataset,
)
from algomancy_data.stored.tables import as_stored, column_names
from algomancy_data.validation import ValidationMessage, ValidationSeverity
from algomancy_utils.runtime import as_utc_text, random_id, utc_now

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.baseparameterset import BaseParameterSet
    from algomancy_utils.logger import Logger

_IMMUTABLE = {str, int, float, bool, type(None), bytes}

__all__ = ["BASEDATASOURCE", "BaseDataSource", "DataClassification", "DataSource", "NoTableError"]


class NoTableError(KeyError, ValueError):
    """A dataset has no table of that name.

    Args:
        message: Which table is missing, and which there are.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class BaseDataSource(ABC):
    """A dataset of any kind. Subclass it to hold data your own way; [`DataSource`][] holds tables.

    Args:
        ds_type: Where the data comes from.
        name: Its name; `"Master Data"` when left out of such data, else empty.
        validation_messages: What the ETL pipeline had to say about it.
        ds_id: Its identifier; a fresh UUID when left out.
        creation_datetime: When it was made; now when left out.

    Raises:
        ValueError: There is no such kind of data.

    Attributes:
        ds_type: Where the data comes from.
        name: Its name; the key of a dataset in a session.
        id: Its identifier.
        creation_datetime: When it was made.
        validation_messages: What the ETL pipeline had to say about it.
    """

    def __init__(
        self,
        ds_type: DataClassification,
        name: str | None = None,
        validation_messages: Iterable[ValidationMessage] | None = None,
        ds_id: str | None = None,
        creation_datetime: datetime | None = None,
    ) -> None:
        self.ds_type = DataClassification(ds_type)
        unnamed = "Master Data" if self.is_master_data() else ""
        self.name = unnamed if name is None else name
        self.id = random_id() if ds_id is None else str(ds_id)
        self.creation_datetime = utc_now() if creation_datetime is None else creation_datetime
        self.validation_messages = list(validation_messages or ())

    @abstractmethod
    def to_json(self) -> str:
        """Write everything the data source is as JSON, for `from_json` to read."""

    @classmethod
    @abstractmethod
    def from_json(cls, json_string: str) -> BaseDataSource:
        """Read what `to_json` wrote.

        Raises:
            ValueError: The text is no such JSON.
        """

    def to_json_bytes(self) -> bytes:
        """Return `to_json` in UTF-8, made strict JSON where your `to_json` is lax (NaN becomes `null`)."""
        text = clean_text(self.to_json()).encode()
        try:
            decode_json(text)
        except ValueError:
            return encode_json(json.loads(text))
        return text

    def __eq__(self, other: object) -> bool:
        """Two data sources are equal when they have one id: they are the same dataset, at hand twice."""
        return self.id == other.id if isinstance(other, BaseDataSource) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def derive(self, new_data_key: str) -> BaseDataSource:
        """Return an independent copy with a new id and name, classified as derived data.

        Args:
            new_data_key: The name of the copy.
        """
        derived = self._duplicate()
        derived.name = new_data_key
        derived.id = random_id()
        derived.ds_type = DataClassification.DERIVED_DATA
        derived.creation_datetime = utc_now()
        derived._post_derive()
        return derived

    def view(self) -> BaseDataSource:
        """Return what to hand to an algorithm: something it may alter without altering this data source.

        A data source that cannot be copied cheaply returns itself.
        """
        return self

    def is_master_data(self) -> bool:
        """Tell whether the data comes from raw files."""
        return self.ds_type is DataClassification.MASTER_DATA

    def set_to_master_data(self) -> None:
        """Classify the data as coming from raw files."""
        self.ds_type = DataClassification.MASTER_DATA

    def initialize_data_parameters(self) -> BaseParameterSet:
        """Return the parameters a scenario may set on this data; none unless you override it."""
        from algomancy_utils.baseparameterset import EmptyParameters

        return EmptyParameters()

    def _post_derive(self) -> None:  # noqa: B027 - a hook; doing nothing is the usual case
        """Called on a copy made by `derive`, for subclasses to adapt it."""

    def _duplicate(self) -> BaseDataSource:
        return copy.deepcopy(self)


class DataSource(BaseDataSource):
    """A dataset of tables.

    In JSON it reads `{"metadata": {id, name, type, creation_datetime, tables}, "tables": {name: {data, columns, dtypes,
    index}}}`. Reading back what was written gives equal tables and writing that gives equal bytes, once `settle` has
    put in plain form what JSON has none for: the name of an index, labels that are neither numbers nor text, infinite
    numbers, categories that are intervals or times. The order of categories, and those without rows, are told in a
    member `categories`; a bound of an interval that is `null` is at infinity.

    Attributes:
        tables: Its tables by name.
    """

    _creation_text = ""

    def __init__(
        self,
        ds_type: DataClassification,
        name: str | None = None,
        validation_messages: Iterable[ValidationMessage] | None = None,
        ds_id: str | None = None,
        creation_datetime: datetime | None = None,
    ) -> None:
        super().__init__(ds_type, name, validation_messages, ds_id, creation_datetime)
        self.tables: dict[str, pd.DataFrame] = {}

    def add_table(self, name: str, df: pd.DataFrame, logger: Logger | None = None) -> None:
        """Add a table, or replace the one of that name.

        Args:
            name: Its name.
            df: The table; it must not change from now on.
            logger: Where to report it.

        Raises:
            ValueError: Two of its columns have one name.
        """
        column_names(df, name)
        self.tables[name] = df
        if logger is not None:
            logger.log(f"Table '{name}' added to dataset '{self.name}'.")

    def get_table(self, name: str) -> pd.DataFrame:
        """Return a table.

        Raises:
            KeyError: There is none of that name.
        """
        if name not in self.tables:
            raise NoTableError(
                f"Dataset '{self.name}' has no table '{name}'; it has {', '.join(self.tables) or 'none'}."
            )
        return self.tables[name]

    def list_tables(self) -> list[str]:
        """Return the names of the tables."""
        return list(self.tables)

    def to_sql_tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables as a database keeps them, by name: as they are, unless you override it."""
        return dict(self.tables)

    def from_sql_tables(self, tables: dict[str, pd.DataFrame]) -> None:
        """Add tables as `to_sql_tables` gave them."""
        self.tables.update(tables)

    def to_json(self) -> str:
        """Write the dataset in canonical form (contract DAT-2).

        Raises:
            ValueError: A table has two columns of one name, or holds a value that cannot be said in JSON.
        """
        return self._write().decode()

    def to_json_bytes(self) -> bytes:
        """Return `to_json` in UTF-8, encoded slice by slice so that other threads get their turn."""
        if type(self).to_json is not DataSource.to_json:
            return super().to_json_bytes()
        return self._write()

    def settle(self) -> list[ValidationMessage]:
        """Make the tables what they will be once they are stored and read back.

        Returns:
            A warning for each change, added to `validation_messages` as well.

        Raises:
            ValueError: A table cannot be written as JSON; the message names table, column and row.
        """
        if type(self).to_json is not DataSource.to_json:
            return []
        found = []
        for name, table in self.tables.items():
            self.tables[name], notes = as_stored(table, name)
            found += [
                ValidationMessage(ValidationSeverity.WARNING, text, name, column, None, "STORED_AS")
                for column, text in notes
            ]
        self.validation_messages += found
        return found

    @classmethod
    def from_json(cls: type[DataSourceT], json_string: str | bytes) -> DataSourceT:
        """Read what `to_json` wrote, here or in Algomancy's own packages, or a client's version of it.

        Raises:
            ValueError: It is no such JSON, or a table's rows do not fit its columns, types or index; the message names
                table and column.
        """
        metadata, tables = read_tables(json_string)
        return cls.from_tables(metadata, tables)

    def view(self) -> DataSource:
        """Return a copy whose tables share their memory with this one until either side writes."""
        view = copy.copy(self)
        view.tables = {name: _independent(table) for name, table in self.tables.items()}
        return view

    def stored_metadata(self) -> Metadata:
        """Return what is known of the dataset besides its tables, as it is stored."""
        # The text sent is kept while it says what the attribute says: there are many ways to write one time.
        text = self._creation_text
        if not text or parse_creation_datetime(text) != self.creation_datetime:
            made = self.creation_datetime
            text = made.isoformat() if made.tzinfo is None else as_utc_text(made)
        return Metadata(self.id, self.name, self.ds_type, text, tuple(map(str, self.tables)))

    @classmethod
    def from_tables(cls: type[DataSourceT], metadata: Metadata, tables: dict[str, pd.DataFrame]) -> DataSourceT:
        """Make a data source of what was read from JSON."""
        created = parse_creation_datetime(metadata.creation_datetime)
        source = cls(ds_type=metadata.ds_type, name=metadata.name, ds_id=metadata.id, creation_datetime=created)
        source._creation_text = metadata.creation_datetime
        source.tables = tables
        return source

    def _write(self) -> bytes:
        return write_dataset(self.stored_metadata(), self.tables)

    def _duplicate(self) -> DataSource:
        # Tables are copied on write; whatever else a subclass keeps is copied in full.
        memo: dict[int, Any] = {id(table): _independent(table) for table in self.tables.values()}
        return copy.deepcopy(self, memo)


def _independent(table: pd.DataFrame) -> pd.DataFrame:
    """Return a copy that shares the memory of cells until they are written, but no list or object within a cell."""
    import pandas as pd

    shared = table.copy(deep=False)
    for position, dtype in enumerate(table.dtypes):
        if dtype.kind == "O" and str(dtype) == "object":
            cells = table.iloc[:, position].tolist()
            if not set(map(type, cells)) <= _IMMUTABLE:
                # As a series: of an array pandas would make a column of times, say, where all cells are times.
                copied: Any = pd.Series(copy.deepcopy(cells), index=table.index, dtype=object)
                shared.isetitem(position, copied)
    return shared


DataSourceT = TypeVar("DataSourceT", bound=DataSource)
BASEDATASOURCE = TypeVar("BASEDATASOURCE", bound=BaseDataSource)
