"""What every extractor is, and running several of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from algomancy_data.validation_message import MessageKeeper, ValidationMessage

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger


class ExtractionError(ValueError):
    """A file cannot be read at all; the message names it and says why."""


class Extractor(MessageKeeper, ABC):
    """Reads raw data into tables. Subclass it and write `extract`.

    What is wrong with single values is no exception: `extract` keeps it with `add_message`, and the pipeline passes it
    on.

    Args:
        logger: Where to report progress.
    """

    def __init__(self, logger: Logger | None = None) -> None:
        self.logger = logger

    @abstractmethod
    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the data.

        Returns:
            The tables by name.

        Raises:
            ExtractionError: The data cannot be read at all.
        """


class ExtractionSequence:
    """Runs extractors one after the other and gathers their tables.

    Args:
        extractors: The extractors, in order.
        logger: Where to report progress.

    Attributes:
        messages: What the extractors had to say, once they have run.
    """

    def __init__(self, extractors: Iterable[Extractor] | None = None, logger: Logger | None = None) -> None:
        self.extractors = list(extractors or ())
        self.logger = logger
        self.messages: list[ValidationMessage] = []

    def add_extractor(self, extractor: Extractor) -> None:
        """Add an extractor at the end."""
        self.extractors.append(extractor)

    def add_extractors(self, extractors: Iterable[Extractor]) -> None:
        """Add extractors at the end."""
        self.extractors.extend(extractors)

    def extract(self) -> dict[str, pd.DataFrame]:
        """Run the extractors.

        Returns:
            The tables of all of them by name.

        Raises:
            ExtractionError: Some data cannot be read at all, or two extractors make a table of one name.
        """
        self.messages = []
        tables: dict[str, pd.DataFrame] = {}
        for extractor in self.extractors:
            extractor.clear_messages()
            extracted = extractor.extract()
            extractor.flush_buffer()
            if twins := tables.keys() & extracted.keys():
                raise ExtractionError(f"Two files hold a table named '{min(twins)}'.")
            tables.update(extracted)
            self.messages.extend(extractor.messages)
            if self.logger is not None:
                for name, table in extracted.items():
                    self.logger.log(f"Table '{name}': {len(table)} rows extracted.")
        return tables
