"""What every transformer is, and running several of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from algomancy_data.validation import ValidationMessage

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger


class Transformer(ABC):
    """Changes tables in place. Subclass it and write `transform`.

    Args:
        name: What it is called.
        logger: Where to report what was done.

    Attributes:
        name: What it is called.
        messages: What there is to say of the change; the pipeline adds them to those of validation.
    """

    def __init__(self, name: str = "Abstract Transformer", logger: Logger | None = None) -> None:
        self.name = name
        self.messages: list[ValidationMessage] = []
        self._logger = logger

    @abstractmethod
    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Change the tables.

        Args:
            data: The tables by name; add, replace or remove its entries.
        """


class TransformationSequence:
    """Runs transformers one after the other.

    Args:
        transformers: The transformers, in order.
        logger: Where to report progress.
    """

    def __init__(self, transformers: Iterable[Transformer] | None = None, logger: Logger | None = None) -> None:
        self._transformers = list(transformers or ())
        self._logger = logger

    def add_transformer(self, transformer: Transformer) -> None:
        """Add a transformer at the end."""
        self._transformers.append(transformer)

    def add_transformers(self, transformers: Iterable[Transformer]) -> None:
        """Add transformers at the end."""
        self._transformers.extend(transformers)

    def run_transformation(self, data: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Run the transformers over copies of the tables.

        Args:
            data: The tables by name; they are not altered.

        Returns:
            The tables transformed.
        """
        # Tables share their memory with the originals until they are written to.
        changed = {name: frame.copy(deep=False) for name, frame in data.items()}
        for transformer in self._transformers:
            transformer.transform(changed)
        return changed

    def collect_messages(self) -> list[ValidationMessage]:
        """Return what the transformers have to say."""
        return [message for each in self._transformers for message in getattr(each, "messages", ())]
