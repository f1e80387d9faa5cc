"""Tables as they were sent, in JSON: taken apart, checked, and made data frames or put in canonical form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from algomancy_data.encoding import EncodingError, encode_json
from algomancy_data.stored.columns import Categories, check_cells, read_cells
from algomancy_data.stored.tables import SLICE_ROWS, categories_json, refuse_twins
from algomancy_data.stored.types import Kind, StoredType, parse_stored_type, storable

if TYPE_CHECKING:
    import msgspec
    import pandas as pd


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

    def check(self, position: int, cells: Sequence[Any], table: str) -> None:
        """Make sure that cells fit the type of the column at `position`.

        Raises:
            ValueError: They do not; the message names table and column.
        """
        name = self.columns[position]
        try:
            check_cells(cells, self.types[position], self.categories.get(name))
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


@dataclass(frozen=True)
class TableRows:
    """A table as it was sent, checked for shape.

    Attributes:
        shape: Its columns, types and index.
        cells: The cells of each column.
    """

    shape: TableShape
    cells: list[Sequence[Any]]

    def to_frame(self, table: str) -> pd.DataFrame:
        """Make the data frame.

        Raises:
            ValueError: A cell does not fit the type of its column; the message names table and column.
        """
        import pandas as pd

        index = read_index(self.shape.index)
        data: dict[str, Any] = {}
        for name, kind, cells in zip(self.shape.columns, self.shape.types, self.cells, strict=True):
            try:
                # A series of its own keeps pandas from guessing another type for columns of objects.
                data[name] = pd.Series(
                    read_cells(cells, kind, self.shape.categories.get(name)),
                    index=index,
                    dtype=_frame_dtype(kind),
                    copy=False,
                )
            except ValueError as error:
                raise _misfit(table, name, error) from None
        return pd.DataFrame(data, index=index, columns=pd.Index(self.shape.columns, dtype="str"), copy=False)


@dataclass(frozen=True)
class SentTable:
    """A table as it was sent, its rows not decoded yet.

    Rows decoded all at once are millions of objects spread over far more memory than any cache holds. Decoded some
    thousand at a time they fit, and the next ones take their place: that takes half the time and little memory.

    Attributes:
        name: Its name, for messages.
        members: What it has besides its rows.
        rows: Its rows, each a text in JSON.
    """

    name: str
    members: dict[str, Any]
    rows: list[msgspec.Raw]

    @classmethod
    def of(cls, name: str, text: msgspec.Raw) -> SentTable:
        """Find the rows of a table.

        Raises:
            ValueError: It is no object, or has no list of rows.
            msgspec.DecodeError: The text is no JSON.
        """
        import msgspec

        members = objects_of(text)
        if members is None:
            raise ValueError(f"Table '{name}' must be an object with data, columns, dtypes and index.")
        try:
            rows = msgspec.json.decode(members.pop("data", b"null"), type=list[msgspec.Raw])
        except msgspec.ValidationError:
            raise ValueError(f"Table '{name}' needs 'data', a list.") from None
        return cls(name, {member: msgspec.json.decode(value) for member, value in members.items()}, rows)

    def chunks(self) -> Iterator[list[Any]]:
        """Decode its rows, some at a time."""
        import msgspec

        for start in range(0, len(self.rows), SLICE_ROWS):
            part: list[Any] = msgspec.json.decode(b"[" + b",".join(self.rows[start : start + SLICE_ROWS]) + b"]")
            yield part

    def parse(self) -> TableRows:
        """Decode it and check its shape.

        Raises:
            ValueError: It is no such table; the message names the table, and the column where there is one.
        """
        shape = parse_shape(self)
        cells: list[list[Any]] = [[] for _ in shape.columns]
        done = 0
        for rows in self.chunks():
            for known, more in zip(cells, columns_of(rows, shape.columns, self.name, done), strict=True):
                known.extend(more)
            done += len(rows)
        return TableRows(shape, list(cells))

    def canonical(self) -> list[bytes]:
        """Check it and encode it, in pieces, with its cells as they were sent.

        Raises:
            ValueError: It is no such table, or a cell does not fit the type of its column.
        """
        shape = parse_shape(self)
        whole: dict[int, list[Any]] = {at: [] for at, kind in enumerate(shape.types) if kind.kind not in _BY_CHUNK}
        pieces: list[bytes] = []
        try:
            for rows in self.chunks():
                for at, cells in enumerate(columns_of(rows, shape.columns, self.name)):
                    if at in whole:
                        whole[at].extend(cells)
                    else:
                        shape.check(at, cells, self.name)
                pieces.append(encode_json(rows)[1:-1])
        except ValueError:
            # Within a piece rows count from its start: seen whole, the right one is named.
            for at, column in enumerate(self.parse().cells):
                shape.check(at, column, self.name)
            raise
        for at, cells in whole.items():
            shape.check(at, cells, self.name)
        separated = [piece for rows in pieces for piece in (b",", rows)][1:]
        return [b'{"data":[', *separated, b"],", shape.to_json()]


_BY_CHUNK = (Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.TEXT, Kind.OBJECT)
"""Kinds whose cells can be checked some at a time; of the others the column must be seen whole."""


def objects_of(text: bytes | msgspec.Raw) -> dict[str, msgspec.Raw] | None:
    """Return the members of an object in JSON, each a text; None where the text is something else.

    Raises:
        msgspec.DecodeError: The text is no JSON.
    """
    import msgspec

    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return None


def parse_shape(sent: SentTable) -> TableShape:
    """Return the columns of a table, their types and the index.

    Raises:
        ValueError: One of them is missing or not what it must be.
    """
    value, table = sent.members, sent.name
    columns, index = _list(value, "columns", table), _list(value, "index", table)
    names = _column_names(columns, table)
    _check_index(index, table)
    if len(index) != len(sent.rows):
        raise ValueError(f"Table '{table}' has {len(sent.rows)} rows but an index of {len(index)} labels.")
    types = _types(sent, names, table)
    return TableShape(names, types, index, _parse_categories(value.get("categories"), names, types, table))


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


def read_index(labels: list[Any]) -> pd.Index:
    """Make the index of row labels: a range, numbers, text or tuples where they are, else objects."""
    import pandas as pd

    kinds = set(map(type, labels))
    if kinds <= {int} and labels == list(range(len(labels))):
        return pd.RangeIndex(len(labels))
    if list in kinds:
        return _read_tuples(labels)
    dtype: Any = object
    if kinds == {int} and min(labels) >= -(2**63) and max(labels) < 2**63:
        dtype = "int64"
    elif kinds == {str}:
        dtype = "str"
    elif float in kinds and kinds <= {float, type(None)}:
        dtype = "float64"
    index: pd.Index = pd.Index(labels, dtype=dtype)
    return index


def _read_tuples(labels: list[Any]) -> pd.Index:
    import pandas as pd

    tuples = [tuple(label) if type(label) is list else label for label in labels]
    if {type(label) for label in labels} == {list} and len(set(map(len, tuples))) == 1 and len(tuples[0]) > 1:
        levels = pd.MultiIndex.from_tuples(tuples)
        # Levels have one type each; labels that would not read the same again stay tuples.
        if encode_json(levels.tolist()) == orjson.dumps(labels):
            return levels
    index: pd.Index = pd.Index(tuples, dtype=object, tupleize_cols=False)
    return index


def _frame_dtype(kind: StoredType) -> str | None:
    return "object" if kind.name == "object" else None


def _misfit(table: str, column: str, error: ValueError) -> ValueError:
    return ValueError(f"Table '{table}', column '{column}': {error}.")


def _list(value: dict[str, Any], member: str, table: str) -> list[Any]:
    found = value.get(member)
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
    dtypes = sent.members.get("dtypes", {})
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

    cells = [row.get(name) for rows in sent.chunks() for row in rows if isinstance(row, dict)]
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


def columns_of(rows: list[Any], names: list[str], table: str, first: int = 0) -> list[Sequence[Any]]:
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
    if set(map(len, rows)) <= {len(names)}:
        try:
            if len(names) < 2 or not rows:
                return [[row[name] for row in rows] for name in names]
            # Each row is looked at once for all columns: with many rows that is what takes time.
            return list(zip(*map(itemgetter(*names), rows), strict=True))
        except KeyError:
            pass
    wanted = set(names)
    for number, row in enumerate(rows, first):
        if missing := [name for name in names if name not in row]:
            raise ValueError(f"Table '{table}', column '{missing[0]}': row {number} does not have it.")
        if extra := row.keys() - wanted:
            raise ValueError(f"Table '{table}': row {number} has '{min(extra)}', which is none of its columns.")
    raise ValueError(f"Table '{table}': the rows do not fit the columns.")
