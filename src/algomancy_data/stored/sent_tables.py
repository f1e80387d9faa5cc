"""Tables as they were sent, in JSON: taken apart, checked, and made data frames or put in canonical form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from algomancy_data.encoding import SLICE_ROWS, EncodingError, alike_columns, encode_json, row_type
from algomancy_data.stored.columns import Categories, Kind, StoredType, parse_stored_type, read_cells, storable
from algomancy_data.stored.tables import categories_json, encode_rows, read_index, refuse_twins

if TYPE_CHECKING:
    import pandas as pd

_NULL = msgspec.Raw(b"null")


@dataclass(frozen=True)
class TableShape:
    """What a table in JSON tells besides its cells.

    Attributes:
        columns: The names of its columns.
        types: Their types, in the same order.
        index: The label of each row.
        categories: The categories of columns whose cells alone do not tell them.
    """

    columns: list[str]
    types: list[StoredType]
    index: list[Any]
    categories: Mapping[str, Categories]

    def read(self, position: int, cells: Sequence[Any], table: str) -> Any:  # noqa: ANN401 - an array
        """Make the column at `position` of its cells.

        Raises:
            ValueError: They do not fit its type; the message names table and column.
        """
        name = self.columns[position]
        try:
            return read_cells(cells, self.types[position], self.categories.get(name))
        except ValueError as error:
            raise _misfit(table, name, error) from None

    def to_json(self) -> bytes:
        """Encode the members that follow the rows, without the bracket before them."""
        dtypes = {name: kind.name for name, kind in zip(self.columns, self.types, strict=True)}
        types = b',"dtypes":' + encode_json(dtypes) + b',"index":'
        return (
            b'"columns":'
            + encode_json(self.columns)
            + categories_json(self.categories)
            + types
            + encode_json(self.index)
            + b"}"
        )


class SentTable(msgspec.Struct):
    """A table as it was sent, its rows not decoded yet.

    Rows decoded all at once are millions of objects spread over far more memory than any cache holds. Decoded some
    thousand at a time they fit, and the next ones take their place: that takes half the time and little memory.
    """

    data: list[msgspec.Raw]
    columns: msgspec.Raw = _NULL
    dtypes: msgspec.Raw = msgspec.Raw(b"{}")
    index: msgspec.Raw = _NULL
    categories: msgspec.Raw = _NULL

    def rows(self, kind: Any = Any) -> Iterator[list[Any]]:  # noqa: ANN401 - a type as msgspec takes it
        """Decode its rows, some at a time.

        Args:
            kind: The type of a row.
        """
        decode = msgspec.json.Decoder(list[kind]).decode
        for start in range(0, len(self.data), SLICE_ROWS):
            yield decode(b"[" + b",".join(self.data[start : start + SLICE_ROWS]) + b"]")

    def cells(self, names: list[str], table: str) -> list[list[Any]]:
        """Decode the cells of each column.

        Raises:
            ValueError: A row has other members than these; the message names table and row.
        """
        found: list[list[Any]] = [[] for _ in names]
        for rows in self.rows():
            for known, more in zip(found, _columns_of(rows, names, table, len(found[0]) if found else 0), strict=True):
                known.extend(more)
        return found


def read_frame(sent: SentTable, table: str) -> pd.DataFrame:
    """Make the data frame of a table.

    Raises:
        ValueError: It is no such table, or a cell does not fit the type of its column; the message names the table,
            and the column where there is one.
    """
    import pandas as pd

    shape = _shape(sent, table)
    index = read_index(shape.index)
    data: dict[str, Any] = {}
    for at, cells in enumerate(sent.cells(shape.columns, table)):
        # A series of its own keeps pandas from guessing another type for columns of objects.
        dtype: Any = "object" if shape.types[at].name == "object" else None
        data[shape.columns[at]] = pd.Series(shape.read(at, cells, table), index=index, dtype=dtype, copy=False)
    return pd.DataFrame(data, index=index, columns=pd.Index(shape.columns, dtype="str"), copy=False)


def canonical_table(sent: SentTable, table: str) -> list[bytes]:
    """Check a table and encode it, in pieces, with its cells as they were sent.

    Raises:
        ValueError: As `read_frame` does.
    """
    shape = _shape(sent, table)
    pieces = _typed_pieces(sent, shape, table)
    if pieces is None:
        columns = sent.cells(shape.columns, table)
        for at, cells in enumerate(columns):
            shape.read(at, cells, table)
        pieces = [
            encode_rows(
                shape.columns,
                [cells[start : start + SLICE_ROWS] for cells in columns],
                len(sent.data[start : start + SLICE_ROWS]),
            )
            for start in range(0, len(sent.data), SLICE_ROWS)
        ]
    separated = [piece for rows in pieces for piece in (b",", rows)][1:]
    return [b'{"data":[', *separated, b"],", shape.to_json()]


def _typed_pieces(sent: SentTable, shape: TableShape, table: str) -> list[bytes] | None:
    """Return the rows encoded, checked while they are decoded, which is by far the quickest.

    None where a cell is not of the usual ones of its type: it is none, or very large.
    """
    row = row_type(dict(zip(shape.columns, map(_cell_type, shape.types), strict=True)))
    if row is None:
        return None
    rest: dict[int, list[Any]] = {at: [] for at, kind in enumerate(shape.types) if kind.name not in _CELL_TYPES}
    pieces = []
    try:
        for rows in sent.rows(row):
            for at, cells in rest.items():
                cells.extend(map(attrgetter(f"f{at}"), rows))
            pieces.append(msgspec.json.encode(rows)[1:-1])
    except msgspec.ValidationError:
        return None
    for at, cells in rest.items():
        shape.read(at, cells, table)
    return pieces


# Cells of which msgspec and orjson write the same text, and that every column of such a type can hold.
_WHOLE: Any = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_SMALL: Any = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] | Annotated[float, msgspec.Meta(gt=-1e15, lt=1e15)]
_ANY: Any = None | bool | str | _WHOLE | Annotated[float, msgspec.Meta(gt=-1e15, lt=1e15)]
_CELL_TYPES: dict[str, Any] = {
    "int64": _WHOLE,
    "Int64": _WHOLE | None,
    "float64": _SMALL | None,
    "Float64": _SMALL | None,
    "bool": bool,
    "boolean": bool | None,
    "str": str | None,
    "string": str | None,
    "object": _ANY,
}
"""What cells are that need no further look, by the name of their column's type."""


def _cell_type(kind: StoredType) -> Any:  # noqa: ANN401 - a type as msgspec takes it
    return _CELL_TYPES.get(kind.name, list[_ANY] | _ANY)


def _shape(sent: SentTable, table: str) -> TableShape:
    """Return the columns of a table, their types and the index.

    Raises:
        ValueError: One of them is missing or not what it must be.
    """
    columns, index = _list(sent.columns, "columns", table), _list(sent.index, "index", table)
    names = _column_names(columns, table)
    _check_index(index, table)
    if len(index) != len(sent.data):
        raise ValueError(f"Table '{table}' has {len(sent.data)} rows but an index of {len(index)} labels.")
    types = _types(sent, names, table)
    return TableShape(names, types, index, _parse_categories(msgspec.json.decode(sent.categories), names, types, table))


def _parse_categories(value: object, names: list[str], types: list[StoredType], table: str) -> dict[str, Categories]:
    kinds = {name: kind.kind for name, kind in zip(names, types, strict=True)}
    found: dict[str, Categories] = {}
    for name, told in (value if isinstance(value, dict) else {}).items():
        values, ordered = (told.get("values"), told.get("ordered", False)) if isinstance(told, dict) else (None, None)
        if kinds.get(name) is not Kind.CATEGORY or not isinstance(values, list) or not isinstance(ordered, bool):
            text = "'categories' must hold the values of columns of categories, and whether they are ordered"
            raise ValueError(f"Table '{table}', column '{name}': {text}.")
        try:
            encode_json(values)
        except EncodingError as error:
            raise ValueError(f"Table '{table}', column '{name}', in its categories: {error}") from None
        found[name] = Categories(values, ordered)
    return found


def _misfit(table: str, column: str, error: ValueError) -> ValueError:
    return ValueError(f"Table '{table}', column '{column}': {error}.")


def _list(text: msgspec.Raw, member: str, table: str) -> list[Any]:
    found = msgspec.json.decode(text)
    if not isinstance(found, list):
        raise ValueError(f"Table '{table}' needs '{member}', a list.")
    return found


def _column_names(columns: list[Any], table: str) -> list[str]:
    if not all(isinstance(name, str) for name in columns):
        raise ValueError(f"Table '{table}': the names of columns must be text.")
    refuse_twins(columns, table)
    return columns


def _types(sent: SentTable, names: list[str], table: str) -> list[StoredType]:
    """Return the types of the columns; a column whose type is not given has that of its cells."""
    dtypes = msgspec.json.decode(sent.dtypes)
    if not isinstance(dtypes, dict):
        raise ValueError(f"Table '{table}': 'dtypes' must be an object with the type of each column.")
    if strangers := dtypes.keys() - set(names):
        raise ValueError(f"Table '{table}' has a type for '{min(strangers)}', which is none of its columns.")
    types = []
    for name in names:
        text = dtypes[name] if name in dtypes else _natural_type(sent, name)
        if not isinstance(text, str):
            raise ValueError(f"Table '{table}', column '{name}': its type in 'dtypes' must be text.")
        try:
            types.append(parse_stored_type(text))
        except ValueError as error:
            raise _misfit(table, name, error) from None
    return types


def _natural_type(sent: SentTable, name: str) -> str:
    import pandas as pd

    cells = [row.get(name) for rows in sent.rows() for row in rows if isinstance(row, dict)]
    if not set(map(type, cells)).isdisjoint((list, dict)):
        return "object"
    return storable(pd.Series(cells, dtype=None if cells else object))[0].name


def _check_index(index: list[Any], table: str) -> None:
    try:
        encode_json(index)
    except EncodingError as error:
        raise ValueError(f"Table '{table}', in the index: {error}") from None
    if set(map(type, index)).isdisjoint((list, dict)):
        return
    for label in index:
        kind = type(label)
        if kind is dict or (kind is list and any(type(part) in (dict, list) for part in label)):
            raise ValueError(f"Table '{table}': a label of the index must be a plain value, or a list of plain values.")


def _columns_of(rows: list[Any], names: list[str], table: str, first: int) -> list[Sequence[Any]]:
    """Turn row objects into columns, making sure that each has exactly the columns as members.

    Args:
        rows: The rows.
        names: The names of the columns.
        table: The name of the table, for messages.
        first: Which row of the table the first one is.

    Raises:
        ValueError: One has not; the message names the row.
    """
    if not set(map(type, rows)) <= {dict}:
        raise ValueError(f"Table '{table}': every row must be an object keyed by column.")
    wanted = set(names)
    if (found := alike_columns(rows)) is not None and found.keys() == wanted:
        return [found[name] for name in names]
    for number, row in enumerate(rows, first):
        if missing := [name for name in names if name not in row]:
            raise ValueError(f"Table '{table}', column '{missing[0]}': row {number} does not have it.")
        if extra := row.keys() - wanted:
            raise ValueError(f"Table '{table}': row {number} has '{min(extra)}', which is none of its columns.")
    raise ValueError(f"Table '{table}': the rows do not fit the columns.")
