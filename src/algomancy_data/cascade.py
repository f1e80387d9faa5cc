"""Dropping rows that refer to nothing, and all that refers to those in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from algomancy_data.relations import Relation, keys_of, merge_relations, resolve_relations_from_schemas
from algomancy_data.schema import Schema
from algomancy_data.transformation import Transformer
from algomancy_data.validation import ValidationMessage, ValidationSeverity

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger


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
        """Return how many rows referred to each parent row, by the parent's values; None when it was not counted."""
        return self._counts.get(relation.key)


class CascadeDropTransformer(Transformer):
    """Drops rows until every row that refers to another one finds it.

    Dropped are rows that refer to a row that is not there (`CASCADE_ORPHAN_DROP`); where a relation says so, rows that
    no row refers to (`CASCADE_REQUIRED_CHILD_DROP`) and rows to which fewer rows refer than at the snapshot
    (`CASCADE_PARTIAL_LOSS_DROP`). One ERROR message for each relation and code counts them. Rows that refer to nothing
    stay.

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
        """Drop the parents with fewer children than before, or with none."""
        counts = _children_by_parent(relation, data)
        keys = keys_of(data[relation.parent_table][list(relation.parent_cols)])
        lost = keys.map(lambda key: counts.get(key, 0) < (1 if before is None else before.get(key, 0)))
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
    children = Counter(keys_of(data[relation.child_table][list(relation.child_cols)].dropna()))
    parents = keys_of(data[relation.parent_table][list(relation.parent_cols)])
    return {key: children[key] for key in parents}
