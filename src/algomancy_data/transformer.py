"""Transformers: changes made to validated tables on their way into a dataset, and running several of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.conversion import convert
from algomancy_data.relations import Relation, keys_of, merge_relations, resolve_relations_from_schemas
from algomancy_data.schema import Column, DataType, Schema, tables_of
from algomancy_data.validation import ValidationMessage, ValidationSeverity

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
    """Joins two tables into a third; rows without a partner are left out (an inner join).

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


class CascadeSnapshot(Transformer):
    """Counts, at its place in the sequence, how many rows refer to each row of relations that track partial loss.

    Args:
        schemas: The schemas whose foreign keys make relations.
        extra_relations: More relations; one with the key of another takes its place.
        logger: Where to report that it ran.

    Attributes:
        relations: The relations that track partial loss.
    """

    def __init__(
        self,
        schemas: Sequence[Schema | type[Schema]] | None = None,
        extra_relations: Sequence[Relation] | None = None,
        logger: Logger | None = None,
    ) -> None:
        super().__init__("Cascade snapshot transformer", logger)
        known = merge_relations(resolve_relations_from_schemas(schemas or ()), extra_relations or ())
        self.relations = [relation for relation in known if relation.track_partial_loss]
        self._counts: dict[Any, dict[tuple[Any, ...], int]] = {}

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Count the rows."""
        self._counts = {
            relation.key: _children_by_parent(relation, data)
            for relation in self.relations
            if _is_there(relation, data)
        }

    def counts_for(self, relation: Relation) -> dict[tuple[Any, ...], int] | None:
        """Return how many rows referred to each parent row, there or not, by its values; None when not counted."""
        return self._counts.get(relation.key)


class CascadeDropTransformer(Transformer):
    """Drops rows until every row that refers to another one finds it.

    Dropped are rows that refer to a row that is not there (`CASCADE_ORPHAN_DROP`); where a relation says so, rows that
    no row refers to (`CASCADE_REQUIRED_CHILD_DROP`) and rows to which some rows still refer, but fewer than at the
    snapshot (`CASCADE_PARTIAL_LOSS_DROP`). One ERROR message for each relation and code counts them. Rows that refer to
    nothing stay.

    Args:
        schemas: The schemas whose foreign keys make relations.
        extra_relations: More relations; one with the key of another takes its place.
        snapshot: Taken earlier in the sequence, for relations that track partial loss.
        name: What the transformer is called.
        logger: Where to report that it ran.

    Attributes:
        relations: The relations.
        snapshot: The snapshot.
    """

    def __init__(
        self,
        schemas: Sequence[Schema | type[Schema]] | None = None,
        extra_relations: Sequence[Relation] | None = None,
        snapshot: CascadeSnapshot | None = None,
        name: str = "Cascade drop transformer",
        logger: Logger | None = None,
    ) -> None:
        super().__init__(name, logger)
        self.relations = merge_relations(resolve_relations_from_schemas(schemas or ()), extra_relations or ())
        self.snapshot = snapshot
        self._dropped: Counter[tuple[str, str, str]] = Counter()

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Drop the rows; tables that lost some are numbered anew."""
        self._dropped = Counter()
        relations = [relation for relation in self.relations if _is_there(relation, data)]
        changed = True
        while changed:
            changed = False
            for relation in relations:
                changed |= self._drop_orphans(relation, data)
                if relation.parent_requires_child:
                    changed |= self._drop_parents(relation, data, None, "CASCADE_REQUIRED_CHILD_DROP")
            for relation in relations:
                before = self.snapshot.counts_for(relation) if relation.track_partial_loss and self.snapshot else None
                if before is not None:
                    changed |= self._drop_parents(relation, data, before, "CASCADE_PARTIAL_LOSS_DROP")
        self.messages = [
            ValidationMessage(ValidationSeverity.ERROR, f"{count:,} {text}", table, code=code)
            for (text, table, code), count in self._dropped.items()
        ]

    def _drop_orphans(self, relation: Relation, data: dict[str, pd.DataFrame]) -> bool:
        child = data[relation.child_table][list(relation.child_cols)]
        parents = set(keys_of(data[relation.parent_table][list(relation.parent_cols)]))
        orphans = child.notna().all(axis=1) & ~keys_of(child).isin(parents)
        return self._drop(relation, data, relation.child_table, orphans, "CASCADE_ORPHAN_DROP")

    def _drop_parents(
        self, relation: Relation, data: dict[str, pd.DataFrame], before: dict[tuple[Any, ...], int] | None, code: str
    ) -> bool:
        """Drop the parents with some children, but fewer than before; with nothing to compare to, those with none."""
        counts = _children_by_parent(relation, data)
        keys = keys_of(data[relation.parent_table][list(relation.parent_cols)])
        left = keys.map(lambda key: counts.get(key, 0))
        lost = left == 0 if before is None else (left > 0) & (left < keys.map(lambda key: before.get(key, 0)))
        return self._drop(relation, data, relation.parent_table, lost, code)

    def _drop(self, relation: Relation, data: dict[str, pd.DataFrame], table: str, rows: pd.Series, code: str) -> bool:
        gone = rows.to_numpy(dtype=bool)
        count = int(gone.sum())
        if not count:
            return False
        data[table] = data[table][~gone].reset_index(drop=True)
        child = f"{relation.child_table}.{','.join(relation.child_cols)}"
        parent = f"{relation.parent_table}.{','.join(relation.parent_cols)}"
        self._dropped[f"row(s) of '{table}' dropped: {child} refers to {parent}.", table, code] += count
        return True


def _is_there(relation: Relation, data: dict[str, pd.DataFrame]) -> bool:
    sides = ((relation.child_table, relation.child_cols), (relation.parent_table, relation.parent_cols))
    return all(table in data and all(name in data[table] for name in names) for table, names in sides)


def _children_by_parent(relation: Relation, data: dict[str, pd.DataFrame]) -> dict[tuple[Any, ...], int]:
    parents = keys_of(data[relation.parent_table][list(relation.parent_cols)])
    return dict.fromkeys(parents, 0) | Counter(keys_of(data[relation.child_table][list(relation.child_cols)].dropna()))
