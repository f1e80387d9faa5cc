"""Steps that only make sense when optional columns are there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from algomancy_data.transformation import Transformer
from algomancy_data.validation import Validator
from algomancy_data.validation_message import ValidationMessage

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger


class OptionalColumnGuard(Validator, Transformer):
    """Runs a validator or a transformer only when a table has certain columns, and passes over it otherwise.

    Args:
        step: The validator or transformer.
        table: The table.
        columns: The columns it must have.
        logger: Where to report that the step was passed over.
    """

    def __init__(
        self,
        step: Validator | Transformer,
        table: str,
        columns: str | Iterable[str],
        logger: Logger | None = None,
    ) -> None:
        Transformer.__init__(self, None, logger)
        self.step = step
        self.table = table
        self.columns = [columns] if isinstance(columns, str) else list(columns)

    def has_columns(self, data: dict[str, pd.DataFrame]) -> bool:
        """Tell whether the table is there with all of the columns."""
        table = data.get(self.table)
        return table is not None and all(column in table for column in self.columns)

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Run the validator, when the columns are there."""
        return self.step.findings(data) if isinstance(self.step, Validator) and not self._passed_over(data) else []

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Run the transformer, when the columns are there."""
        if isinstance(self.step, Transformer) and not self._passed_over(data):
            self.step.transform(data)

    def _passed_over(self, data: dict[str, pd.DataFrame]) -> bool:
        if self.has_columns(data):
            return False
        if self.logger is not None:
            self.logger.log(f"Table '{self.table}' lacks {', '.join(self.columns)}: a step was passed over.")
        return True
