"""Schemas."""

from __future__ import annotations

import pytest

from algomancy_data import Column, ColumnGroup, DataType, FileExtension, Schema, SchemaType


class ItemSchema(Schema):
    """One table."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE

    ITEM = Column("Item", DataType.STRING, primary_key=True)
    WEIGHT = Column("Weight", DataType.FLOAT, optional=True, default=1.0)
    ZONE = Column("Zone", DataType.CATEGORICAL, foreign_key="zones.Zone")


class BookSchema(Schema):
    """Several tables."""

    _FILENAME = "book"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI

    LINES = ColumnGroup("lines", [Column("Line", DataType.INTEGER, primary_key=True)])
    STOPS = ColumnGroup("stops", [Column("Stop", DataType.STRING), Column("At", DataType.DATETIME, optional=True)])


class OldSchema(Schema):
    """One table, the older way."""

    _FILENAME = "old"
    _EXTENSION = FileExtension.JSON
    _DATATYPES = {"a": DataType.INTEGER, "b": DataType.STRING}  # noqa: RUF012 - as users write it


class OldBookSchema(Schema):
    """Several tables, the older way."""

    _FILENAME = "oldbook.xlsx"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI
    _DATATYPES = {"one": {"a": DataType.INTEGER}, "two": {"b": DataType.STRING}}  # noqa: RUF012 - as users write it


@pytest.mark.parametrize("schema", [ItemSchema, ItemSchema()], ids=["class", "object"])
def test_schema_answers_as_class_and_as_object(schema: Schema) -> None:
    """Everything can be asked of the class and of an object of it."""
    assert schema.file_name() == "items"
    assert schema.extension() is FileExtension.CSV
    assert schema.schema_type() is SchemaType.SINGLE
    assert schema.is_single()
    assert not schema.is_multi()
    assert [column.name for column in schema.columns()] == ["Item", "Weight", "Zone"]
    assert schema.datatypes() == {"Item": "string", "Weight": "float", "Zone": "categorical"}
    assert schema.required_columns() == ["Item", "Zone"]
    assert schema.optional_columns() == ["Weight"]
    assert schema.primary_key() == ["Item"]
    assert schema.sub_names() == []
    assert list(schema.tables()) == ["items"]


def test_schema_of_several_tables_lists_them() -> None:
    """A schema with column groups names its tables and answers for each."""
    assert BookSchema.is_multi()
    assert BookSchema.sub_names() == ["lines", "stops"]
    assert BookSchema.datatype_groups() == {"lines": {"Line": "integer"}, "stops": {"Stop": "string", "At": "datetime"}}
    assert BookSchema.required_columns("stops") == ["Stop"]
    assert BookSchema.required_columns() == ["Line", "Stop"]
    assert BookSchema.primary_key("lines") == ["Line"]
    assert list(BookSchema.tables()) == ["book.lines", "book.stops"]
    with pytest.raises(ValueError, match="no table 'nope'"):
        BookSchema.columns("nope")


def test_schema_in_the_older_form_is_read() -> None:
    """A dict of data types stands for columns that are required and may have missing cells."""
    assert OldSchema.datatypes() == {"a": "integer", "b": "string"}
    assert OldSchema.required_columns() == ["a", "b"]
    assert all(column.nullable for column in OldSchema.columns())
    assert OldBookSchema.datatype_groups() == {"one": {"a": "integer"}, "two": {"b": "string"}}
    assert OldBookSchema.file_name() == "oldbook"


def test_schema_subclass_may_replace_and_remove_columns() -> None:
    """A subclass inherits columns, replaces one by an attribute of the same name and removes one by None."""

    class Heavier(ItemSchema):
        WEIGHT = Column("Weight", DataType.INTEGER)
        ZONE = None

    assert Heavier.datatypes() == {"Item": "string", "Weight": "integer"}


def test_schema_with_twins_is_refused_when_it_is_written() -> None:
    """Two columns of one name, or two groups, are an error in the class statement."""
    with pytest.raises(ValueError, match="two members named 'a'"):
        type("Twins", (Schema,), {"X": Column("a", DataType.STRING), "Y": Column("a", DataType.STRING)})
    with pytest.raises(ValueError, match="two members named 'a'"):
        ColumnGroup("g", [Column("a", DataType.STRING), Column("a", DataType.STRING)])


def test_schema_without_file_name_says_so() -> None:
    """Asking a schema without file name for it is an error that names the schema."""
    with pytest.raises(ValueError, match="'Nameless'"):
        type("Nameless", (Schema,), {}).file_name()


@pytest.mark.parametrize(
    "arguments",
    [{"name": "", "dtype": DataType.STRING}, {"name": "a", "dtype": "text"},
     {"name": "a", "dtype": DataType.STRING, "foreign_key": "nodot"}],
    ids=["no_name", "no_such_type", "foreign_key"],
)  # fmt: skip
def test_column_that_makes_no_sense_is_refused(arguments: dict[str, str]) -> None:
    """A column needs a name, a known type, and a foreign key of two parts if any."""
    with pytest.raises(ValueError):  # noqa: PT011 - the second message is the enum's
        Column(**arguments)
