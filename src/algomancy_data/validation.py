"""What validation has to say, what every validator is, and running several of them."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_data.cells.tables import FileRows
    from algomancy_utils.logger import Logger

_log = logging.getLogger(__name__)

BROKEN_OFF = "VALIDATION_BROKEN_OFF"
"""The code of the message that a validator raised, after errors were found."""

SHOWN_PER_COLUMN = 10
"""Rows of one column that get a message of their own; the rest are counted."""


class ValidationSeverity(StrEnum):
    """How much a message matters, from INFO to CRITICAL."""

    INFO = "INFO"
    """Worth knowing."""
    WARNING = "WARNING"
    """Probably not meant."""
    ERROR = "ERROR"
    """Wrong; whether the data is used all the same depends on `halt_on` of the sequence."""
    CRITICAL = "CRITICAL"
    """The data is not used."""

    def is_at_least(self, severity: ValidationSeverity) -> bool:
        """Tell whether this is as grave as another one, or graver."""
        order = list(ValidationSeverity)
        return order.index(self) >= order.index(severity)


class ValidationError(Exception):
    """What a validator of your own may raise when there is no point in going on.

    Args:
        message: What was wrong, in words.
        context: Anything that helps to understand it; it is shown after the message.
    """

    def __init__(self, message: str = "Validation failed.", context: Any = None) -> None:  # noqa: ANN401 - anything
        super().__init__(message)
        self.message = message
        self.context = context

    def __str__(self) -> str:
        return self.message if self.context is None else f"{self.message} Context: {self.context}"


@dataclass(slots=True)
class ValidationMessage:
    """One thing validation found.

    Attributes:
        severity: How much it matters.
        message: What was found, in words for the person who sent the data, on one line.
        table: The table it is about.
        column: The column it is about; several are separated by commas.
        row: The label of the row in the table's index; once a pipeline has run, the row as a person sees it in the
            file, where the heading is row 1.
        code: What kind of finding it is, for programs: `PK_DUPLICATE`, `CONVERSION_FAILED`, …
    """

    severity: ValidationSeverity
    message: str
    table: str | None = None
    column: str | None = None
    row: int | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        self.severity = ValidationSeverity(self.severity)
        self.message = self.clean(self.message)

    @staticmethod
    def clean(message: str) -> str:
        r"""Return a text on one line: a line feed becomes `\n`, a tab `\t`."""
        return message.replace("\n", "\\n").replace("\t", "\\t")

    def to_dict(self) -> dict[str, Any]:
        """Return the message as a dict of plain values."""
        return {
            "severity": self.severity.value,
            "message": self.message,
            "table": self.table,
            "column": self.column,
            "row": self.row,
            "code": self.code,
        }

    def in_file(self, rows: Mapping[str, FileRows]) -> ValidationMessage:
        """Return the message with its row counted as a person sees it in the file (contract ETL-8).

        Args:
            rows: Where the rows of tables are in their files, by table.
        """
        place = rows.get(self.table or "")
        if place is None or type(self.row) is not int or self.row < 0:
            return self
        return replace(self, row=place.number(self.row))

    def with_place(self, *more: str) -> str:
        """Return the message with table, column and row, where it has them.

        Args:
            more: Which other attributes to add.
        """
        place = {name: getattr(self, name) for name in ("table", "column", "row", *more)}
        where = ", ".join(f"{name}={value}" for name, value in place.items() if value is not None)
        return self.message + (f" [{where}]" if where else "")

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.with_place('code')}"


@dataclass
class ValidationResult:
    """All that validation had to say: true when the data may be used, and iterated over message by message.

    Attributes:
        is_valid: Whether the data may be used: no message is as grave as `halt_on`.
        messages: The messages, in the order they were found.
        halt_on: The severity from which the data is not used.
        counts_by_severity: How many messages there are of each severity that occurs.
    """

    is_valid: bool
    messages: list[ValidationMessage] = field(default_factory=list)
    halt_on: ValidationSeverity = ValidationSeverity.CRITICAL
    counts_by_severity: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.is_valid

    def __len__(self) -> int:
        return len(self.messages)

    def __iter__(self) -> Iterator[ValidationMessage]:
        return iter(self.messages)

    @classmethod
    def of(cls, messages: list[ValidationMessage], halt_on: ValidationSeverity) -> ValidationResult:
        """Return the result that messages make."""
        valid = not any(message.severity.is_at_least(halt_on) for message in messages)
        return cls(valid, messages, halt_on, dict(Counter(message.severity.value for message in messages)))

    def messages_by_severity(self, severity: ValidationSeverity) -> list[ValidationMessage]:
        """Return the messages of a severity."""
        return [message for message in self.messages if message.severity is severity]

    def messages_at_least(self, severity: ValidationSeverity) -> list[ValidationMessage]:
        """Return the messages of a severity or a graver one."""
        return [message for message in self.messages if message.severity.is_at_least(severity)]

    def as_dataframe(self) -> pd.DataFrame:
        """Return the messages as a table with the columns severity, message, table, column, row and code."""
        import pandas as pd

        names = ["severity", "message", "table", "column", "row", "code"]
        return pd.DataFrame([message.to_dict() for message in self.messages], columns=names)


class Validator(ABC):
    """Checks tables. Subclass it and write `validate`; collect messages with `add_message` and return `messages`."""

    def __init__(self) -> None:
        self._messages: list[ValidationMessage] = []
        self._message_buffer: list[ValidationMessage] = []

    @property
    def messages(self) -> list[ValidationMessage]:
        """The messages added since the last run began, those put aside included."""
        self.flush_buffer()
        return self._messages

    def add_message(
        self,
        severity: ValidationSeverity,
        message: str,
        table: str | None = None,
        column: str | None = None,
        row: int | None = None,
        code: str | None = None,
    ) -> None:
        """Add a message; the arguments are those of `ValidationMessage`."""
        self._messages.append(ValidationMessage(severity, message, table, column, row, code))

    def buffer_message(
        self,
        severity: ValidationSeverity,
        message: str,
        table: str | None = None,
        column: str | None = None,
        row: int | None = None,
        code: str | None = None,
    ) -> None:
        """Put a message aside until `flush_buffer`; the arguments are those of `ValidationMessage`."""
        self._message_buffer.append(ValidationMessage(severity, message, table, column, row, code))

    def flush_buffer(self, success_message: str | None = None) -> None:
        """Add the messages put aside.

        Args:
            success_message: What to say, as INFO, when there are none.
        """
        if self._message_buffer:
            self._messages.extend(self._message_buffer)
            self._message_buffer.clear()
        elif success_message is not None:
            self.add_message(ValidationSeverity.INFO, success_message)

    @abstractmethod
    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Check the tables.

        Args:
            data: The tables by name.

        Returns:
            What there is to say.
        """


class ValidationSequence:
    """Runs validators one after the other, all of them.

    Args:
        validators: The validators, in order.
        logger: Where to report each message.
        halt_on: A message of this severity, or a graver one, makes the data invalid.

    Attributes:
        file_rows: Where the rows of tables are in their files, by table, for what is reported.
    """

    def __init__(
        self,
        validators: Iterable[Validator] | None = None,
        logger: Logger | None = None,
        halt_on: ValidationSeverity = ValidationSeverity.CRITICAL,
    ) -> None:
        self.halt_on = halt_on
        self.file_rows: Mapping[str, FileRows] = {}
        self._validators = list(validators or ())
        self._logger = logger
        self._messages: list[ValidationMessage] = []
        self._completed = False

    @property
    def is_valid(self) -> bool:
        """Whether the validators have run and found nothing as grave as `halt_on`."""
        return self._completed and ValidationResult.of(self._messages, self.halt_on).is_valid

    @property
    def messages(self) -> list[ValidationMessage]:
        """What the last run found."""
        return self._messages

    @property
    def completed(self) -> bool:
        """Whether the validators have run."""
        return self._completed

    def add_validator(self, validator: Validator) -> None:
        """Add a validator at the end."""
        self._validators.append(validator)

    def add_validators(self, validators: Iterable[Validator]) -> None:
        """Add validators at the end."""
        self._validators.extend(validators)

    def run_validation(self, data: dict[str, pd.DataFrame]) -> ValidationResult:
        """Run the validators over the tables.

        Args:
            data: The tables by name.

        Returns:
            Everything they had to say.

        Raises:
            Exception: What a validator raised, though nothing was wrong. After an error its exception is no wonder: the
                report tells of both, and the data is invalid.
        """
        self._messages.clear()
        for validator in self._validators:
            # A validator that only returns messages may do without the constructor.
            getattr(validator, "_messages", []).clear()
            try:
                found = list(validator.validate(data))
            except Exception:
                if not has_errors(self._messages):
                    raise
                found = [broken_off()]
            self._messages.extend(found)
            for message in found:
                log_message(self._logger, message.in_file(self.file_rows))
            if found and found[-1].code == BROKEN_OFF:
                break
        self._completed = True
        return ValidationResult.of(list(self._messages), self.halt_on)


def has_errors(messages: Iterable[ValidationMessage]) -> bool:
    """Whether any message is an error or graver."""
    return any(message.severity in (ValidationSeverity.ERROR, ValidationSeverity.CRITICAL) for message in messages)


def broken_off() -> ValidationMessage:
    """Say that a validator raised on data that was found wrong before it; the exception being handled is logged."""
    _log.warning("A validator raised an exception on data that is not valid.", exc_info=True)
    text = "Further checks could not be made: mend what was found before them."
    return ValidationMessage(ValidationSeverity.CRITICAL, text, code=BROKEN_OFF)


def log_message(logger: Logger | None, message: ValidationMessage) -> None:
    """Report a message, at the level its severity asks for."""
    if logger is None:
        return
    text = message.with_place()
    if message.severity is ValidationSeverity.CRITICAL:
        logger.error(f"[CRITICAL] {text}")
    elif message.severity is ValidationSeverity.ERROR:
        logger.error(text)
    elif message.severity is ValidationSeverity.WARNING:
        logger.warning(text)
    else:
        logger.log(text)


def first_and_count(items: list[Any], shown: int = SHOWN_PER_COLUMN) -> tuple[list[Any], int]:
    """Return the first of many findings, which get a message each, and how many more there are."""
    return items[:shown], max(0, len(items) - shown)
