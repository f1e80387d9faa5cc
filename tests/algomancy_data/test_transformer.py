"""Transformers change tables on their way into a dataset; cascades drop what refers to nothing."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from algomancy_data import (
    CascadeDropTransformer,
    CascadeSnapshot,
    CleanTransformer,
    Column,
    ColumnGroup,
    DataType,
    FileExtension,
    JoinTransformer,
    NoopTransformer,
    OptionalColumnGuard,
    Relation,
    Schema,
    SchemaType,
    Transformer,
    ValidationMessage,
    ValidationSeverity,
    merge_relations,
    resolve_relations_from_schemas,
)
from algomancy_data.transformer import TransformationSequence, drop_empty, fill_empty


def schema(name: str, *columns: Column) -> type[Schema]:
    members: dict[str, Any] = {"_FILENAME": name, "_EXTENSION": FileExtension.CSV, "_SCHEMA_TYPE": SchemaType.SINGLE}
    return type(name, (Schema,), members | {f"C{number}": column for number, column in enumerate(columns)})


def frame(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_fill_and_drop_work_on_copies() -> None:
    """Filling takes the value to the left; dropping keeps complete rows with their labels."""
    table = frame(a=["q", None, "s"], b=[1.0, 2.0, None])
    assert fill_empty(table).astype(object).where(lambda t: t.notna(), None).to_dict("list") == {
        "a": ["q", None, "s"], "b": [1.0, 2.0, "s"],
    }  # fmt: skip
    assert drop_empty(pd.DataFrame({"a": [None, 1]}, index=[4, 5])).index.tolist() == [5]
    assert table["b"].isna().tolist() == [False, False, True]


def test_noop_and_clean_leave_tables_alone() -> None:
    """The first returns the tables, the second nothing; neither changes them."""
    data = {"t": frame(a=[" x ", None])}
    before = dict(data)
    assert NoopTransformer().transform(data) is data
    assert CleanTransformer().transform(data) is None  # type: ignore[func-returns-value]
    assert all(data[name] is table for name, table in before.items())
    assert (NoopTransformer().name, CleanTransformer().name) == ("No Operation Transformer", "Standard Transformer")


def test_join_keeps_the_rows_that_both_sides_have() -> None:
    """The joined table is added; columns of one name are told apart; a table that is missing is a KeyError."""
    data = {"a": frame(k=[1, 2, 3], x=[1, 2, 3]), "b": frame(k=[1, 1, 4], x=[5, 6, 7])}
    JoinTransformer(left="a", right="b", on="k", output="out").transform(data)
    assert data["out"].to_dict("list") == {"k": [1, 1], "x_x": [1, 1], "x_y": [5, 6]}
    assert list(data) == ["a", "b", "out"]
    with pytest.raises(KeyError):
        JoinTransformer("a", "z", "k", "out").transform(data)


def test_guard_adds_the_optional_columns_that_are_absent() -> None:
    """An absent optional column gets its default, or missing cells, in its type; others stay as they are."""
    items = schema(
        "items",
        Column("id", DataType.STRING),
        Column("i", DataType.INTEGER, optional=True, default=7),
        Column("s", DataType.STRING, optional=True, default="q"),
        Column("f", DataType.FLOAT, optional=True),
        Column("b", DataType.BOOLEAN, optional=True, default=False),
        Column("t", DataType.DATETIME, optional=True),
        Column("n", DataType.INTEGER, default=5),
    )
    book = type("Book", (Schema,), {
        "_FILENAME": "book", "_EXTENSION": FileExtension.XLSX, "_SCHEMA_TYPE": SchemaType.MULTI,
        "G": ColumnGroup("one", [Column("a", DataType.INTEGER, optional=True, default=1)]),
    })  # fmt: skip
    data = {"items": pd.DataFrame({"id": ["x"], "s": ["own"]}, index=[9]), "book.one": frame(z=[1, 2])}
    OptionalColumnGuard(schemas=[items, book()]).transform(data)
    table = data["items"]
    assert [*table] == ["id", "s", "i", "f", "b", "t"]
    assert list(table.loc[9, ["s", "i", "b"]]) == ["own", 7, False]
    assert [str(table[name].dtype) for name in "ifbt"] == ["int64", "float64", "boolean", "datetime64[us]"]
    assert table[["f", "t"]].isna().to_numpy().all()
    assert data["book.one"]["a"].tolist() == [1, 1]


def test_sequence_runs_transformers_in_order_over_copies() -> None:
    """Tables handed in stay as they were; messages of transformers are gathered."""

    class Adding(Transformer):
        def transform(self, data: dict[str, pd.DataFrame]) -> None:
            data["t"].loc[0, "a"] = 9
            data["new"] = data["t"].rename(columns={"a": self.name})
            self.messages.append(ValidationMessage(ValidationSeverity.WARNING, self.name))

    class Bare(Transformer):
        def __init__(self) -> None:
            pass

        def transform(self, data: dict[str, pd.DataFrame]) -> None:
            data["bare"] = data["new"]

    data = {"t": frame(a=[1])}
    sequence = TransformationSequence([Adding("one")])
    sequence.add_transformer(Adding())
    sequence.add_transformers([Bare()])
    changed = sequence.run_transformation(data)
    assert (data["t"].loc[0, "a"], list(data)) == (1, ["t"])
    assert changed["bare"].to_dict("list") == {"Abstract Transformer": [9]}
    assert [each.message for each in sequence.collect_messages()] == ["one", "Abstract Transformer"]


PARENT = schema("parent", Column("id", DataType.STRING, primary_key=True))
GRANDCHILD = schema("grandchild", Column("cid", DataType.STRING, foreign_key=("child", "id")))


def child(**flags: Any) -> type[Schema]:
    return schema(
        "child", Column("id", DataType.STRING), Column("pid", DataType.STRING, foreign_key=("parent", "id"), **flags)
    )


def test_relations_come_of_foreign_keys() -> None:
    """Columns that refer to one table make one relation; flags of one hold for it; several tables make none."""
    pair = schema(
        "pair",
        Column("a", DataType.STRING, foreign_key=("grid", "x"), parent_requires_child=True),
        Column("b", DataType.STRING, foreign_key=("grid", "y")),
        Column("c", DataType.STRING, foreign_key=("other", "z"), track_partial_loss=True),
    )
    assert resolve_relations_from_schemas([pair(), PARENT]) == [
        Relation("pair", ("a", "b"), "grid", ("x", "y"), True, False),
        Relation("pair", ("c",), "other", ("z",), False, True),
    ]


def test_relations_with_one_key_replace_each_other() -> None:
    """A relation that overrides another stands in its place; others follow."""
    base, same, other = (
        Relation("c", ("x",), "p", ("y",)),
        Relation("c", ("x",), "p", ("y",), True),
        Relation("d", ("x",), "p", ("y",)),
    )
    assert base.key == ("c", ("x",))
    assert merge_relations([base, other], [same]) == [same, other]
    assert merge_relations([base], [other]) == [base, other]


CASCADES: dict[str, tuple[type[Schema], list[tuple[str, str]], dict[str, list[Any]]]] = {
    "orphans": (child(), [("child", "CASCADE_ORPHAN_DROP"), ("grandchild", "CASCADE_ORPHAN_DROP")],
                {"parent": ["1", "2", "3"], "child": ["a", "b", "d"], "grandchild": ["a"]}),
    "required": (child(parent_requires_child=True),
                 [("child", "CASCADE_ORPHAN_DROP"), ("parent", "CASCADE_REQUIRED_CHILD_DROP"),
                  ("grandchild", "CASCADE_ORPHAN_DROP")],
                 {"parent": ["1", "2"], "child": ["a", "b", "d"], "grandchild": ["a"]}),
    "without_snapshot": (child(track_partial_loss=True),
                         [("child", "CASCADE_ORPHAN_DROP"), ("grandchild", "CASCADE_ORPHAN_DROP")],
                         {"parent": ["1", "2", "3"], "child": ["a", "b", "d"], "grandchild": ["a"]}),
}  # fmt: skip


@pytest.mark.parametrize(("middle", "told", "left"), CASCADES.values(), ids=list(CASCADES))
def test_cascade_drops_what_refers_to_nothing(middle: Any, told: Any, left: Any) -> None:
    """Rows are dropped until all that is referred to is there; what refers to nothing stays; each drop is told."""
    data = {
        "parent": frame(id=["1", "2", "3"]), "child": frame(id=["a", "b", "c", "d"], pid=["1", "2", "9", None]),
        "grandchild": frame(cid=["a", "c", "q"]),
    }  # fmt: skip
    cascade = CascadeDropTransformer([PARENT, middle, GRANDCHILD])
    cascade.transform(data)
    assert [(each.table, each.code) for each in cascade.messages] == told
    assert {each.severity for each in cascade.messages} == {ValidationSeverity.ERROR}
    assert {name: table.iloc[:, 0].tolist() for name, table in data.items()} == left
    assert all(table.index.tolist() == list(range(len(table))) for table in data.values())
    cascade.transform(data)
    assert cascade.messages == []


@pytest.mark.parametrize(
    ("flags", "told", "parents"),
    [
        ({"track_partial_loss": True, "parent_requires_child": True},
         ["REQUIRED_CHILD", "ORPHAN", "PARTIAL_LOSS", "ORPHAN"], ["2"]),
        ({"track_partial_loss": True}, ["ORPHAN", "PARTIAL_LOSS", "ORPHAN"], ["2", "3"]),
        ({"parent_requires_child": True}, ["REQUIRED_CHILD", "ORPHAN"], ["1", "2"]),
    ],
    ids=["both", "partial_loss", "required"],
)  # fmt: skip
def test_cascade_drops_what_lost_rows_since_the_snapshot(flags: Any, told: list[str], parents: list[str]) -> None:
    """A parent that lost one of its rows since the snapshot goes, and the rest of its rows with it."""
    schemas = [PARENT, child(**flags), GRANDCHILD]
    data = {
        "parent": frame(id=["1", "2", "3"]), "child": frame(id=["a", "b", "c", "d"], pid=["1", "1", "2", "2"]),
        "grandchild": frame(cid=["b", "c"]),
    }  # fmt: skip
    snapshot = CascadeSnapshot(schemas)
    snapshot.transform(data)
    relation = resolve_relations_from_schemas(schemas)[0]
    assert snapshot.relations == [relation] * bool("track_partial_loss" in flags)
    counted = {("1",): 2, ("2",): 2, ("3",): 0} if "track_partial_loss" in flags else None
    assert snapshot.counts_for(relation) == counted
    data["child"] = data["child"].iloc[[0, 2, 3]]
    cascade = CascadeDropTransformer(schemas, snapshot=snapshot)
    cascade.transform(data)
    assert [str(each.code) for each in cascade.messages] == [f"CASCADE_{name}_DROP" for name in told]
    assert data["parent"]["id"].tolist() == parents


def test_cascade_keeps_what_lost_all_rows_since_the_snapshot() -> None:
    """A loss is partial as long as something is left: a parent without rows goes only where it needs one.

    A row that refers to nothing is counted, too: its parent may come later.
    """
    relation = Relation("line", ("order",), "order", ("id",), track_partial_loss=True)
    data = {"order": frame(id=["1", "2"]), "line": frame(id=["a", "b", "c"], order=["1", "2", "3"])}
    snapshot = CascadeSnapshot(extra_relations=[relation])
    snapshot.transform(data)
    assert snapshot.counts_for(relation) == {("1",): 1, ("2",): 1, ("3",): 1}
    data["line"] = data["line"].iloc[1:]
    cascade = CascadeDropTransformer(extra_relations=[relation], snapshot=snapshot)
    cascade.transform(data)
    assert [str(each.code) for each in cascade.messages] == ["CASCADE_ORPHAN_DROP"]
    assert (data["order"]["id"].tolist(), data["line"]["id"].tolist()) == (["1", "2"], ["b"])


def test_cascade_takes_relations_of_its_own_and_passes_over_absent_tables() -> None:
    """Relations may be given without schemas, also of several columns; a table or column that is absent is no error."""
    relations = [
        Relation("c", ("p", "q"), "p", ("i", "j")),
        Relation("c", ("zz",), "p", ("i",)),
        Relation("x", ("a",), "p", ("i",)),
    ]
    data = {"p": frame(i=[1, 2], j=[1, 2]), "c": frame(p=[1, 2, 1], q=[1, 1, None])}
    cascade = CascadeDropTransformer(extra_relations=relations, name="mine")
    cascade.transform(data)
    assert data["c"]["p"].tolist() == [1, 1]
    assert (cascade.name, CascadeSnapshot().name) == ("mine", "Cascade snapshot transformer")
