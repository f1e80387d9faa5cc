"""Relations: which table refers to which other one, as the foreign keys of schemas say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from algomancy_data.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Relation:
    """A table whose rows refer to the rows of another one.

    Attributes:
        child_table: The table that refers to the other.
        child_cols: Its columns.
        parent_table: The table referred to.
        parent_cols: The columns referred to, in the same order.
        parent_requires_child: A parent row that no child row refers to is dropped.
        track_partial_loss: A parent row that lost one of the child rows it had is dropped.
    """

    child_table: str
    child_cols: tuple[str, ...]
    parent_table: str
    parent_cols: tuple[str, ...]
    parent_requires_child: bool = False
    track_partial_loss: bool = False

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What tells relations apart: the child's table and columns."""
        return self.child_table, self.child_cols


def resolve_relations_from_schemas(schemas: Sequence[Schema | type[Schema]]) -> list[Relation]:
    """Return the relations that foreign keys make.

    Columns of one table that refer to the same other table make one relation together; a flag that one of them has
    holds for it. Schemas with several tables make none.

    Args:
        schemas: The schemas, as classes or objects.
    """
    found: dict[tuple[str, str], list[tuple[Column, str]]] = {}
    for schema in schemas:
        if schema.is_multi():
            continue
        for column in schema.columns().values():
            if column.foreign_key is not None:
                table, name = column.foreign_key
                found.setdefault((schema.file_name(), table), []).append((column, name))
    return [
        Relation(
            child,
            tuple(column.name for column, _ in columns),
            parent,
            tuple(name for _, name in columns),
            any(column.parent_requires_child for column, _ in columns),
            any(column.track_partial_loss for column, _ in columns),
        )
        for (child, parent), columns in found.items()
    ]


def merge_relations(base: Sequence[Relation], override: Sequence[Relation]) -> list[Relation]:
    """Return the relations of both; one in `override` takes the place of the one in `base` with the same key."""
    return list({relation.key: relation for relation in [*base, *override]}.values())


def keys_of(frame: pd.DataFrame) -> pd.Series:
    """Return the rows of a table as tuples, to be compared with those of another table."""
    import pandas as pd

    rows = zip(*(frame.iloc[:, position].astype(object) for position in range(frame.shape[1])), strict=True)
    return pd.Series(list(rows), index=frame.index, dtype=object)
