"""Transformers: changes made to validated tables on their way into a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from algomancy_data.schema import Schema
from algomancy_data.transformation import NoopTransformer, TransformationSequence, Transformer
from algomancy_data.validation import ValidationMessage, Validator

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger

__all__ = [
    "CascadeDropTransformer",
    "CascadeSnapshot",
    "CleanTransformer",
    "JoinTransformer",
    "NoopTransformer",
    "OptionalColumnGuard",
    "TransformationSequence",
    "Transformer",
]


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


class CleanTransformer(Transformer):
    """Takes white space off both ends of text, makes text that is then empty missing, and drops rows without any value.

    Args:
        tables: The tables to clean; all of them when left out.
        logger: Where to report what was done.
    """

    def __init__(self, tables: Iterable[str] | None = None, logger: Logger | None = None) -> None:
        super().__init__(logger=logger)
        self.tables = None if tables is None else list(tables)

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Clean the tables. Rows are numbered anew when some were dropped."""
        for table in list(data) if self.tables is None else self.tables:
            if table not in data:
                continue
            frame = _stripped(data[table])
            kept = frame.dropna(how="all")
            dropped = len(frame) - len(kept)
            if dropped:
                frame = kept.reset_index(drop=True)
                if self.logger is not None:
                    self.logger.log(f"Table '{table}': {dropped} rows without any value dropped.")
            data[table] = frame


class JoinTransformer(Transformer):
    """Joins two tables into one.

    Args:
        left: The first table; its rows keep their order.
        right: The second table.
        on: The columns that must be equal: one, several, or a pair of lists when they are named differently in the two.
        result: The name of the joined table; it replaces `left` when left out.
        how: Which rows to keep: `left`, `inner`, `right` or `outer`.
        suffixes: What tells columns of one name apart.
        drop_right: Remove the second table afterwards.
        logger: Where to report what was done.
    """

    def __init__(
        self,
        left: str,
        right: str,
        on: str | Sequence[str] | tuple[Sequence[str], Sequence[str]],
        result: str | None = None,
        how: Literal["left", "inner", "right", "outer"] = "left",
        suffixes: tuple[str, str] = ("", "_right"),
        drop_right: bool = False,
        logger: Logger | None = None,
    ) -> None:
        super().__init__(logger=logger)
        self.left = left
        self.right = right
        self.left_on, self.right_on = _join_columns(on)
        self.result = result or left
        self.how: Literal["left", "inner", "right", "outer"] = how
        self.suffixes = suffixes
        self.drop_right = drop_right

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Join the tables.

        Raises:
            ValueError: A table or a column to join on is missing; the message names it.
        """
        for table, columns in ((self.left, self.left_on), (self.right, self.right_on)):
            if table not in data:
                raise ValueError(f"Table '{table}' is missing and cannot be joined.")
            for column in columns:
                if column not in data[table]:
                    raise ValueError(f"Table '{table}' has no column '{column}' to join on.")
        data[self.result] = data[self.left].merge(
            data[self.right], how=self.how, left_on=self.left_on, right_on=self.right_on, suffixes=self.suffixes
        )
        if self.drop_right and self.right != self.result:
            del data[self.right]


class CascadeSnapshot(Transformer):
    """Remembers the keys that tables have at this point, for a `CascadeDropTransformer` later in the sequence.

    Args:
        schemas: The schemas whose foreign keys tell which columns matter.
        logger: Where to report what was done.

    Attributes:
        keys: The values remembered, by `"table.column"`.
    """

    def __init__(self, schemas: Iterable[Schema | type[Schema]], logger: Logger | None = None) -> None:
        super().__init__(logger=logger)
        self.schemas = list(schemas)
        self.keys: dict[str, frozenset[Any]] = {}

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Remember the keys."""
        from algomancy_data.validator import find_column

        self.keys = {}
        for _, _, reference in foreign_keys(self.schemas):
            column = find_column(data, reference)
            if column is not None:
                self.keys[reference] = frozenset(column.dropna())


class CascadeDropTransformer(Transformer):
    """Drops rows that refer to rows dropped since a snapshot, and rows that refer to those in turn.

    Rows that referred to nothing in the first place are kept: finding those is a matter of validation.

    Args:
        snapshot: The snapshot taken before rows were dropped.
        logger: Where to report what was done.
    """

    def __init__(self, snapshot: CascadeSnapshot, logger: Logger | None = None) -> None:
        super().__init__(logger=logger)
        self.snapshot = snapshot

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Drop the rows; those that stay are numbered anew."""
        from algomancy_data.validator import find_column

        changed = True
        while changed:
            changed = False
            for table, name, reference in foreign_keys(self.snapshot.schemas):
                target = find_column(data, reference)
                if table not in data or name not in data[table] or reference not in self.snapshot.keys:
                    continue
                present = frozenset() if target is None else frozenset(target.dropna())
                orphaned = data[table][name].astype(object).isin(self.snapshot.keys[reference] - present)
                if orphaned.any():
                    changed = True
                    data[table] = data[table][~orphaned].reset_index(drop=True)
                    if self.logger is not None:
                        self.logger.log(f"Table '{table}': {int(orphaned.sum())} rows dropped, whose '{name}' is gone.")


def foreign_keys(schemas: Iterable[Schema | type[Schema]]) -> list[tuple[str, str, str]]:
    """Return each column that refers to another: its table, its name, and `"table.column"` it refers to."""
    return [
        (table, column.name, column.foreign_key)
        for schema in schemas
        for table, columns in schema.tables().items()
        for column in columns
        if column.foreign_key is not None
    ]


def _stripped(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    cleaned: dict[str, Any] = {}
    for name, values in frame.items():
        if isinstance(values.dtype, pd.StringDtype):
            texts = values.str.strip()
            cleaned[str(name)] = texts.mask(texts == "")
        elif isinstance(values.dtype, pd.CategoricalDtype) and isinstance(values.cat.categories.dtype, pd.StringDtype):
            # Through text, as two categories may become one.
            texts = values.astype("str").str.strip()
            cleaned[str(name)] = texts.mask((texts == "") | values.isna()).astype("category")
    return frame.assign(**cleaned) if cleaned else frame


def _join_columns(on: Any) -> tuple[list[str], list[str]]:  # noqa: ANN401 - see JoinTransformer
    if isinstance(on, str):
        return [on], [on]
    if isinstance(on, tuple) and len(on) == 2 and not any(isinstance(part, str) for part in on):
        return list(on[0]), list(on[1])
    return list(on), list(on)
