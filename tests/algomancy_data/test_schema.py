"""Schemas say what a file holds, to classes and to objects alike, and refuse questions that do not fit them."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from algomancy_data import Column, ColumnGroup, DataType, FileExtension, Schema, SchemaType
from algomancy_data.schema import tables_of


class ItemSchema(Schema):
    """One table."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE

    ITEM = Column("Item", DataType.STRING, primary_key=True)
    WEIGHT = Column("Weight", DataType.FLOAT, optional=True, default=1.0)
    ZONE = Column("Zone", DataType.CATEGORICAL, foreign_key=("zones", "Zone"), parent_requires_child=True)


class BookSchema(Schema):
    """Several tables."""

    _FILENAME = "book"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI

    LINES = ColumnGroup("lines", [Column("Line", DataType.INTEGER, primary_key=True)])
    STOPS = ColumnGroup("stops", [Column("Stop", DataType.STRING), Column("At", DataType.DATETIME, optional=True)])


class OldSchema(Schema):
    """The older form, of one table."""

    _FILENAME = "old"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    _DATATYPES: ClassVar = {"a": DataType.INTEGER, "b": DataType.STRING}


class OldBookSchema(Schema):
    """The older form, of several tables."""

    _FILENAME = "old"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI
    _DATATYPES: ClassVar = {"one": {"a": DataType.INTEGER}, "two": {"b": DataType.STRING}}


def subclass(schema: type[Schema], **attributes: Any) -> type[Schema]:
    return type("Made", (schema,), attributes)


def test_types_have_the_values_that_projects_write() -> None:
    """The values of types, extensions and kinds of schema are those of Algomancy's own packages."""
    assert [str(each) for each in DataType] == [
        *("string", "datetime64[ns]", "int64", "float64", "boolean", "categorical", "interval"),
    ]
    assert [str(each) for each in FileExtension] == ["csv", "xlsx", "json"]
    assert [str(each) for each in SchemaType] == ["single", "multi"]


@pytest.mark.parametrize("schema", [ItemSchema, ItemSchema()], ids=["class", "object"])
def test_schema_of_one_table_answers_as_class_and_as_object(schema: Any) -> None:
    """Accessors give dicts, lists and tuples by the columns' names, in the order of the class."""
    assert schema.file_name() == "items"
    assert schema.extension() is FileExtension.CSV
    assert schema.file_name_with_extension() == "items.csv"
    assert (schema.schema_type(), schema.is_single(), schema.is_multi()) == (SchemaType.SINGLE, True, False)
    assert schema.columns() == {"Item": ItemSchema.ITEM, "Weight": ItemSchema.WEIGHT, "Zone": ItemSchema.ZONE}
    assert schema.datatypes() == {
        "Item": DataType.STRING, "Weight": DataType.FLOAT, "Zone": DataType.CATEGORICAL,
    }  # fmt: skip
    assert schema.required_columns() == ["Item", "Zone"]
    assert schema.optional_columns() == ["Weight"]
    assert schema.primary_key() == ("Item",)
    assert list(tables_of(schema)) == ["items"]


def test_schema_of_several_tables_lists_them() -> None:
    """Accessors give dicts by the tables' names within the file; each table has a schema of its own."""
    assert BookSchema.sub_names() == ["lines", "stops"]
    assert list(BookSchema.column_groups()) == ["lines", "stops"]
    assert BookSchema.column_groups()["stops"]["At"].optional
    assert BookSchema.datatype_groups() == {
        "lines": {"Line": DataType.INTEGER}, "stops": {"Stop": DataType.STRING, "At": DataType.DATETIME},
    }  # fmt: skip
    assert list(tables_of(BookSchema)) == ["book.lines", "book.stops"]
    stops = BookSchema.get_subschema("stops")
    assert (stops.__name__, stops.file_name(), stops.is_single()) == ("BookSchema_stops", "book", True)
    assert stops.required_columns() == ["Stop"]
    assert BookSchema.get_subschema("lines").primary_key() == ("Line",)


def test_schema_in_the_older_form_is_read_with_a_warning() -> None:
    """A dict of types makes required columns; who asks for them is told of the newer form."""
    with pytest.warns(DeprecationWarning, match="OldSchema"):
        assert list(OldSchema.columns().values()) == [Column("a", DataType.INTEGER), Column("b", DataType.STRING)]
    with pytest.warns(DeprecationWarning, match="OldBookSchema"):
        assert OldBookSchema.column_groups()["two"] == {"b": Column("b", DataType.STRING)}
    assert OldSchema.datatypes() == {"a": DataType.INTEGER, "b": DataType.STRING}
    assert OldBookSchema.datatype_groups() == {"one": {"a": DataType.INTEGER}, "two": {"b": DataType.STRING}}
    assert OldBookSchema.sub_names() == ["one", "two"]
    assert OldBookSchema.get_subschema("two").datatypes() == {"b": DataType.STRING}


WRONG: dict[str, tuple[type[Exception], Any]] = {
    "columns_of_several": (TypeError, lambda: BookSchema.columns()),
    "required_of_several": (TypeError, lambda: BookSchema.required_columns()),
    "key_of_several": (TypeError, lambda: BookSchema.primary_key()),
    "types_of_several": (ValueError, lambda: BookSchema.datatypes()),
    "groups_of_one": (ValueError, lambda: ItemSchema.column_groups()),
    "group_types_of_one": (ValueError, lambda: ItemSchema.datatype_groups()),
    "sub_names_of_one": (ValueError, lambda: ItemSchema.sub_names()),
    "subschema_of_one": (ValueError, lambda: ItemSchema.get_subschema("x")),
    "subschema_unknown": (ValueError, lambda: BookSchema.get_subschema("x")),
    "no_file_name": (NotImplementedError, lambda: Schema.file_name()),
    "no_extension": (NotImplementedError, lambda: Schema.extension()),
    "no_kind": (NotImplementedError, lambda: Schema.columns()),
    "no_columns": (NotImplementedError, lambda: subclass(Schema, _SCHEMA_TYPE="single").columns()),
    "no_groups": (NotImplementedError, lambda: subclass(Schema, _SCHEMA_TYPE="multi").column_groups()),
    "no_older_form": (NotImplementedError, lambda: ItemSchema.get_legacy_columns_with_warning()),
}


@pytest.mark.parametrize(("error", "ask"), WRONG.values(), ids=list(WRONG))
def test_schema_refuses_a_question_that_does_not_fit(error: type[Exception], ask: Any) -> None:
    """What a schema of another kind, or an unfinished one, cannot answer is refused by the schema's name."""
    with pytest.raises(error, match="Schema '"):
        ask()


def test_schema_has_the_columns_of_its_own_class() -> None:
    """A subclass replaces all columns of its base, or has them all; of two with one name the last counts."""
    assert subclass(ItemSchema, _FILENAME="more").columns() == ItemSchema.columns()
    narrow = subclass(ItemSchema, ONLY=Column("Only", DataType.BOOLEAN))
    assert list(narrow.columns()) == ["Only"]
    twins = {"X": Column("a", DataType.STRING), "Y": Column("a", DataType.FLOAT)}
    assert subclass(ItemSchema, **twins).columns()["a"].dtype is DataType.FLOAT


def test_schema_validates_its_other_attributes() -> None:
    """An attribute that is neither column nor method must be named like a column."""
    assert ItemSchema.get_data_members() == []
    ItemSchema.validate()
    named = subclass(ItemSchema, X=Column("a", DataType.STRING), a="text", other=1)
    assert named.get_data_members() == ["a", "other"]
    with pytest.raises(AssertionError, match="'other'"):
        named.validate()
    no_types: Any = {"a": "string"}
    with pytest.raises(AssertionError, match="'a'"):
        ItemSchema._validate_datatypes(no_types)


@pytest.mark.parametrize("flag", ["parent_requires_child", "track_partial_loss"])
def test_column_flags_of_relations_need_a_foreign_key(flag: str) -> None:
    """What is about a relation is refused where there is none, by the column's name."""
    flags: dict[str, Any] = {flag: True}
    with pytest.raises(ValueError, match=rf"'Zone' has {flag}"):
        Column("Zone", DataType.STRING, **flags)
    assert getattr(Column("Zone", DataType.STRING, foreign_key=("zones", "Zone"), **flags), flag)


def test_column_takes_its_fields_by_place() -> None:
    """The order of the fields is part of the surface."""
    column = Column("a", DataType.STRING, True, True, 3, True, True, "text", ("t", "c"), True, True)
    assert (column.optional, column.primary_key, column.nullable, column.unique) == (True, True, True, True)
    assert (column.default, column.description, column.foreign_key) == (3, "text", ("t", "c"))
    assert ColumnGroup("g", [column], ("x", "y")).source_path == ("x", "y")
    assert ColumnGroup("g", [column]).source_path == ()
