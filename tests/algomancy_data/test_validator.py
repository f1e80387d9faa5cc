"""Validators, one by one and in sequence."""

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
    OptionalColumnGuard,
    PrimaryKeyValidator,
    RequiredColumnsValidator,
    Schema,
    SchemaType,
    SchemaValidator,
    UniqueValueValidator,
    ValidationMessage,
    ValidationResult,
    ValidationSequence,
    ValidationSeverity,
    Validator,
)
from algomancy_utils.logger import Logger

INFO, WARNING, ERROR, CRITICAL = ValidationSeverity


class ItemSchema(Schema):
    """Items, each in a zone."""

    _FILENAME = "items"

    ITEM = Column("item", DataType.STRING, primary_key=True)
    PART = Column("part", DataType.INTEGER, primary_key=True)
    ZONE = Column("zone", DataType.STRING, foreign_key="book.zones.zone", nullable=True)
    CODE = Column("code", DataType.STRING, unique=True, nullable=True)
    WEIGHT = Column("weight", DataType.FLOAT, default=1)
    NOTE = Column("note", DataType.STRING, optional=True, default="none")


class BookSchema(Schema):
    """Zones, on a sheet."""

    _FILENAME = "book"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI

    ZONES = ColumnGroup("zones", [Column("zone", DataType.STRING, primary_key=True)])


SCHEMAS = [ItemSchema, BookSchema()]


def _data(**items: list[Any]) -> dict[str, pd.DataFrame]:
    columns = {"item": ["a", "b"], "part": [1, 1], "zone": ["z1", None], "code": ["x", None], "weight": [1.0, 2.0]}
    zones = pd.DataFrame({"zone": ["z1", "z2"]})
    return {"items": pd.DataFrame(columns | items), "book.zones": zones}


def _found(messages: list[ValidationMessage]) -> list[tuple[Any, ...]]:
    return [(message.severity, message.code, message.table, message.column, message.row) for message in messages]


ALL = [
    ExtractionSuccessVerification(["items", "book.zones"]),
    *(
        kind(SCHEMAS)
        for kind in (
            RequiredColumnsValidator, SchemaValidator, MissingValueValidator, PrimaryKeyValidator,
            UniqueValueValidator, ForeignKeyValidator,
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("validator", ALL, ids=lambda validator: type(validator).__name__)
def test_validator_has_nothing_to_say_of_good_data(validator: Validator) -> None:
    """Data that keeps to its schemas gives no message."""
    assert validator.validate(_data()) == []


@pytest.mark.parametrize(
    ("kind", "items", "expected"),
    [
        (MissingValueValidator, {"weight": [None, 1.0]}, [(ERROR, "missing_value", "items", "weight", 0)]),
        (PrimaryKeyValidator, {"item": ["a", "a"]}, [(ERROR, "duplicate_key", "items", "item, part", 1)]),
        (PrimaryKeyValidator, {"item": [None, None]}, [(ERROR, "missing_key", "items", "item", 0),
                                                       (ERROR, "missing_key", "items", "item", 1)]),
        (PrimaryKeyValidator, {"item": ["a", "a"], "part": [1, 2]}, []),
        (UniqueValueValidator, {"code": ["x", "x"]}, [(ERROR, "duplicate_value", "items", "code", 1)]),
        (UniqueValueValidator, {"code": [None, None]}, []),
        (ForeignKeyValidator, {"zone": ["z2", "z9"]}, [(ERROR, "foreign_key", "items", "zone", 1)]),
        (ForeignKeyValidator, {"zone": pd.Categorical(["z2", "z9"])}, [(ERROR, "foreign_key", "items", "zone", 1)]),
        (SchemaValidator, {"weight": ["heavy", "light"]}, [(ERROR, "wrong_type", "items", "weight", None)]),
        (SchemaValidator, {"item": pd.Categorical(["a", "b"])}, [(ERROR, "wrong_type", "items", "item", None)]),
        (SchemaValidator, {"colour": ["red", "red"]}, [(INFO, "unknown_column", "items", "colour", None)]),
    ],
)  # fmt: skip
def test_validator_tells_what_breaks_the_schema(kind: Any, items: dict[str, Any], expected: list[Any]) -> None:
    """Each breach is told by table, column and row."""
    assert _found(kind(SCHEMAS).validate(_data(**items))) == expected


def test_validator_tells_missing_columns_and_tables() -> None:
    """A missing column is an error unless optional; a missing table is critical; an empty one a warning."""
    data = _data()
    del data["items"]["zone"]
    assert _found(RequiredColumnsValidator(SCHEMAS).validate(data)) == [
        (ERROR, "missing_column", "items", "zone", None)
    ]
    assert _found(ForeignKeyValidator(SCHEMAS).validate(data)) == []
    verify = ExtractionSuccessVerification(["items", "orders"])
    assert _found(verify.validate({"items": pd.DataFrame({"a": []})})) == [
        (CRITICAL, "missing_table", "orders", None, None),
        (WARNING, "empty_table", "items", None, None),
    ]
    assert _found(ExtractionSuccessVerification().validate({})) == [(CRITICAL, "no_tables", None, None, None)]


def test_validator_of_foreign_keys_tells_a_missing_target() -> None:
    """A foreign key to a column that is not there is one error."""
    data = _data()
    del data["book.zones"]
    assert _found(ForeignKeyValidator(ItemSchema).validate(data)) == [
        (ERROR, "missing_foreign_column", "items", "zone", None)
    ]


def test_validator_counts_rows_after_the_first() -> None:
    """The first ten rows get a message each, the others one together."""
    frame = pd.DataFrame({"zone": [None] * 100})
    messages = PrimaryKeyValidator(BookSchema).validate({"book.zones": frame})
    assert [message.row for message in messages] == [*range(10), None]
    assert "90 more rows" in messages[-1].message


def test_default_validator_fills_in_defaults() -> None:
    """Missing cells and absent optional columns get the default, with the column's type, and a note says how many."""
    data = _data(weight=[None, 2.5])
    assert _found(DefaultValidator(SCHEMAS).validate(data)) == [
        (INFO, "default", "items", "weight", None),
        (INFO, "default", "items", "note", None),
    ]
    assert data["items"]["weight"].tolist() == [1.0, 2.5]
    assert data["items"]["weight"].dtype == "float64"
    assert data["items"]["note"].tolist() == ["none", "none"]
    del data["items"]["weight"]
    assert DefaultValidator(ItemSchema()).validate(data) == []
    assert "weight" not in data["items"]


class Remark(Validator):
    """A user's validator, which says things in every way there is."""

    def __init__(self, *severities: ValidationSeverity) -> None:
        # As users do, without calling the base class.
        self.severities = severities

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Say them."""
        for severity in self.severities:
            self.add_message(severity, "kept", table="t")
        self.buffer_message(ValidationMessage(INFO, "put aside"))
        return self.messages


def test_sequence_counts_each_message_once() -> None:
    """Messages returned, kept and put aside are all there, once, run after run."""
    sequence = ValidationSequence([Remark(WARNING)])
    for _ in range(2):
        result = sequence.validate({})
        assert [message.message for message in result.messages] == ["kept", "put aside"]
        assert result.is_valid


def test_sequence_halts_on_a_critical_message() -> None:
    """Validators after one with a critical message do not run, unless the sequence is told so."""
    first, second = Remark(CRITICAL), Remark(ERROR)
    sequence = ValidationSequence(halt_on=CRITICAL)
    sequence.add_validator(first)
    sequence.add_validators([second])
    assert len(sequence.validate({}).messages) == 2
    assert len(ValidationSequence([first, second], halt_on=None).validate({}).messages) == 4
    assert len(ValidationSequence([Remark(WARNING), second], halt_on=WARNING).validate({}).messages) == 2


def test_sequence_logs_messages_by_severity() -> None:
    """Each message is logged at its level, with where it was found."""
    logger = Logger()
    ValidationSequence([Remark(WARNING, ERROR)], logger).validate({})
    assert [(str(each.status), each.message) for each in logger.get_logs()] == [
        ("warning", "WARNING [t]: kept"),
        ("error", "ERROR [t]: kept"),
        ("info", "INFO: put aside"),
    ]


def test_guard_runs_a_validator_only_with_its_columns() -> None:
    """A guarded validator runs when the optional columns are there, and is passed over with a log line otherwise."""
    logger = Logger()
    guard = OptionalColumnGuard(Remark(ERROR), "items", "note", logger)
    assert guard.validate(_data()) == []
    assert "'items' lacks note" in logger.get_logs()[0].message
    assert guard.validate({}) == []
    assert len(guard.validate(_data(note=["a", "b"]))) == 2
    assert len(OptionalColumnGuard(Remark(), "items", ["item", "zone"]).validate(_data())) == 1


def test_severities_compare_by_weight() -> None:
    """A graver severity is greater, whatever its name."""
    assert sorted([CRITICAL, INFO, ERROR, WARNING]) == [INFO, WARNING, ERROR, CRITICAL]
    assert ERROR >= WARNING
    assert ERROR >= ERROR
    assert CRITICAL > ERROR
    assert INFO <= WARNING
    assert not ERROR < WARNING


def test_messages_become_plain_dicts() -> None:
    """A message and a result turn into dicts of plain values."""
    message = ValidationMessage(ERROR, "bad", "t", "c", 3, "code")
    plain = {"severity": "ERROR", "message": "bad", "table": "t", "column": "c", "row": 3, "code": "code"}
    assert message.to_dict() == plain
    assert type(message.to_dict()["severity"]) is str
    assert str(message) == "ERROR [t, c, row 3]: bad"
    assert ValidationResult([message]).to_dict() == {"is_valid": False, "messages": [plain]}
    assert ValidationResult([ValidationMessage(WARNING, "w")]).is_valid
