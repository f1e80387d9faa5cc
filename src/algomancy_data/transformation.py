"""What every transformer is, and running several of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger


class Transformer(ABC):
    """Changes tables in place. Subclass it and write `transform`.

    Args:
        name: What it is called in the log; the name of its class when left out.
        logger: Where to report what was done.
    """

    def __init__(self, name: str | None = None, logger: Logger | None = None) -> None:
        self.name = name or type(self).__name__
        self.logger = logger

    @abstractmethod
    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Change the tables.

        Args:
            data: The tables by name; add, replace or remove its entries.
        """


class NoopTransformer(Transformer):
    """Changes nothing."""

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Leave the tables as they are."""


class TransformationSequence:
    """Runs transformers one after the other.

    Args:
        transformers: The transformers, in order.
        logger: Where to report progress.
    """

    def __init__(self, transformers: Iterable[Transformer] | None = None, logger: Logger | None = None) -> None:
        self.transformers = list(transformers or ())
        self.logger = logger

    def add_transformer(self, transformer: Transformer) -> None:
        """Add a transformer at the end."""
        self.transformers.append(transformer)

    def add_transformers(self, transformers: Iterable[Transformer]) -> None:
        """Add transformers at the end."""
        self.transformers.extend(transformers)

    def transform(self, data: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Run the transformers over the tables, in place.

        Args:
            data: The tables by name.

        Returns:
            The same dict.
        """
        for transformer in self.transformers:
            transformer.transform(data)
        return data
