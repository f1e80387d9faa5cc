"""Validators say what is wrong, where, and how much it matters; sequences run them all and count."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from algomancy_data import (
    Column,
    ColumnGroup,
    DataType,
    DefaultValidator,
    ExtractionSuccessVerification,
    FileExtension,
    ForeignKeyValidator,
    MissingValueValidator,
    PrimaryKeyValidator,
    RequiredColumnsValidator,
    Schema,
    SchemaType,
    SchemaValidator,
    UniqueValueValidator,
    ValidationError,
    ValidationMessage,
    ValidationResult,
    ValidationSequence,
    ValidationSeverity,
    Validator,
)
from algomancy_utils import Logger

INFO, WARNING, ERROR, CRITICAL = ValidationSeverity


class ItemSchema(Schema):
    """One table, with a reference to another."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    ID = Column("id", DataType.STRING, primary_key=True)
    COUNT = Column("count", DataType.INTEGER)
    NOTE = Column("note", DataType.STRING, optional=True)
    ZONE = Column("zone", DataType.STRING, optional=True, foreign_key=("zones", "id"))


class PairSchema(Schema):
    """A key and a reference of two columns."""

    _FILENAME = "pairs"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    A = Column("a", DataType.STRING, primary_key=True, foreign_key=("grid", "x"))
    B = Column("b", DataType.INTEGER, primary_key=True, foreign_key=("grid", "y"))


class BookSchema(Schema):
    """Two tables."""

    _FILENAME = "book"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI
    ONE = ColumnGroup("one", [Column("a", DataType.INTEGER, primary_key=True)])
    TWO = ColumnGroup("two", [Column("b", DataType.STRING, foreign_key=("items", "id"))])


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


def found(validator: Validator, **data: pd.DataFrame) -> list[tuple[Any, ...]]:
    tables = {name.replace("__", "."): table for name, table in data.items()}
    return [(each.severity, each.table, each.column, each.row, each.code) for each in validator.validate(tables)]


def test_required_columns_are_missed_by_name() -> None:
    """A column that is absent and not optional is named, in every table that a schema knows."""
    validator = RequiredColumnsValidator([ItemSchema(), BookSchema])
    assert found(validator, items=frame(note=["x"]), book__two=frame(z=[1]), other=frame(z=[1])) == [
        (ERROR, "items", "id", None, "MISSING_REQUIRED_COLUMN"),
        (ERROR, "items", "count", None, "MISSING_REQUIRED_COLUMN"),
        (ERROR, "book.two", "b", None, "MISSING_REQUIRED_COLUMN"),
    ]
    assert (
        found(RequiredColumnsValidator(schemas=[ItemSchema], severity=WARNING), items=frame(id=["a"]))[0][0] == WARNING
    )


def test_schema_validator_compares_columns_and_types() -> None:
    """Types that differ are a warning; columns and tables that no schema knows have the severity asked for."""
    validator = SchemaValidator([ItemSchema], severity=CRITICAL)
    assert found(validator, items=frame(id=["a"], count=["x"], z=[1]), other=frame(z=[1])) == [
        (WARNING, "items", "count", None, "DTYPE_MISMATCH"),
        (CRITICAL, "items", "z", None, "UNEXPECTED_COLUMN"),
        (CRITICAL, "other", None, None, "NO_SCHEMA"),
    ]
    assert found(SchemaValidator([ItemSchema]), items=frame(id=["a"], count=[1])) == [(INFO, None, None, None, None)]
    assert found(SchemaValidator(), items=frame(id=["a"])) == [(ERROR, None, None, None, None)]


HOLDS = {
    DataType.STRING: ["str", "string"],
    DataType.DATETIME: ["datetime64[ns]", "datetime64[us]", "datetime64[us, UTC]"],
    DataType.INTEGER: ["int64", "Int64"],
    DataType.FLOAT: ["float64"],
    DataType.BOOLEAN: ["boolean"],
    DataType.CATEGORICAL: ["category"],
    DataType.INTERVAL: ["interval[int64, right]"],
}
CELLS: dict[str, Any] = {"bool": [True], "object": [[1]], "interval[int64, right]": [pd.Interval(1, 2)]}


@pytest.mark.parametrize("wanted", list(DataType), ids=lambda dtype: dtype.name)
def test_schema_validator_knows_which_columns_hold_a_type(wanted: DataType) -> None:
    """Of all kinds of columns only those that hold the type wanted pass."""
    schema = type("One", (ItemSchema,), {"A": Column("a", wanted)})
    held = []
    for name in [*(dtype for dtypes in HOLDS.values() for dtype in dtypes), "bool", "object", "int32", "Float64"]:
        column = pd.Series(CELLS.get(name, ["2025"] if name.startswith(("d", "s", "c")) else [1]), dtype=name)
        if found(SchemaValidator([schema]), items=pd.DataFrame({"a": column})) == [(INFO, None, None, None, None)]:
            held.append(name)
    assert held == HOLDS[wanted]


def test_primary_key_is_there_and_no_two_are_equal() -> None:
    """Rows without a key, and all rows with the same, are named by label; a missing cell makes no twin."""
    table = pd.DataFrame({"id": ["a", None, "a", None], "count": 1}, index=[5, 6, 7, 8])
    assert found(PrimaryKeyValidator([ItemSchema]), items=table) == [
        (ERROR, "items", "id", 6, "PK_NULL"),
        (ERROR, "items", "id", 8, "PK_NULL"),
        (ERROR, "items", "id", 5, "PK_DUPLICATE"),
        (ERROR, "items", "id", 7, "PK_DUPLICATE"),
    ]
    pairs = frame(a=["x", "x", None, "y"], b=[1, 1, 2, 1])
    assert found(PrimaryKeyValidator([PairSchema]), pairs=pairs) == [
        (ERROR, "pairs", "a,b", 2, "PK_NULL"),
        (ERROR, "pairs", "a,b", 0, "PK_DUPLICATE"),
        (ERROR, "pairs", "a,b", 1, "PK_DUPLICATE"),
    ]
    assert found(PrimaryKeyValidator([PairSchema, BookSchema]), pairs=frame(a=["x"]), book__one=frame(a=[1, 1])) == [
        (ERROR, "pairs", "b", None, "MISSING_PK_COLUMN"),
        (ERROR, "book.one", "a", 0, "PK_DUPLICATE"),
        (ERROR, "book.one", "a", 1, "PK_DUPLICATE"),
    ]


def test_unique_values_are_looked_at_column_by_column() -> None:
    """All rows with a value that occurs twice are named; missing cells do not count."""
    table = frame(a=["x", "x", None, None], b=[1, 2, 2, 3])
    assert found(UniqueValueValidator("t", ["a", "b"], severity=WARNING), t=table) == [
        (WARNING, "t", "a", 0, "DUPLICATE_VALUE"),
        (WARNING, "t", "a", 1, "DUPLICATE_VALUE"),
        (WARNING, "t", "b", 1, "DUPLICATE_VALUE"),
        (WARNING, "t", "b", 2, "DUPLICATE_VALUE"),
    ]


def test_missing_values_are_named_by_row() -> None:
    """Each missing cell is named by its row's label; an empty text is no missing cell."""
    table = pd.DataFrame({"a": ["x", "", None]}, index=[7, 8, 9])
    assert found(MissingValueValidator("t", ["a"]), t=table) == [(ERROR, "t", "a", 9, "NULL_VALUE")]


@pytest.mark.parametrize("cls", [UniqueValueValidator, MissingValueValidator])
def test_table_or_column_to_look_at_may_be_missing(cls: Any) -> None:
    """Of what is not there a message tells."""
    assert found(cls("t", ["a"])) == [(ERROR, "t", None, None, "TABLE_NOT_FOUND")]
    assert found(cls("t", ["a"]), t=frame(b=[1])) == [(ERROR, "t", "a", None, "COLUMN_NOT_FOUND")]


def test_foreign_key_without_counterpart_is_named_by_row() -> None:
    """Rows that refer to nothing pass, others need a counterpart of the same type; columns may go together."""
    validator = ForeignKeyValidator("l", "r", "t", "id")
    assert found(validator, l=frame(r=["a", "b", None, "b"]), t=frame(id=["a"])) == [
        (ERROR, "l", "r", 1, "FK_VIOLATION"),
        (ERROR, "l", "r", 3, "FK_VIOLATION"),
    ]
    assert found(ForeignKeyValidator("l", "r", "t", "id"), l=frame(r=[1]), t=frame(id=["1"]))[0][3] == 0
    pairs = ForeignKeyValidator("l", ["x", "y"], "t", ("a", "b"), severity=WARNING)
    assert found(pairs, l=frame(x=[1, 1, None], y=[1, 2, 3]), t=frame(a=[1, 2], b=[1, 2])) == [
        (WARNING, "l", "x,y", 1, "FK_VIOLATION")
    ]
    assert found(ForeignKeyValidator("l", "r", "t", "id"), l=frame(r=[1])) == [
        (ERROR, "t", None, None, "TABLE_NOT_FOUND")
    ]
    assert found(ForeignKeyValidator("l", "r", "t", "id"), l=frame(z=[1]), t=frame(id=[1])) == [
        (ERROR, "l", "r", None, "COLUMN_NOT_FOUND")
    ]
    with pytest.raises(ValueError, match="as many columns on both sides: 2 of 'l' cannot refer to 1 of 't'"):
        ForeignKeyValidator("l", ["x", "y"], "t", ["a"])


def test_foreign_keys_of_schemas_make_validators() -> None:
    """Columns that refer to one table make one key; schemas of several tables make none."""
    made = ForeignKeyValidator.from_schemas([ItemSchema, PairSchema(), BookSchema], severity=WARNING)
    assert [(each.left_table, each.left_col, each.right_table, each.right_col) for each in made] == [
        ("items", ["zone"], "zones", ["id"]),
        ("pairs", ["a", "b"], "grid", ["x", "y"]),
    ]
    assert {each.severity for each in made} == {WARNING}


def test_extraction_must_give_rows() -> None:
    """A table without rows is critical."""
    assert found(ExtractionSuccessVerification(), t=frame(a=[]), u=frame(a=[1])) == [
        (CRITICAL, "t", None, None, "EMPTY_EXTRACTION")
    ]
    assert found(DefaultValidator(), t=frame(a=[])) == [(INFO, None, None, None, None)]


def test_many_rows_are_counted_after_the_first_ten() -> None:
    """Ten rows of a column get a message each, and one more counts the rest."""
    messages = MissingValueValidator("t", ["a"]).validate({"t": frame(a=[None] * 1_234)})
    assert [each.row for each in messages] == [*range(10), None]
    assert "1,224 more rows" in messages[-1].message


class Saying(Validator):
    """A user's validator, which says what it was told to."""

    def __init__(self, *severities: ValidationSeverity) -> None:
        super().__init__()
        self.severities = severities

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        for severity in self.severities:
            self.add_message(severity, f"said {severity}", code="SAID")
        return self.messages


@pytest.mark.parametrize("halt_on", list(ValidationSeverity))
@pytest.mark.parametrize("worst", list(ValidationSeverity))
def test_sequence_is_valid_below_the_severity_it_halts_on(halt_on: Any, worst: Any) -> None:
    """All validators run whatever is found; the data is invalid from `halt_on` on."""
    sequence = ValidationSequence([Saying(worst)], halt_on=halt_on)
    sequence.add_validator(Saying(INFO))
    assert (sequence.is_valid, sequence.completed, sequence.messages) == (False, False, [])
    result = sequence.run_validation({})
    order = list(ValidationSeverity)
    valid = max(order.index(worst), order.index(INFO)) < order.index(halt_on)
    assert result.is_valid == sequence.is_valid == valid
    assert sequence.completed
    assert [message.severity for message in result.messages] == [worst, INFO]
    assert (result.halt_on, sum(result.counts_by_severity.values())) == (halt_on, 2)
    assert result.messages_at_least(worst)[0].severity == worst
    assert result.messages_by_severity(worst)[0].code == "SAID"


class Raising(Validator):
    """A user's validator that trips over data that is not as it should be."""

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        raise KeyError("stop")


@pytest.mark.parametrize("halt_on", list(ValidationSeverity))
def test_sequence_keeps_what_was_found_before_a_validator_raised(halt_on: Any) -> None:
    """After an error, an exception is no wonder: the report tells of both, and the data is invalid."""
    sequence = ValidationSequence([Saying(ERROR), Raising(), Saying(INFO)], halt_on=halt_on)
    result = sequence.run_validation({})
    assert [message.code for message in result.messages] == ["SAID", "VALIDATION_BROKEN_OFF"]
    assert (result.is_valid, result.messages[-1].severity) == (False, CRITICAL)


def test_sequence_passes_on_what_a_validator_raised_where_nothing_was_wrong() -> None:
    """Then the validator is what is wrong, and its exception must not be taken for the data's."""
    with pytest.raises(KeyError):
        ValidationSequence([Saying(INFO, WARNING), Raising()]).run_validation({})


def texts(validator: Validator, **data: pd.DataFrame) -> list[str]:
    """What a validator says of tables."""
    return [message.message for message in validator.validate(data)]


def test_messages_about_keys_tell_the_value() -> None:
    """Whoever reads them need not look up the row."""
    text = "'a' occurs more than once; it is the primary key."
    assert texts(PrimaryKeyValidator([ItemSchema]), items=frame(id=["a", "b", "a"], count=1)) == [text] * 2
    assert texts(UniqueValueValidator("t", ["n"]), t=frame(n=[7, 8, 7])) == ["7 occurs more than once."] * 2
    found = texts(ForeignKeyValidator("l", ["x", "y"], "t", ["a", "b"]), l=frame(x=["Z99"], y=[1]), t=frame(a=[], b=[]))
    assert found == ["'Z99', 1 does not occur in 't.a,b'."]
    *_, last = texts(ForeignKeyValidator("l", "x", "t", "a"), l=frame(x=list("abcdefghijkl")), t=frame(a=["z"]))
    assert last == "The value does not occur in 't.a'. The same holds of 2 more rows."


def test_message_about_a_missing_column_tells_which_are_there_instead() -> None:
    """A misspelt heading is seen at once; where nothing else is there, nothing is said of it."""
    validator = RequiredColumnsValidator([ItemSchema])
    assert texts(validator, items=frame(Id=["a"], count=[1], extra=[1])) == [
        "Column 'id' is missing from table 'items'; there is 'Id', 'extra' instead."
    ]
    assert texts(RequiredColumnsValidator([ItemSchema]), items=frame(count=[1])) == [
        "Column 'id' is missing from table 'items'."
    ]


def test_sequence_runs_again_from_the_start() -> None:
    """A second run says what there is to say, not what the first said too."""
    sequence = ValidationSequence()
    sequence.add_validators([Saying(INFO), Saying(WARNING)])
    assert [sequence.run_validation({}).counts_by_severity for _ in range(2)] == [{"INFO": 1, "WARNING": 1}] * 2


def test_validator_without_the_constructor_may_return_messages() -> None:
    """A user's validator that only returns messages need not call ours."""

    class Bare(Validator):
        def __init__(self) -> None:
            pass

        def validate(self, data: Any) -> list[ValidationMessage]:
            return [ValidationMessage(ERROR, "returned")]

    assert [each.message for each in ValidationSequence([Bare()]).run_validation({}).messages] == ["returned"]


def test_messages_put_aside_are_added_or_success_is_told() -> None:
    """What was put aside counts at the next look or flush; success is told when there was nothing."""
    validator = Saying()
    validator.buffer_message(WARNING, "aside", "t", "c", 3, "CODE")
    validator.flush_buffer("fine")
    validator.flush_buffer("fine")
    validator.flush_buffer()
    validator.buffer_message(INFO, "later")
    assert [each.message for each in validator.messages] == ["aside", "fine", "later"]


def test_message_reads_as_one_line_and_as_dict() -> None:
    """A message has its place in brackets, line feeds and tabs made visible."""
    message = ValidationMessage(WARNING, "two\nlines\t", "t", "c", 3, "CODE")
    assert message.message == ValidationMessage.clean("two\nlines\t") == "two\\nlines\\t"
    assert str(message) == "WARNING: two\\nlines\\t [table=t, column=c, row=3, code=CODE]"
    assert str(ValidationMessage(INFO, "x")) == "INFO: x"
    assert message.to_dict() == {
        "severity": "WARNING", "message": "two\\nlines\\t", "table": "t", "column": "c", "row": 3, "code": "CODE",
    }  # fmt: skip


def test_result_is_true_when_valid_and_holds_its_messages() -> None:
    """A result stands for whether the data may be used, however many messages there are, and gives them in turn."""
    told = [ValidationMessage(INFO, "x"), ValidationMessage(ERROR, "y")]
    valid, invalid, silent = ValidationResult(True, told), ValidationResult(False, told), ValidationResult(True)
    assert (bool(valid), bool(invalid), bool(silent)) == (True, False, True)
    assert (list(invalid), len(invalid), len(silent)) == (told, 2, 0)


def test_result_is_a_table_too() -> None:
    """Messages as a table have a column for each part, also when there is none."""
    result = ValidationResult(False, [ValidationMessage(ERROR, "x", "t"), ValidationMessage(INFO, "y", row=2)])
    table = result.as_dataframe()
    assert list(table) == ["severity", "message", "table", "column", "row", "code"]
    assert table["severity"].tolist() == ["ERROR", "INFO"]
    assert list(ValidationResult(True).as_dataframe()) == list(table)


def test_sequence_tells_the_logger() -> None:
    """Each message is logged at its level; a critical one is marked."""
    logger = Logger()
    logger.clear()
    ValidationSequence([Saying(INFO, WARNING, ERROR, CRITICAL)], logger).run_validation({})
    assert [(str(each.status), each.message) for each in logger.get_logs()] == [
        ("info", "said INFO"), ("warning", "said WARNING"), ("error", "said ERROR"),
        ("error", "[CRITICAL] said CRITICAL"),
    ]  # fmt: skip


def test_validation_error_shows_its_context() -> None:
    """The exception for users' validators has a text of its own, and shows what it is about."""
    assert str(ValidationError()) == "Validation failed."
    error = ValidationError("No stock", context={"zone": 3})
    assert (str(error), error.message, error.context) == ("No stock Context: {'zone': 3}", "No stock", {"zone": 3})
