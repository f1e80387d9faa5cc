"""Reading tables from JSON documents."""

from __future__ import annotations

import json
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
from algomancy_utils.errors import TooLargeError


class OrderSchema(Schema):
    """Records with an object inside."""

    _FILENAME = "orders"
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
    assert list(frame) == ["id", "address.city", "address.geo.lat", "at", "tags", "extra", "address"]
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["address.city"].fillna("-").tolist() == ["Gouda", "-", "-"]
    assert frame["address.geo.lat"].dtype == "float64"
    assert frame["at"].dtype == "datetime64[us]"
    assert frame["tags"].tolist() == [["x"], None, None]


def test_json_cells_that_cannot_be_converted_are_errors() -> None:
    """A list where a number should be, or a boolean, is an error by row."""
    _, messages = _single([{"id": [1]}, {"id": True}, {"id": "x"}, {"id": {"a": 1}}])
    assert [(message.row, message.message) for message in messages] == [
        (0, "A list is not a whole number."),
        (1, "'True' is not a whole number."),
        (2, "'x' is not a whole number."),
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
        (b"[1]", "record 0 is not an object"),
        (b'[{"id": 1}, null]', "record 1 is not an object"),
        (b"\xff", "not valid UTF-8"),
        (b"[" * 100_000, "nests deeper"),
        (b'[{"a":' + b"[" * 300 + b"]" * 300 + b"}]", "nests deeper"),
        (b"[NaN]", "not valid JSON"),
    ],
    ids=["empty", "malformed", "object", "number", "null", "not_utf8", "brackets", "deep_cell", "nan"],
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


def test_json_document_without_a_group_is_an_error_message() -> None:
    """A group that is nowhere in the document is an error that says where it was looked for."""
    extractor = JSONMultiExtractor(JSONFile("plan", content='{"items": []}'), NestedSchema)
    assert list(extractor.extract()) == ["plan.items"]
    assert [(message.code, message.table) for message in extractor.messages] == [("missing_table", "plan.lines")]
    assert "'orders.lines'" in extractor.messages[0].message
    with pytest.raises(ExtractionError, match=r"'items': record 0 is not an object"):
        JSONMultiExtractor(JSONFile("plan", content='{"items": [3]}'), NestedSchema).extract()


def test_json_of_size_is_read_in_the_worker_the_same() -> None:
    """A large document gives the table a small one gives."""
    records = [
        {"id": number, "address": {"city": f"city {number % 9}"}, "at": "2025-01-02"} for number in range(30_000)
    ]
    frame, messages = _single([*records, {"id": "x"}])
    assert [message.row for message in messages] == [30_000]
    small, _ = _single(records[:100])
    pd.testing.assert_frame_equal(frame[:100].astype({"id": "int64"}), small)
