"""Loaders: the last step of an ETL pipeline, from tables to a data source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from algomancy_data.datasource import BaseDataSource, DataClassification, DataSource

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_data.validation import ValidationMessage
    from algomancy_utils.logger import Logger


class Loader(ABC):
    """Makes a data source of tables. Subclass it to make one of your own class.

    Args:
        logger: Where to report progress.
    """

    def __init__(self, logger: Logger | None = None) -> None:
        self.logger = logger

    @abstractmethod
    def load(
        self,
        name: str,
        data: dict[str, pd.DataFrame],
        validation_messages: Iterable[ValidationMessage],
        ds_type: DataClassification = DataClassification.MASTER_DATA,
    ) -> BaseDataSource:
        """Make the data source.

        Args:
            name: Its name.
            data: The tables by name.
            validation_messages: What validation had to say.
            ds_type: Where the data comes from.
        """


class DataSourceLoader(Loader):
    """Makes a `DataSource` of the tables as they are."""

    def load(
        self,
        name: str,
        data: dict[str, pd.DataFrame],
        validation_messages: Iterable[ValidationMessage],
        ds_type: DataClassification = DataClassification.MASTER_DATA,
    ) -> DataSource:
        """Make a `DataSource` that holds the tables.

        Raises:
            ValueError: Two columns of a table have one name.
        """
        source = DataSource(ds_type=ds_type, name=name, validation_messages=validation_messages)
        for table, frame in data.items():
            source.add_table(table, frame)
        if self.logger is not None:
            self.logger.success(f"Dataset '{name}' holds {len(data)} table{'s' if len(data) != 1 else ''}.")
        return source
