"""Reading workbooks."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pandas as pd
import pytest

from algomancy_data import (
    Column,
    ColumnGroup,
    DataType,
    ExtractionError,
    FileExtension,
    Schema,
    SchemaType,
    XLSXFile,
    XLSXMultiExtractor,
    XLSXSingleExtractor,
)
from tests.algomancy_data.reading.workbooks import (
    PLAIN,
    SHEET,
    StockSchema,
    parts_of,
    replaced,
    single,
    workbook,
    zipped,
)


class BookSchema(Schema):
    """Two sheets."""

    _FILENAME = "book"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI

    ONE = ColumnGroup("one", [Column("a", DataType.INTEGER)])
    TWO = ColumnGroup("two", [Column("b", DataType.FLOAT)])


def test_workbook_sheet_becomes_a_table() -> None:
    """The first row is the heading; rows without values are left out; types are the schema's."""
    rows: list[list[Any]] = [
        ["item", " count ", "at", "extra"],
        [1, 2, datetime(2025, 1, 2, 3), "x"],
        [None, None, None, None],
        ["b", 3.0, date(2025, 1, 3), None],
        ["c", "4", "14-3-2025"],
        [],
    ]
    tables, messages = single(workbook(first=rows))
    assert messages == []
    frame = tables["stock"]
    assert list(frame) == ["item", "count", "at", "extra"]
    assert frame["item"].tolist() == ["1", "b", "c"]
    assert frame["count"].tolist() == [2, 3, 4]
    assert frame["at"].tolist() == [
        pd.Timestamp("2025-01-02 03:00"),
        pd.Timestamp("2025-01-03"),
        pd.Timestamp("2025-03-14"),
    ]
    assert frame["extra"].fillna("-").tolist() == ["x", "-", "-"]


def test_workbook_sheet_is_chosen_by_name_or_number() -> None:
    """A sheet is found by its name and by its number, from the end too; a file without it is refused."""
    content = workbook(first=[["item"], ["a"]], second=[["item"], ["b"]])
    for sheet, item in ((0, "a"), (1, "b"), (-1, "b"), ("second", "b")):
        assert single(content, sheet)[0]["stock"]["item"].tolist() == [item]
    for missing in (2, -3, "third"):
        with pytest.raises(
            ExtractionError, match=f"File 'stock.xlsx' has no sheet .*{missing}.*; it has 'first', 'sec"
        ):
            single(content, missing)


def test_workbook_of_several_sheets_becomes_several_tables() -> None:
    """Each column group is the sheet of its name; the tables are `file.sheet`; a file without one is refused."""
    content = workbook(one=[["a"], [1], ["x"]], other=[["c"]])
    with pytest.raises(ExtractionError, match="has no sheet 'two'"):
        XLSXMultiExtractor(XLSXFile("book", content=content), BookSchema()).extract()
    content = workbook(two=[["b"], [1]], one=[["a"], [1]])
    assert list(XLSXMultiExtractor(XLSXFile("book", content=content), BookSchema).extract()) == ["book.one", "book.two"]


def test_workbook_sheet_without_anything_has_no_columns() -> None:
    """An empty sheet makes an empty table, for the validators to complain of."""
    assert single(workbook(first=[]))[0]["stock"].shape == (0, 0)


def test_workbook_does_not_believe_its_own_dimensions() -> None:
    """A sheet that claims to reach to the last cell is read for what it holds."""
    content = replaced(SHEET, lambda xml: xml.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))
    assert content != PLAIN
    assert b"XFD1048576" in parts_of(content)[SHEET]
    assert single(content)[0]["stock"].shape == (1, 2)


def _cells(*rows: str, styles: bool = True, **parts: bytes) -> bytes:
    """A workbook of the rows, given as XML; style 1 is a date."""
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = datetime(2025, 1, 1)
    stream = io.BytesIO()
    book.save(stream)
    xml = "".join(f'<row r="{number}">{row}</row>' for number, row in enumerate(rows, 1)).encode()
    old = parts_of(stream.getvalue())
    head, _, rest = old[SHEET].partition(b"<sheetData>")
    return zipped(old | {SHEET: head + b"<sheetData>" + xml + rest.partition(b"</row>")[2]} | parts)


def _text(address: str, text: str) -> str:
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


HEADING = _text("A1", "item") + _text("B1", "count") + _text("C1", "at")


def test_workbook_escapes_are_decoded() -> None:
    """`_xHHHH_` stands for a character, in headings too; a literal one has its underscore escaped."""
    tables, _ = single(
        _cells(
            _text("A1", "item") + _text("B1", "a_x000D_b"),
            _text("A2", "x_x000D_y _x005F_x000D_ _x0041_") + _text("B2", "z"),
        )
    )
    assert list(tables["stock"]) == ["item", "a\rb"]
    assert tables["stock"]["item"].tolist() == ["x\ry _x000D_ A"]


def test_workbook_error_cells_are_missing_with_a_warning() -> None:
    """`#REF!` and its like are missing values in any column, told by column; a text that reads so stays text."""
    rows = (
        '<c r="A2" t="e"><v>#REF!</v></c><c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>' + _text("C2", "2025-01-01"),
        _text("A3", "#N/A") + '<c r="B3"><v>3</v></c>',
        '<c r="A4" t="e"><v>#N/A</v></c><c r="B4"/>',
    )
    tables, messages = single(_cells(HEADING, *rows))
    frame = tables["stock"]
    assert frame["item"].fillna("-").tolist() == ["-", "#N/A", "-"]
    assert frame["count"].tolist() == [pd.NA, 3, pd.NA]
    assert [(m.severity.value, m.code, m.column, m.message) for m in messages] == [
        (
            "WARNING",
            "error_cells",
            "item",
            "2 cells hold an error of the workbook, such as #REF! in row 2: taken as missing.",
        ),
        (
            "WARNING",
            "error_cells",
            "count",
            "1 cell holds an error of the workbook, such as #DIV/0! in row 2: taken as missing.",
        ),
    ]


NO_RESULTS = {
    "blank": "<f>1+1</f><v/>",
    "blank_with_space": "<f>1+1</f><v />",
    "empty": "<f>1+1</f><v></v>",
    "absent": "<f>1+1</f>",
    "shared": '<f t="shared" ref="B2:B3" si="0">1+1</f>',
    "prefixed": "<x:f>1+1</x:f><x:v/>",
}


@pytest.mark.parametrize("content", NO_RESULTS.values(), ids=NO_RESULTS)
@pytest.mark.parametrize("before", [0, 300_000])
def test_workbook_formulas_without_results_are_missing_with_a_warning(content: str, before: int) -> None:
    """Programs write formulas that they do not calculate: a row of such cells is a row, and that they miss is said."""
    rows = (f"<c r='B2'>{content}</c>", _text("A3", "x" * before) + '<c r="B3"><f>1+2</f><v>3</v></c>')
    tables, messages = single(_cells(HEADING, *rows, _text("A4", "y") + f'<c r="B4">{content}</c>'))
    assert tables["stock"]["count"].tolist() == [pd.NA, 3, pd.NA]
    assert [(m.severity.value, m.column, m.message) for m in messages] == [
        (
            "WARNING",
            "count",
            "2 cells hold a formula without its result, such as the one in row 2: taken as missing. "
            "Open the workbook in a spreadsheet program and save it.",
        )
    ]


def test_workbook_formulas_that_make_empty_texts_are_blank() -> None:
    """An empty text is a result."""
    tables, messages = single(_cells(HEADING, _text("A2", "x") + '<c r="C2" t="str"><f>""</f><v></v></c>'))
    assert tables["stock"]["at"].isna().tolist() == [True]
    assert messages == []


def test_workbook_merged_cells_are_told() -> None:
    """The value is in the first of them alone, which is said; of a title above the table, or blank cells, it is not."""
    for merged, told in (("A3:A4", 1), ("A1:B1", 0), ("C3:C4", 0), ("A3:B3", 1)):
        book = openpyxl.Workbook()
        for row in (["Stock", None], ["item", "count"], ["a", 1], [None, 2]):
            book.worksheets[0].append(row)
        book.worksheets[0].merge_cells(merged)
        stream = io.BytesIO()
        book.save(stream)
        tables, messages = single(stream.getvalue())
        assert len(tables["stock"]) == 2
        assert [m.column for m in messages if m.severity == "WARNING" and "merged" in m.message] == ["item"] * told


@pytest.mark.parametrize(
    ("hidden", "number", "read", "left_out"),
    [("", 0, "a", "bc"), ("a", 0, "b", "ac"), ("a", -1, "c", "ab"), ("abc", 0, "a", "bc")],
)
def test_workbook_sheets_that_are_not_read_are_told(hidden: str, number: int, read: str, left_out: str) -> None:
    """A number does not count hidden sheets, unless all are; and what is left out is said."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name in "abc":
        sheet = book.create_sheet(name)
        sheet.append(["item"])
        sheet.append([name])
    stream = io.BytesIO()
    book.save(stream)
    content = stream.getvalue()
    parts = parts_of(content)
    for name in hidden:
        old = f'name="{name}" sheetId="{"abc".index(name) + 1}" state="'.encode()
        assert old + b"visible" in parts["xl/workbook.xml"]
        parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(old + b"visible", old + b"hidden")
    tables, messages = single(zipped(parts), number)
    assert tables["stock"]["item"].tolist() == [read]
    names = ", ".join(f"'{name}'" for name in left_out)
    assert [(m.severity.value, m.message) for m in messages] == [("INFO", f"Sheets that are left out: {names}.")]


def test_workbook_times_in_iso_format_are_times() -> None:
    """Cells of type `d`, as some programs write them, are times, with a `Z` or without; before 1900 too."""
    rows = [
        f'<c r="A{n}"><v>{n}</v></c><c r="C{n}" t="d"><v>{text}</v></c>'
        for n, text in enumerate(
            ["2025-03-14T15:09:26Z", "2025-03-14T15:09:26.5", "2025-03-14", "1850-01-01T00:00:00"], 2
        )
    ]
    frame = single(_cells(HEADING, *rows))[0]["stock"]
    assert frame["at"].dtype == "datetime64[us]"
    assert [str(each) for each in frame["at"]] == [
        "2025-03-14 15:09:26", "2025-03-14 15:09:26.500000", "2025-03-14 00:00:00", "1850-01-01 00:00:00",
    ]  # fmt: skip


def test_workbook_days_before_1900_are_days() -> None:
    """A negative serial number is a day before 1900; a positive one below 1 is a time of day, and no date."""
    frame = single(_cells(HEADING, '<c r="A2"><v>1</v></c><c r="C2" s="1"><v>-18260</v></c>'))[0]["stock"]
    assert [str(each) for each in frame["at"]] == ["1850-01-01 00:00:00"]
    _, messages = single(_cells(HEADING, '<c r="A2"><v>1</v></c><c r="C2" s="1"><v>0.5</v></c>'))
    assert [message.message for message in messages] == [
        "'12:00:00' is a time of day without a date: write the date before it."
    ]


@pytest.mark.parametrize(
    ("written", "item", "count"),
    [
        ("9007199254740991", "9007199254740991", 9007199254740991),
        ("9007199254740993", "9007199254740993", 9007199254740993),
        ("12345678901234567890", "12345678901234567890", None),
        ("9007199254740993.0", "9007199254740992.0", None),
        ("1.2345678901234E+17", "1.2345678901234e+17", None),
        ("1E2", "100", 100),
        ("1.0", "1", 1),
    ],
)
def test_workbook_whole_numbers_are_exact_or_refused(written: str, item: str, count: int | None) -> None:
    """Digits that a cell has are kept; where a float stands for many whole numbers it is refused as one."""
    tables, messages = single(_cells(HEADING, f'<c r="A2"><v>{written}</v></c><c r="B2"><v>{written}</v></c>'))
    if count is not None:
        assert tables["stock"]["count"].tolist() == [count]
    assert [message.column for message in messages] == ([] if count else ["count"])
    if count is not None or written.isdigit():
        assert tables["stock"]["item"].tolist() == [item]


@pytest.mark.parametrize("down", [0, 3])
@pytest.mark.parametrize("right", [0, 2])
def test_workbook_table_may_begin_anywhere(down: int, right: int) -> None:
    """A table below or right of A1 is read, and its rows count from the sheet's own first."""
    rows = [[None] * right + row for row in (["item", "count"], ["a", 1], [None, None], ["b", "x"])]
    tables, messages = single(workbook(first=[[]] * down + rows))
    assert list(tables["stock"]) == ["item", "count"]
    assert tables["stock"]["item"].tolist() == ["a", "b"]
    assert [m.severity.value for m in messages if m.code == "READ_AS"] == ["INFO"] * bool(right)
    file = XLSXFile("stock", content=workbook(first=[[]] * down + rows))
    extractor = XLSXSingleExtractor(file, StockSchema)
    extractor.extract()
    error = next(m for m in extractor.messages if m.code == "CONVERSION_FAILED")
    assert error.row is not None
    assert extractor.file_rows["stock"].number(error.row) == 4 + down


def test_workbook_titles_above_the_table_are_passed_over() -> None:
    """A row above the heading that has none of the schema's columns is no heading."""
    tables, messages = single(workbook(first=[["Stock of May"], [], ["item", "count"], ["a", 1]]))
    assert tables["stock"].to_dict("list") == {"item": ["a"], "count": [1]}
    assert [m.message for m in messages] == ["The heading was found in row 3; what stands above it is left out."]


def test_workbook_with_the_index_of_pandas_is_read() -> None:
    """A first column without heading that counts rows is left out, which is said; any other must be named."""
    stream = io.BytesIO()
    pd.DataFrame({"item": ["a", "b"], "count": [1, 2]}).to_excel(stream)
    tables, messages = single(stream.getvalue())
    assert list(tables["stock"]) == ["item", "count"]
    assert [m.severity.value for m in messages] == ["INFO"]
    stream = io.BytesIO()
    pd.DataFrame({"item": ["a", "b"]}, index=["x", "y"]).to_excel(stream)
    with pytest.raises(
        ExtractionError, match=r"column 1 has no heading\. Name it in the heading, or write the file without"
    ):
        single(stream.getvalue())


def test_workbook_whose_first_column_has_gaps_and_no_heading_is_refused() -> None:
    """Such a column is no index, be there numbers in it or not."""
    with pytest.raises(ExtractionError, match="column 1 has no heading"):
        single(workbook(first=[[None, "item"], [0, "a"], [None, "b"], [1, "c"]]))


def test_workbook_of_odd_styles_is_read() -> None:
    """Styles that hold an empty fill, or extensions within one, are no data."""
    for fill in (
        b"<fill/>",
        b'<fill><patternFill patternType="none"><extLst><ext uri="x"/></extLst></patternFill></fill>',
    ):
        styles = parts_of(PLAIN)["xl/styles.xml"]
        head, _, rest = styles.partition(b"<fills")
        changed = head + b'<fills count="1">' + fill + b"</fills>" + rest.partition(b"</fills>")[2]
        tables, _ = single(zipped(parts_of(PLAIN) | {"xl/styles.xml": changed}))
        assert tables["stock"]["item"].tolist() == ["a"]


def test_workbook_of_the_strict_format_is_read() -> None:
    """The strict variant of the format has other namespaces, and dates in ISO format."""
    old, new = b"http://schemas.openxmlformats.org/", b"http://purl.oclc.org/ooxml/"
    parts = {
        name: xml.replace(old + b"spreadsheetml/2006/main", new + b"spreadsheetml/main").replace(
            old + b"officeDocument/2006/relationships", new + b"officeDocument/relationships"
        )
        for name, xml in parts_of(
            _cells(HEADING, _text("A2", "x") + '<c r="C2" t="d"><v>2025-03-14T00:00:00Z</v></c>')
        ).items()
    }
    frame = single(zipped(parts))[0]["stock"]
    assert frame["item"].tolist() == ["x"]
    assert frame["at"].tolist() == [pd.Timestamp("2025-03-14")]
