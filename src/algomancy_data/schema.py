"""Schemas: what a file of raw data is called, and which columns of which types its tables have."""

from __future__ import annotations

import warnings
from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from algomancy_utils.errors import PreconditionError

MemberT = TypeVar("MemberT", "Column", "ColumnGroup")


class DataType(StrEnum):
    """What the cells of a column mean.

    An `INTERVAL` is a pair of bounds in one cell, two numbers or two times: `1/5`, `2025-01-01/2025-06-30` (both ends
    included), or with brackets that tell which end belongs to it: `[0, 10)`.
    """

    STRING = "string"
    DATETIME = "datetime64[ns]"
    INTEGER = "int64"
    FLOAT = "float64"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    INTERVAL = "interval"


class FileExtension(StrEnum):
    """The kinds of file that can be read."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


class SchemaType(StrEnum):
    """Whether a file holds one table or several."""

    SINGLE = "single"
    MULTI = "multi"


@dataclass
class Column:
    """One column of a table.

    Attributes:
        name: Its heading in the file and its name in the table. In a JSON file `a.b` is member `b` of object `a`.
        dtype: What its cells mean.
        optional: The column may be absent from the file.
        primary_key: It is the primary key, or part of it: never missing, and unique (as a combination).
        default: What `OptionalColumnGuard` puts into an optional column that is absent.
        nullable: Cells may be missing.
        unique: No value occurs twice.
        description: What it is, for people.
        foreign_key: The table and the column in which each of its values must occur.
        parent_requires_child: A row that this column may refer to is dropped when none does (`CascadeDropTransformer`).
        track_partial_loss: Such a row is dropped too when it lost one of the rows that referred to it.

    Raises:
        ValueError: One of the last two is set without a foreign key.
    """

    name: str
    dtype: DataType
    optional: bool = False
    primary_key: bool = False
    default: Any = None
    nullable: bool = False
    unique: bool = False
    description: str = ""
    foreign_key: tuple[str, str] | None = None
    parent_requires_child: bool = False
    track_partial_loss: bool = False

    def __post_init__(self) -> None:
        for flag in ("parent_requires_child", "track_partial_loss"):
            if getattr(self, flag) and self.foreign_key is None:
                raise ValueError(f"Column '{self.name}' has {flag} set but no foreign key, which it is about.")


@dataclass
class ColumnGroup:
    """One table of a file that holds several: a sheet of a workbook, or a list inside a JSON document.

    Attributes:
        name: The sheet, or the name of the list; the table is named `file.name`.
        columns: Its columns.
        source_path: Where the rows are within each record of a JSON document, as keys from the outside in; the record
            itself is the row when empty.
    """

    name: str
    columns: list[Column]
    source_path: tuple[str, ...] = ()


class Schema(ABC):  # noqa: B024 - as in Algomancy, so that a metaclass of a project's fits both
    """Describes one file of raw data. Subclass it and set class attributes; it is never filled with data.

    A file with one table lists its columns as class attributes:

        class ItemSchema(Schema):
            _FILENAME = "items"
            _EXTENSION = FileExtension.CSV
            _SCHEMA_TYPE = SchemaType.SINGLE

            ITEM = Column("Item", DataType.STRING, primary_key=True)
            WEIGHT = Column("Weight", DataType.FLOAT, nullable=True)

    a file with several tables (`SchemaType.MULTI`) lists `ColumnGroup`s instead. The older form, a dict `_DATATYPES` of
    column to `DataType` (or of sheet to such a dict), is read too, with a `DeprecationWarning`. The columns are those
    of the class itself or, if it has none, of its nearest base that has; of two with one name the last counts.

    Everything can be asked of the class and of its instances alike.
    """

    _FILENAME: str = ""
    _EXTENSION: FileExtension | str = ""
    _SCHEMA_TYPE: SchemaType | str = ""
    _DATATYPES: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def file_name(cls) -> str:
        """Return the logical name of the file: its name without extension.

        Raises:
            NotImplementedError: The schema has none.
        """
        if not cls._FILENAME:
            raise cls._lacks("_FILENAME")
        return cls._FILENAME

    @classmethod
    def extension(cls) -> FileExtension:
        """Return the kind of file.

        Raises:
            NotImplementedError: The schema does not say.
        """
        if not cls._EXTENSION:
            raise cls._lacks("_EXTENSION")
        return FileExtension(cls._EXTENSION)

    @classmethod
    def schema_type(cls) -> SchemaType:
        """Return whether the file holds one table or several.

        Raises:
            NotImplementedError: The schema does not say.
        """
        if not cls._SCHEMA_TYPE:
            raise cls._lacks("_SCHEMA_TYPE")
        return SchemaType(cls._SCHEMA_TYPE)

    @classmethod
    def file_name_with_extension(cls) -> str:
        """Return the name of the file: `items.csv`."""
        return f"{cls.file_name()}.{cls.extension()}"

    @classmethod
    def is_multi(cls) -> bool:
        """Tell whether the file holds several tables."""
        return cls.schema_type() is SchemaType.MULTI

    @classmethod
    def is_single(cls) -> bool:
        """Tell whether the file holds one table."""
        return cls.schema_type() is SchemaType.SINGLE

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """Return the columns of a schema with one table, by name, in order.

        Raises:
            TypeError: The schema has several tables.
            NotImplementedError: It has no columns.
        """
        if cls.is_multi():
            raise TypeError(f"Schema '{cls.__name__}' has several tables: ask for column_groups().")
        return cls._members(Column) or cls.get_legacy_columns_with_warning()

    @classmethod
    def get_legacy_columns_with_warning(cls) -> dict[str, Column]:
        """Return columns made of `_DATATYPES`, by name, with a `DeprecationWarning`.

        Raises:
            NotImplementedError: There is no `_DATATYPES`.
        """
        if not cls._DATATYPES:
            raise cls._lacks("columns")
        cls._warn_of_datatypes("a Column for each column")
        return {name: Column(name, dtype) for name, dtype in cls._DATATYPES.items()}

    @classmethod
    def column_groups(cls) -> dict[str, dict[str, Column]]:
        """Return the columns of each table by the table's name within the file.

        Raises:
            ValueError: The schema has one table.
            NotImplementedError: It has no tables.
        """
        cls._refuse_single("column_groups", "columns")
        if groups := cls._members(ColumnGroup):
            return {name: {column.name: column for column in group.columns} for name, group in groups.items()}
        if not cls._DATATYPES:
            raise cls._lacks("column groups")
        cls._warn_of_datatypes("a ColumnGroup for each table")
        return {
            table: {name: Column(name, dtype) for name, dtype in columns.items()}
            for table, columns in cls._DATATYPES.items()
        }

    @classmethod
    def required_columns(cls) -> list[str]:
        """Return the names of the columns that must be there. Raises as `columns` does."""
        return [name for name, column in cls.columns().items() if not column.optional]

    @classmethod
    def optional_columns(cls) -> list[str]:
        """Return the names of the columns that may be absent. Raises as `columns` does."""
        return [name for name, column in cls.columns().items() if column.optional]

    @classmethod
    def primary_key(cls) -> tuple[str, ...]:
        """Return the names of the columns that together make the primary key. Raises as `columns` does."""
        return tuple(name for name, column in cls.columns().items() if column.primary_key)

    @classmethod
    def datatypes(cls) -> dict[str, DataType]:
        """Return the type of each column of a schema with one table, by the column's name.

        Raises:
            ValueError: The schema has several tables.
            NotImplementedError: It has no columns.
        """
        if cls.is_multi():
            raise ValueError(f"Schema '{cls.__name__}' has several tables: ask for datatype_groups().")
        if columns := cls._members(Column):
            return _datatypes(columns)
        if not cls._DATATYPES:
            raise cls._lacks("columns")
        return dict(cls._DATATYPES)

    @classmethod
    def datatype_groups(cls) -> dict[str, dict[str, DataType]]:
        """Return the types of each table's columns by the table's name within the file. Raises as `column_groups`."""
        cls._refuse_single("datatype_groups", "datatypes")
        if not cls._members(ColumnGroup) and cls._DATATYPES:
            return {table: dict(columns) for table, columns in cls._DATATYPES.items()}
        return {table: _datatypes(columns) for table, columns in cls.column_groups().items()}

    @classmethod
    def sub_names(cls) -> list[str]:
        """Return the names of the tables within a file that holds several. Raises as `column_groups` does."""
        return list(cls.datatype_groups())

    @classmethod
    def get_subschema(cls, key: str) -> type[Schema]:
        """Return a schema of one table for one of several.

        Args:
            key: The table's name within the file.

        Raises:
            ValueError: The schema has one table, or none of that name.
        """
        cls._refuse_single("get_subschema", "columns")
        names = cls.sub_names()
        if key not in names:
            raise ValueError(f"Schema '{cls.__name__}' has no table '{key}'; it has {', '.join(names)}.")
        members: dict[str, Any] = {
            "_FILENAME": cls.file_name(),
            "_EXTENSION": cls.extension(),
            "_SCHEMA_TYPE": SchemaType.SINGLE,
        }
        if groups := cls._members(ColumnGroup):
            members |= {f"_COLUMN_{at}": column for at, column in enumerate(groups[key].columns)}
        else:
            members["_DATATYPES"] = cls._DATATYPES[key]
        return type(f"{cls.__name__}_{key}", (Schema,), members)

    @classmethod
    def validate(cls) -> None:
        """Make sure that the schema has columns, and one for each other attribute it defines.

        Raises:
            AssertionError: An attribute has no column of its name.
            TypeError: The schema has several tables.
            NotImplementedError: It has no columns.
        """
        columns = cls.columns()
        for member in cls.get_data_members():
            if member not in columns:
                raise PreconditionError(f"Schema '{cls.__name__}' has an attribute '{member}' but no such column.")

    @classmethod
    def get_data_members(cls) -> list[str]:
        """Return the names of the class's own public attributes that are neither columns nor methods."""
        return [
            name
            for name, member in vars(cls).items()
            if not name.startswith("_")
            and not callable(member)
            and not isinstance(member, (classmethod, staticmethod, property, Column, ColumnGroup))
        ]

    @classmethod
    def _validate_datatypes(cls, dtypes: dict[str, DataType]) -> None:
        for name, dtype in dtypes.items():
            if not isinstance(dtype, DataType):
                raise PreconditionError(f"The type of column '{name}' must be a DataType.")

    @classmethod
    def _members(cls, kind: type[MemberT]) -> dict[str, MemberT]:
        for each in cls.__mro__:
            if found := {member.name: member for member in vars(each).values() if isinstance(member, kind)}:
                return found
        return {}

    @classmethod
    def _refuse_single(cls, asked: str, instead: str) -> None:
        if cls.is_single():
            raise ValueError(f"Schema '{cls.__name__}' has one table: {asked}() is for several, {instead}() for one.")

    @classmethod
    def _lacks(cls, what: str) -> NotImplementedError:
        return NotImplementedError(f"Schema '{cls.__name__}' does not define its {what}.")

    @classmethod
    def _warn_of_datatypes(cls, instead: str) -> None:
        warnings.warn(
            f"Schema '{cls.__name__}' uses the older dict _DATATYPES: write {instead}.",
            DeprecationWarning,
            stacklevel=4,
        )


def tables_of(schema: Schema | type[Schema]) -> dict[str, dict[str, Column]]:
    """Return the columns of each table of a file by the table's name: `file`, or `file.group` of several."""
    if schema.is_single():
        return {schema.file_name(): schema.columns()}
    return {f"{schema.file_name()}.{group}": columns for group, columns in schema.column_groups().items()}


def source_paths_of(schema: Schema | type[Schema]) -> dict[str, tuple[str, ...]]:
    """Return where the rows of each table are within a record of a JSON document, by the table's name in the file."""
    return {name: tuple(group.source_path) for name, group in schema._members(ColumnGroup).items()}


def _datatypes(columns: Mapping[str, Column]) -> dict[str, DataType]:
    return {name: column.dtype for name, column in columns.items()}
