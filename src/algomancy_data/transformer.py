"""Transformers: changes made to validated tables on their way into a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from algomancy_data.cascade import CascadeDropTransformer, CascadeSnapshot
from algomancy_data.cells.conversion import convert
from algomancy_data.schema import Column, DataType, Schema, tables_of
from algomancy_data.transformation import TransformationSequence, Transformer

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
    "drop_empty",
    "fill_empty",
]


def fill_empty(data: pd.DataFrame) -> pd.DataFrame:
    """Return a copy in which a missing cell has the value of the cell to its left, if there is one."""
    return data.ffill(axis=1)


def drop_empty(data: pd.DataFrame) -> pd.DataFrame:
    """Return a copy without the rows that have a missing cell; those that stay keep their labels."""
    return data.dropna()


class NoopTransformer(Transformer):
    """Changes nothing.

    Args:
        logger: Where to report that it ran.
    """

    def __init__(self, logger: Logger | None = None) -> None:
        super().__init__("No Operation Transformer", logger)

    def transform(self, data: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:  # type: ignore[override]
        """Return the tables as they are."""
        return data


class CleanTransformer(Transformer):
    """Leaves the tables as they are, as it does in Algomancy's own packages.

    To change them, call `fill_empty` or `drop_empty` in a transformer of your own.

    Args:
        logger: Where to report that it ran.
    """

    def __init__(self, logger: Logger | None = None) -> None:
        super().__init__("Standard Transformer", logger)

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Leave the tables as they are."""


class JoinTransformer(Transformer):
    """Joins two tables into one that has the rows of which both sides are there.

    Args:
        left: The first table; its rows keep their order.
        right: The second table.
        on: The column that must be equal in both.
        output: The name of the joined table.
        logger: Where to report that it ran.
    """

    def __init__(self, left: str, right: str, on: str, output: str, logger: Logger | None = None) -> None:
        super().__init__("Join transformer", logger)
        self.left = left
        self.right = right
        self.on = on
        self.output = output

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Join the tables. Columns of one name get the suffixes `_x` and `_y`.

        Raises:
            KeyError: A table or the column is missing.
        """
        data[self.output] = data[self.left].merge(data[self.right], on=self.on)


class OptionalColumnGuard(Transformer):
    """Adds the optional columns that tables lack, filled with their defaults, or missing cells.

    Args:
        schemas: The schemas, as classes or objects.
        logger: Where to report that it ran.
    """

    def __init__(self, schemas: Iterable[Schema | type[Schema]], logger: Logger | None = None) -> None:
        super().__init__("OptionalColumnGuard", logger)
        self._schemas = list(schemas)

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Add the columns."""
        for schema in self._schemas:
            for table, columns in tables_of(schema).items():
                if table not in data:
                    continue
                absent = [each for each in columns.values() if each.optional and each.name not in data[table]]
                added = {column.name: _filled(column, data[table].index) for column in absent}
                if added:
                    data[table] = data[table].assign(**added)


def _filled(column: Column, index: pd.Index) -> Any:  # noqa: ANN401 - a series
    import pandas as pd

    values = pd.Series([column.default] * len(index), index=index, dtype=object)
    return pd.Series(convert(values, DataType(column.dtype)).array, index=index, copy=False)
