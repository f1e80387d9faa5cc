"""Schemas: what a file of raw data is called, and which columns of which types its tables have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

MemberT = TypeVar("MemberT")


class DataType(StrEnum):
    """What the cells of a column mean.

    An `INTERVAL` is a pair of bounds in one cell, two numbers or two times: `1/5`, `2025-01-01/2025-06-30` (both ends
    included), or with brackets that tell which end belongs to it: `[0, 10)`.
    """

    STRING = "string"
    DATETIME = "datetime"
    INTEGER = "integer"
    FLOAT = "float"
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


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: Its heading in the file and its name in the table. In a JSON file `a.b` is member `b` of object `a`.
        dtype: What its cells mean.
        optional: The column may be absent from the file.
        primary_key: It is the primary key, or part of it: never missing, and unique (as a combination).
        default: What `DefaultValidator` puts where a cell, or the whole optional column, is missing.
        nullable: Cells may be missing.
        unique: No value occurs twice; missing cells do not count.
        description: What it is, for people.
        foreign_key: `"table.column"` in which each of its values must occur.
    """

    name: str
    dtype: DataType
    optional: bool = False
    primary_key: bool = False
    default: Any = None
    nullable: bool = False
    unique: bool = False
    description: str = ""
    foreign_key: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ValueError("A column needs a name.")
        object.__setattr__(self, "dtype", DataType(self.dtype))
        if self.foreign_key is not None and "." not in self.foreign_key:
            raise ValueError(f"The foreign key of column '{self.name}' must read 'table.column'.")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ColumnGroup:
    """One table of a file that holds several: a sheet of a workbook, or a list inside a JSON document.

    Attributes:
        name: The sheet, or the member of the JSON document; the table is named `file.name`.
        columns: Its columns.
        source_path: Where the records are in a JSON document, as keys from the outside in; `(name,)` when empty.
            A list on the way is gone through item by item.
    """

    name: str
    columns: Sequence[Column]
    source_path: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        path = (self.source_path,) if isinstance(self.source_path, str) else tuple(self.source_path)
        object.__setattr__(self, "source_path", path)
        _refuse_twins((column.name for column in self.columns), f"Column group '{self.name}'")


class Schema:
    """Describes one file of raw data. Subclass it and set class attributes; it is never filled with data.

    A file with one table lists its columns as class attributes:

        class ItemSchema(Schema):
            _FILENAME = "items"
            _EXTENSION = FileExtension.CSV
            _SCHEMA_TYPE = SchemaType.SINGLE

            ITEM = Column("Item", DataType.STRING, primary_key=True)
            WEIGHT = Column("Weight", DataType.FLOAT, nullable=True)

    a file with several tables (`SchemaType.MULTI`) lists `ColumnGroup`s instead. The older form, a dict `_DATATYPES` of
    column to `DataType` (or of sheet to such a dict), is read too; its columns are required but may have missing cells.

    Everything can be asked of the class and of its instances alike. Methods that take `sub_name` want it when the
    schema has several tables.
    """

    _FILENAME: ClassVar[str] = ""
    _EXTENSION: ClassVar[FileExtension] = FileExtension.CSV
    _SCHEMA_TYPE: ClassVar[SchemaType] = SchemaType.SINGLE
    _DATATYPES: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - whatever a user's mixin takes
        super().__init_subclass__(**kwargs)
        label = f"Schema '{cls.__name__}'"
        _refuse_twins((column.name for column in cls._members(Column)), label)
        _refuse_twins((group.name for group in cls._members(ColumnGroup)), label)

    @classmethod
    def file_name(cls) -> str:
        """Return the logical name of the file: its name without extension.

        Raises:
            ValueError: The schema has none.
        """
        name = str(cls._FILENAME)
        if not name:
            raise ValueError(f"Schema '{cls.__name__}' does not say which file it describes (_FILENAME).")
        suffix = f".{cls.extension()}"
        return name[: -len(suffix)] if name.lower().endswith(suffix) and len(name) > len(suffix) else name

    @classmethod
    def extension(cls) -> FileExtension:
        """Return the kind of file."""
        return FileExtension(cls._EXTENSION)

    @classmethod
    def schema_type(cls) -> SchemaType:
        """Return whether the file holds one table or several."""
        return SchemaType(cls._SCHEMA_TYPE)

    @classmethod
    def is_multi(cls) -> bool:
        """Tell whether the file holds several tables."""
        return cls.schema_type() is SchemaType.MULTI

    @classmethod
    def is_single(cls) -> bool:
        """Tell whether the file holds one table."""
        return cls.schema_type() is SchemaType.SINGLE

    @classmethod
    def columns(cls, sub_name: str | None = None) -> list[Column]:
        """Return the columns in order: of the table named, or of all when several tables and no name is given.

        Raises:
            ValueError: The schema has no table of that name.
        """
        if cls.is_multi():
            groups = cls.column_groups()
            if sub_name is None:
                return [column for group in groups for column in group.columns]
            for group in groups:
                if group.name == sub_name:
                    return list(group.columns)
            raise ValueError(f"Schema '{cls.__name__}' has no table '{sub_name}'.")
        return [*_old_columns(cls._DATATYPES), *cls._members(Column)]

    @classmethod
    def column_groups(cls) -> list[ColumnGroup]:
        """Return the tables of a schema with several, in order; none for a schema with one."""
        if cls.is_single():
            return []
        old = [ColumnGroup(name, _old_columns(datatypes)) for name, datatypes in cls._DATATYPES.items()]
        return [*old, *cls._members(ColumnGroup)]

    @classmethod
    def tables(cls) -> dict[str, list[Column]]:
        """Return the columns of each table under the table's name: `file`, or `file.group` when there are several."""
        if cls.is_single():
            return {cls.file_name(): cls.columns()}
        return {f"{cls.file_name()}.{group.name}": list(group.columns) for group in cls.column_groups()}

    @classmethod
    def datatypes(cls, sub_name: str | None = None) -> dict[str, DataType]:
        """Return the type of each column by the column's name."""
        return {column.name: column.dtype for column in cls.columns(sub_name)}

    @classmethod
    def datatype_groups(cls) -> dict[str, dict[str, DataType]]:
        """Return the types of each table's columns by the table's name within the file."""
        return {group.name: {column.name: column.dtype for column in group.columns} for group in cls.column_groups()}

    @classmethod
    def required_columns(cls, sub_name: str | None = None) -> list[str]:
        """Return the names of the columns that must be there."""
        return [column.name for column in cls.columns(sub_name) if not column.optional]

    @classmethod
    def optional_columns(cls, sub_name: str | None = None) -> list[str]:
        """Return the names of the columns that may be absent."""
        return [column.name for column in cls.columns(sub_name) if column.optional]

    @classmethod
    def primary_key(cls, sub_name: str | None = None) -> list[str]:
        """Return the names of the columns that together make the primary key."""
        return [column.name for column in cls.columns(sub_name) if column.primary_key]

    @classmethod
    def sub_names(cls) -> list[str]:
        """Return the names of the tables within a file that holds several; none for a file with one."""
        return [group.name for group in cls.column_groups()]

    @classmethod
    def _members(cls, kind: type[MemberT]) -> list[MemberT]:
        # A subclass may replace a column of its parent by an attribute of the same name, or remove it by None.
        found: dict[str, Any] = {}
        for ancestor in reversed(cls.__mro__):
            found.update(vars(ancestor))
        return [member for member in found.values() if isinstance(member, kind)]


def _old_columns(datatypes: Mapping[str, Any]) -> list[Column]:
    return [Column(name, dtype, nullable=True) for name, dtype in datatypes.items()]


def _refuse_twins(names: Iterable[str], label: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{label} has two members named '{name}'.")
        seen.add(name)
