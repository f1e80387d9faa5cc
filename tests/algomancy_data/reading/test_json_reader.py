"""Reading tables from JSON documents."""

from __future__ import annotations

import json
import random
from typing import Any

import pandas as pd
import pytest

from algomancy_data import (
    Column,
    ColumnGroup,
    DataType,
    ExtractionError,
    FileExtension,
    JSONFile,
    JSONMultiExtractor,
    JSONSingleExtractor,
    ReadLimits,
    Schema,
    SchemaType,
)
from algomancy_data.reading import json_reader
from algomancy_data.reading.offload import WorkerDiedError
from algomancy_utils.errors import TooLargeError


class OrderSchema(Schema):
    """Records with an object inside."""

    _FILENAME = "orders"
    _SCHEMA_TYPE = SchemaType.SINGLE
    _EXTENSION = FileExtension.JSON

    ID = Column("id", DataType.INTEGER)
    CITY = Column("address.city", DataType.STRING)
    AT = Column("at", DataType.DATETIME)


class NestedSchema(Schema):
    """Several tables in one document."""

    _FILENAME = "plan"
    _EXTENSION = FileExtension.JSON
    _SCHEMA_TYPE = SchemaType.MULTI

    ITEMS = ColumnGroup("items", [Column("n", DataType.INTEGER)])
    LINES = ColumnGroup("lines", [Column("qty", DataType.FLOAT)], source_path=("orders", "lines"))


def _single(document: Any, **limits: int) -> tuple[pd.DataFrame, list[Any]]:
    file = JSONFile("orders", content=document if isinstance(document, (str, bytes)) else json.dumps(document))
    file.limits = ReadLimits(**limits)
    extractor = JSONSingleExtractor(file, OrderSchema)
    return extractor.extract()["orders"], extractor.messages


def test_json_records_become_a_table() -> None:
    """Objects within records become columns `a.b`; what a record lacks is missing; types are the schema's."""
    frame, messages = _single(
        [
            {"id": 1, "address": {"city": "Gouda", "geo": {"lat": 52.0}}, "at": "2025-01-02", "tags": ["x"]},
            {"id": "2", "at": None, "extra": True},
            {"address": {}, "id": 3.0},
        ]
    )
    assert messages == []
    assert list(frame) == ["id", "at", "tags", "extra", "address.city", "address.geo.lat"]
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["address.city"].fillna("-").tolist() == ["Gouda", "-", "-"]
    assert frame["address.geo.lat"].dtype == "float64"
    assert frame["at"].dtype == "datetime64[us]"
    assert frame["tags"].tolist() == [["x"], None, None]


def test_json_objects_that_are_null_make_no_column() -> None:
    """Where other records have an object, `null` is an object of missing members; any other value is kept."""
    frame, _ = _single([{"address": None}, {"address": {"city": "Ede"}}, {"id": 3}])
    assert set(frame) == {"address.city", "id"}
    frame, _ = _single([{"address": "Ede"}, {"address": {"city": "Gouda"}}])
    assert frame["address"].fillna("-").tolist() == ["Ede", "-"]
    assert frame["address.city"].fillna("-").tolist() == ["-", "Gouda"]


def test_json_cells_that_cannot_be_converted_are_errors() -> None:
    """A list where a number should be, or a boolean, is an error by row."""
    _, messages = _single([{"id": [1]}, {"id": True}, {"id": "x"}, {"id": {"a": 1}}])
    assert [(message.row, message.message) for message in messages] == [
        (0, "A list is not a whole number."),
        (1, "'true' is not a whole number."),
        (2, "'x' is not a whole number."),
        (3, "An object is not a whole number."),
    ]


def test_json_with_byte_order_mark_is_read() -> None:
    """A byte order mark does not matter."""
    frame, _ = _single(b'\xef\xbb\xbf[{"id": 1}]')
    assert frame["id"].tolist() == [1]


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"", "empty"),
        (b"{", "not valid JSON"),
        (b'{"a": 1}', "must hold a list of records"),
        (b"[1]", "record 1 is not an object"),
        (b'[{"id": 1}, null]', "record 2 is not an object"),
        (b"\xff", "not valid UTF-8"),
        (b"[" * 100_000, "nests deeper"),
        (b'[{"a":' + b"[" * 300 + b"]" * 300 + b"}]", "nests deeper"),
        (b"[Infinity]", "not valid JSON"),
        (b'[{"id": 1e400}]', "holds a number that is too large (line 1, column 9)"),
        (b'{"id": 1}\n\n{"id": 2\n{"id": 3}', "not valid JSON: unexpected end of data (line 3, column 9)"),
        (b'{"id": {"0": 1, "1": 2}, "at": {"0": null}}', "one object for each row instead"),
        (b'{"id": [1, 2], "at": ["2025-01-01", null]}', "one object for each row instead"),
        (b'"x"\n{"id": 1}', "record 1 is not an object"),
        (b"\xff\xfe[", "not UTF-16 text"),
    ],
    ids=[
        "empty",
        "malformed",
        "object",
        "number",
        "null",
        "not_utf8",
        "brackets",
        "deep_cell",
        "infinity",
        "too_large",
        "a_line",
        "object_for_each_column",
        "list_for_each_column",
        "text_on_a_line",
        "not_utf16",
    ],
)
def test_json_that_is_no_table_is_refused_by_name(content: bytes, fragment: str) -> None:
    """A document that is no list of records is refused with a message that names the file and says why."""
    with pytest.raises(ExtractionError) as error:
        _single(content)
    assert str(error.value).startswith("File 'orders.json'")
    assert fragment in str(error.value)


def test_json_over_the_limits_is_refused() -> None:
    """Too many records, and records whose members together make too many columns or cells, are refused."""
    with pytest.raises(TooLargeError, match="10 rows"):
        _single([{}] * 11, max_rows=10)
    different = [{f"c{number}": 1} for number in range(100)]
    with pytest.raises(TooLargeError, match="50 columns"):
        _single(different, max_columns=50)
    with pytest.raises(TooLargeError, match=r"1,000 cells"):
        _single(different, max_cells=1_000)
    with pytest.raises(TooLargeError, match=r"2,000 cells"):
        _single(different, max_inflated_bytes=32_000)


def test_json_document_becomes_several_tables() -> None:
    """Each group's records are found along its path, lists on the way gone through; the tables are `file.group`."""
    document = {
        "items": [{"n": 1}],
        "orders": [{"lines": [{"qty": 1}, {"qty": "2,5"}]}, {"lines": []}, {}, {"lines": {"qty": 4}}],
    }
    extractor = JSONMultiExtractor(JSONFile("plan", content=json.dumps(document)), NestedSchema())
    tables = extractor.extract()
    assert extractor.messages == []
    assert tables["plan.items"].to_dict("list") == {"n": [1]}
    assert tables["plan.lines"].to_dict("list") == {"qty": [1.0, 2.5, 4.0]}


@pytest.mark.parametrize(
    ("document", "tables"),
    [
        ([{"id": 1, "lines": [{"qty": 2}, {"qty": 3}]}, {"id": 2}], {"plan.orders": [1, 2], "plan.lines": [2.0, 3.0]}),
        ({"about": {"x": 1}, "rows": [{"id": 1}]}, {"plan.orders": [1], "plan.lines": []}),
    ],
    ids=["list", "object with one list"],
)
def test_json_records_with_lists_inside_become_a_table_each(document: Any, tables: dict[str, list[Any]]) -> None:
    """A group without a path has a row for each record; another one has the rows at its path, maybe none."""

    class Orders(Schema):
        _FILENAME = "plan"
        _EXTENSION = FileExtension.JSON
        _SCHEMA_TYPE = SchemaType.MULTI
        ORDERS = ColumnGroup("orders", [Column("id", DataType.INTEGER)])
        LINES = ColumnGroup("lines", [Column("qty", DataType.FLOAT)], source_path=("lines",))

    found = JSONMultiExtractor(JSONFile("plan", content=json.dumps(document)), Orders).extract()
    assert {name: frame.iloc[:, 0].tolist() for name, frame in found.items()} == tables
    assert [list(frame) for frame in found.values()] == [["id"], ["qty"]]


def test_json_document_without_records_is_refused() -> None:
    """A document without a list, or with something else than objects in it, is refused by name."""
    for content, fragment in (('{"a": 1}', "exactly one list"), ('{"items": [3]}', "record 1 is not an object")):
        with pytest.raises(ExtractionError, match=fragment):
            JSONMultiExtractor(JSONFile("plan", content=content), NestedSchema).extract()


def test_json_cells_of_a_text_column_may_be_lists_and_objects() -> None:
    """They are kept as text, in JSON, with a warning; an empty text stays one; the rest of their rows is read."""
    schema = type(
        "Tags", (OrderSchema,), {"TAGS": Column("tags", DataType.STRING), "ID": Column("id", DataType.INTEGER)}
    )
    content = json.dumps([{"id": 1, "tags": ["a", 2]}, {"id": 2, "tags": {"b": None}}, {"id": 3, "tags": ""}])
    extractor = JSONSingleExtractor(JSONFile("orders", content=content), schema)
    frame = extractor.extract()["orders"]
    assert frame.to_dict("list") == {"id": [1, 2, 3], "tags": ['["a",2]', '{"b":null}', ""]}
    assert [(each.severity, each.column) for each in extractor.messages] == [("WARNING", "tags")]


def test_json_of_size_is_read_in_the_worker_the_same() -> None:
    """A large document gives the table a small one gives."""
    records = [
        {"id": number, "address": {"city": f"city {number % 9}"}, "at": "2025-01-02"} for number in range(30_000)
    ]
    frame, messages = _single([*records, {"id": "x"}])
    assert [message.row for message in messages] == [30_000]
    small, _ = _single(records[:100])
    pd.testing.assert_frame_equal(frame[:100].astype({"id": "int64"}), small)


def test_json_that_kills_the_worker_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies of a document, out of memory for example, does not take the server along."""

    def died(*_: object) -> None:
        raise WorkerDiedError

    monkeypatch.setattr(json_reader, "run_by_size", died)
    with pytest.raises(ExtractionError, match=r"File 'orders\.json' cannot be read: it needs more memory"):
        _single([{"id": 1}])


RECORDS = [{"id": 1, "address": {"city": "Gouda"}}, {"id": 2, "address": {"city": "Ede"}}]
LINES = "\n".join(map(json.dumps, RECORDS))
SHAPES: dict[str, tuple[Any, str]] = {
    "utf16": (json.dumps(RECORDS).encode("utf-16"), "The file is UTF-16 text."),
    "in_an_object": ({"data": RECORDS, "count": 2}, "The records are those at 'data'."),
    "lines": (LINES, "Each line is read as a record."),
    "lines_with_blank_ones": (LINES.replace("\n", "\n\n") + "\n", "Each line is read as a record."),
}


@pytest.mark.parametrize(("document", "remark"), SHAPES.values(), ids=SHAPES)
def test_json_of_other_shapes_is_read(document: Any, remark: str) -> None:
    """A list of records within an object, and an object on each line, are read, and that is said."""
    frame, messages = _single(document)
    assert frame.to_dict("list") == {"id": [1, 2], "address.city": ["Gouda", "Ede"]}
    assert [(m.severity.value, m.message) for m in messages] == [("INFO", remark)]


def test_json_of_one_object_is_one_record() -> None:
    """An object that has the schema's members is read as one record, and that is said."""
    frame, messages = _single(RECORDS[0])
    assert frame.to_dict("list") == {"id": [1], "address.city": ["Gouda"]}
    assert [m.message for m in messages] == ["The document is one object: it is read as one record."]


def test_json_of_one_object_within_which_a_column_is_is_one_record() -> None:
    """A list beside it is a cell, not a column of cells."""
    frame, messages = _single('{"id": [1, 2], "address": {"city": "Gouda"}}')
    assert frame["address.city"].tolist() == ["Gouda"]
    assert [(m.code, m.row) for m in messages] == [("READ_AS", None), ("CONVERSION_FAILED", 0)]


@pytest.mark.parametrize("rows", [2, 30_000])
@pytest.mark.parametrize("nested", [False, True])
def test_json_truth_among_numbers_stays_what_it_is(rows: int, nested: bool) -> None:
    """`true` is no number, wherever it stands: behind numbers with a fraction as well."""
    values: list[object] = [0.5] * rows
    values[-1] = True
    records = [{"new": value, "n": {"m": value} if nested else 1} for value in values]
    frame, _ = _single(json.dumps(records))
    assert frame["new"].tolist()[-1] is True
    assert frame["n.m" if nested else "new"].tolist()[-1] is True


def test_json_integers_of_any_length_keep_their_digits() -> None:
    """In columns of text, and in those that no schema knows, beside missing cells as well."""
    one, other = 12345678901234567890123, 12345678901234567890124
    frame, messages = _single(
        f'[{{"address": {{"city": {one}}}, "new": {one}, "big": 9007199254740993}},'
        f'{{"address": {{"city": {other}}}, "new": null, "big": null}}, {{"new": 1, "big": 1}}]'
    )
    assert messages == []
    assert frame["address.city"].tolist()[:2] == [str(one), str(other)]
    assert frame["new"].tolist()[::2] == [str(one), "1"]
    assert frame["big"].tolist() == [9007199254740993, pd.NA, 1]


def test_json_numbers_that_would_be_rounded_are_refused() -> None:
    """A whole number too large for its float, and one too large for its type, are errors in their own words."""
    _, messages = _single('[{"id": 9007199254740993.0}, {"id": 9223372036854775808}, {"id": 1}]')
    assert [message.row for message in messages] == [0, 1]
    assert "more digits" in messages[0].message
    assert "too large a whole number" in messages[1].message


def test_json_words_are_no_dates() -> None:
    """`now` is not the server's clock, and `"0800"` no year."""
    _, messages = _single([{"at": text} for text in ("now", "today", "0800", "1430", "-2025-01-01", "2025-01-01")])
    assert [message.row for message in messages] == [0, 1, 2, 3, 4]


def test_json_numbers_that_are_none_are_missing() -> None:
    """`NaN`, as Python and pandas write it, is a missing value, and that is said; in a text it is a text."""
    frame, messages = _single('[{"id": NaN, "x": 0.5, "name": "NaN, \\"NaN"}, {"id": 2, "x": NaN, "name": ""}]')
    assert frame["id"].tolist() == [pd.NA, 2]
    assert frame["x"].isna().tolist() == [False, True]
    assert frame["name"].tolist() == ['NaN, "NaN', ""]
    assert [(m.severity.value, m.message) for m in messages] == [("INFO", "NaN is read as a missing value.")]


TWINS: dict[str, tuple[str, str, int]] = {
    "plain": ('[{"id": 1}, {"id": 1, "id": 2}]', "id", 1),
    "spaced": ('[{"id" : 1 , "id" : 2}]', "id", 0),
    "beside_a_text_with_a_colon": ('[{"id": 2, "new": "\\":", "new": "x"}]', "new", 0),
    "within": ('[{"id": 2, "address": {"city": "Ede", "city": "Gouda"}}]', "city", 0),
    "once_with_a_dot": ('[{"id": 2, "address.city": "Ede", "address": {"city": "Gouda"}}]', "address.city", 0),
    "lines": ('{"id": 1}\n{"id": 1, "id": 2}', "id", 1),
}


@pytest.mark.parametrize(("document", "name", "row"), TWINS.values(), ids=TWINS)
def test_json_members_of_one_name_are_told(document: str, name: str, row: int) -> None:
    """Of members of one name in one record the last counts, and a warning says where there are any."""
    frame, messages = _single(document)
    assert frame["id"].tolist()[-1] == 2
    told = [(m.severity.value, m.column, m.row) for m in messages if m.code == "AMBIGUOUS"]
    assert told == [("WARNING", name, row)]


def test_json_members_of_one_name_are_told_of_several_tables() -> None:
    """The same holds of a document that becomes several tables."""
    document = '{"items": [{"n": 1, "n": 2}], "orders": []}'
    extractor = JSONMultiExtractor(JSONFile("plan", content=document), NestedSchema)
    assert extractor.extract()["plan.items"]["n"].tolist() == [2]
    assert {(m.severity.value, m.column, m.code) for m in extractor.messages} == {("WARNING", "n", "AMBIGUOUS")}


CELLS: dict[str, list[Any]] = {
    "id": [0, -1, 7, 2**62, None],
    "x": [0.5, 1, -3.25e-7, 9007199254740991, None],
    "at": ["2025-01-01", "2025-02-28T12:00", None],
    "text": ["", "007", "},{", 'quote " and \\', 'a":1', "ß\u2028\U0001f600", None],
    "flag": [True, False, None],
    "big": [2**70, 1, "x", None],
    "list": [[1, 2], {"a": 1}, None, 3],
    "none": [None],
}


@pytest.mark.parametrize("seed", range(8))
def test_json_is_read_the_same_in_pieces_of_any_size(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the records of a piece are alike or not, the table is the one that they make all at once."""
    drawn = random.Random(seed)
    share, names = drawn.choice([0.3, 0.95, 1]), drawn.sample(list(CELLS), drawn.randint(1, len(CELLS)))
    records = [
        {name: drawn.choice(CELLS[name]) for name in names if drawn.random() < share or name == names[0]}
        for _ in range(200)
    ]
    text = json.dumps(records, indent=drawn.choice([None, 1]), ensure_ascii=drawn.random() < 0.5)
    whole, told = _single(text)
    monkeypatch.setattr(json_reader, "SLICE_ROWS", drawn.randint(1, 40))
    monkeypatch.setattr(json_reader, "_PIECE_BYTES", drawn.randint(200, 2_000))
    pieces, told_of_pieces = _single(text)
    pd.testing.assert_frame_equal(pieces, whole)
    assert told_of_pieces == told
