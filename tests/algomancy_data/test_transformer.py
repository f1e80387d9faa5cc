"""Transformers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from algomancy_data import (
    CascadeDropTransformer,
    CascadeSnapshot,
    CleanTransformer,
    Column,
    DataType,
    JoinTransformer,
    NoopTransformer,
    OptionalColumnGuard,
    Schema,
    TransformationSequence,
    Transformer,
)
from algomancy_utils.logger import Logger


class ZoneSchema(Schema):
    """Zones."""

    _FILENAME = "zones"
    ZONE = Column("zone", DataType.STRING, primary_key=True)


class ItemSchema(Schema):
    """Items in zones."""

    _FILENAME = "items"
    ITEM = Column("item", DataType.STRING, primary_key=True)
    ZONE = Column("zone", DataType.STRING, foreign_key="zones.zone")


class LineSchema(Schema):
    """Lines of items."""

    _FILENAME = "lines"
    ITEM = Column("item", DataType.CATEGORICAL, foreign_key="items.item")


def _data() -> dict[str, pd.DataFrame]:
    return {
        "zones": pd.DataFrame({"zone": ["z1", "z2"]}),
        "items": pd.DataFrame({"item": ["a", "b", "c"], "zone": ["z1", "z2", "z9"]}),
        "lines": pd.DataFrame({"item": pd.Categorical(["a", "b", "b", "c", None])}),
    }


class DropZone(Transformer):
    """Drops a zone, as a user's transformer may."""

    def transform(self, data: dict[str, pd.DataFrame]) -> None:
        """Drop it."""
        data["zones"] = data["zones"][data["zones"]["zone"] != "z2"]


@pytest.mark.parametrize(
    "schemas", [[ZoneSchema, ItemSchema(), LineSchema], [LineSchema, ItemSchema, ZoneSchema()]], ids=["down", "up"]
)
def test_cascade_drops_what_referred_to_dropped_rows(schemas: list[Any]) -> None:
    """Rows that referred to rows dropped since the snapshot go, level by level; those that never fitted stay."""
    data = _data()
    logger = Logger()
    snapshot = CascadeSnapshot(schemas)
    cascade = CascadeDropTransformer(snapshot, logger)
    TransformationSequence([snapshot, DropZone(), cascade]).transform(data)
    assert data["items"]["item"].tolist() == ["a", "c"]
    assert data["lines"]["item"].tolist()[:2] == ["a", "c"]
    assert list(data["lines"].index) == [0, 1, 2]
    assert [each.message for each in logger.get_logs()] == [
        "Table 'items': 1 rows dropped, whose 'zone' is gone.",
        "Table 'lines': 2 rows dropped, whose 'item' is gone.",
    ]


def test_cascade_without_dropped_rows_changes_nothing() -> None:
    """Nothing dropped, nothing cascades."""
    data = _data()
    snapshot = CascadeSnapshot([ZoneSchema, ItemSchema, LineSchema])
    TransformationSequence([snapshot, CascadeDropTransformer(snapshot)]).transform(data)
    for name, frame in _data().items():
        pd.testing.assert_frame_equal(data[name], frame)


def test_clean_strips_text_and_drops_empty_rows() -> None:
    """White space around text goes, text that is then empty is missing, and rows without any value go."""
    frame = pd.DataFrame(
        {
            "s": [" a ", "  ", None, "b"],
            "c": pd.Categorical([" x", " ", None, "x"]),
            "n": [1.0, None, None, None],
        }
    )
    data = {"t": frame, "other": frame}
    logger = Logger()
    CleanTransformer(["t", "gone"], logger).transform(data)
    assert data["t"]["s"].tolist() == ["a", "b"]
    assert data["t"]["c"].tolist() == ["x", "x"]
    assert data["t"]["c"].dtype == "category"
    assert list(data["t"].index) == [0, 1]
    assert data["other"] is frame
    assert frame["s"].tolist()[0] == " a "
    assert "2 rows without any value" in logger.get_logs()[0].message
    CleanTransformer().transform(data)
    assert len(data["other"]) == 2


def test_join_joins_two_tables() -> None:
    """Tables are joined on columns of one name or of two, into a table of their own or the left one."""
    data = _data()
    data["sizes"] = pd.DataFrame({"name": ["z1", "z2"], "size": [10, 20]})
    JoinTransformer("items", "sizes", (["zone"], ["name"]), result="sized").transform(data)
    assert data["sized"]["size"].fillna(0).tolist() == [10, 20, 0]
    assert list(data) == ["zones", "items", "lines", "sizes", "sized"]
    JoinTransformer("items", "zones", "zone", how="inner", drop_right=True).transform(data)
    assert data["items"]["item"].tolist() == ["a", "b"]
    assert "zones" not in data
    JoinTransformer("items", "lines", ["item"], how="inner").transform(data)
    assert len(data["items"]) == 3


def test_join_names_what_is_missing() -> None:
    """A table or column to join on that is not there is named."""
    with pytest.raises(ValueError, match="Table 'gone' is missing"):
        JoinTransformer("items", "gone", "zone").transform(_data())
    with pytest.raises(ValueError, match="Table 'zones' has no column 'item'"):
        JoinTransformer("items", "zones", "item").transform(_data())


def test_sequence_runs_transformers_in_order_and_in_place() -> None:
    """Transformers run one after the other on the same dict."""
    data = _data()
    sequence = TransformationSequence([NoopTransformer()])
    sequence.add_transformer(DropZone())
    sequence.add_transformers([JoinTransformer("items", "zones", "zone", how="inner")])
    assert sequence.transform(data) is data
    assert data["items"]["item"].tolist() == ["a"]
    assert [transformer.name for transformer in sequence.transformers] == [
        "NoopTransformer", "DropZone", "JoinTransformer",
    ]  # fmt: skip


def test_guard_runs_a_transformer_only_with_its_columns() -> None:
    """A guarded transformer runs when the optional columns are there, and not otherwise."""
    data = _data()
    OptionalColumnGuard(DropZone(), "zones", "size").transform(data)
    assert len(data["zones"]) == 2
    OptionalColumnGuard(DropZone(), "zones", "zone").transform(data)
    assert len(data["zones"]) == 1
