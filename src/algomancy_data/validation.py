"""What validation has to say, what every validator is, and running several of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger


class ValidationSeverity(StrEnum):
    """How much a message matters. They compare by weight: `ERROR > WARNING`."""

    INFO = "INFO"
    """Worth knowing."""
    WARNING = "WARNING"
    """Probably not meant; the data is used all the same."""
    ERROR = "ERROR"
    """The data is not used."""
    CRITICAL = "CRITICAL"
    """The data is not used, and checking further makes no sense."""

    @property
    def weight(self) -> int:
        """The place in the order from INFO to CRITICAL."""
        return list(ValidationSeverity).index(self)

    def __lt__(self, other: str) -> bool:
        return self.weight < ValidationSeverity(other).weight

    def __le__(self, other: str) -> bool:
        return self.weight <= ValidationSeverity(other).weight

    def __gt__(self, other: str) -> bool:
        return self.weight > ValidationSeverity(other).weight

    def __ge__(self, other: str) -> bool:
        return self.weight >= ValidationSeverity(other).weight


@dataclass(frozen=True)
class ValidationMessage:
    """One thing validation found.

    Attributes:
        severity: How much it matters.
        message: What was found, in words for the person who sent the data.
        table: The table it is about.
        column: The column it is about.
        row: The row it is about: for extractors and validators 0 for the first row of the table; in the result of a
            pipeline as a person counts in the file, where the heading is row 1 (contract ETL-8).
        code: What kind of finding it is, for programs: `conversion`, `missing_column`, …
    """

    severity: ValidationSeverity
    message: str
    table: str | None = None
    column: str | None = None
    row: int | None = None
    code: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the message as a dict of plain values."""
        return {
            "severity": str(self.severity),
            "message": self.message,
            "table": self.table,
            "column": self.column,
            "row": self.row,
            "code": self.code,
        }

    def __str__(self) -> str:
        place = [text for text in (self.table, self.column, None if self.row is None else f"row {self.row}") if text]
        where = f" [{', '.join(place)}]" if place else ""
        return f"{self.severity.upper()}{where}: {self.message}"


@dataclass
class ValidationResult:
    """All that validation had to say.

    Attributes:
        messages: The messages, in the order they were found.
    """

    messages: list[ValidationMessage] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        """Whether the data may be used: no message is an error or worse."""
        return not self.at_least(ValidationSeverity.ERROR)

    def at_least(self, severity: ValidationSeverity) -> list[ValidationMessage]:
        """Return the messages of that severity or a graver one."""
        return [message for message in self.messages if message.severity >= severity]

    def extend(self, messages: Iterable[ValidationMessage]) -> None:
        """Add messages at the end."""
        self.messages.extend(messages)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a dict of plain values."""
        return {"is_valid": self.is_valid, "messages": [message.to_dict() for message in self.messages]}


class MessageKeeper:
    """Collects messages. Its methods work in subclasses that never call its constructor."""

    @property
    def messages(self) -> list[ValidationMessage]:
        """The messages kept so far."""
        return vars(self).setdefault("_messages", [])  # type: ignore[no-any-return]

    def add_message(
        self,
        severity: ValidationSeverity | ValidationMessage,
        message: str = "",
        table: str | None = None,
        column: str | None = None,
        row: int | None = None,
        code: str | None = None,
    ) -> None:
        """Keep a message: one that is made already, or one made of the arguments."""
        self.messages.append(_message(severity, message, table, column, row, code))

    def buffer_message(
        self,
        severity: ValidationSeverity | ValidationMessage,
        message: str = "",
        table: str | None = None,
        column: str | None = None,
        row: int | None = None,
        code: str | None = None,
    ) -> None:
        """Put a message aside until `flush_buffer`."""
        self._buffer.append(_message(severity, message, table, column, row, code))

    def flush_buffer(self) -> list[ValidationMessage]:
        """Keep the messages put aside, and return them."""
        flushed = list(self._buffer)
        self._buffer.clear()
        self.messages.extend(flushed)
        return flushed

    def clear_messages(self) -> None:
        """Forget every message, kept or put aside."""
        self.messages.clear()
        self._buffer.clear()

    @property
    def _buffer(self) -> list[ValidationMessage]:
        return vars(self).setdefault("_buffered", [])  # type: ignore[no-any-return]


def _message(
    severity: ValidationSeverity | ValidationMessage,
    message: str,
    table: str | None,
    column: str | None,
    row: int | None,
    code: str | None,
) -> ValidationMessage:
    if isinstance(severity, ValidationMessage):
        return severity
    return ValidationMessage(ValidationSeverity(severity), message, table, column, row, code)


class Validator(MessageKeeper, ABC):
    """Checks tables. Subclass it and write `validate`.

    Messages may be returned, kept by `add_message`, or both: each counts once.

    Args:
        logger: Where to report progress.
    """

    def __init__(self, logger: Logger | None = None) -> None:
        self.logger = logger

    @abstractmethod
    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Check the tables.

        Args:
            data: The tables by name.

        Returns:
            What there is to say.
        """

    def findings(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Check the tables afresh and return every message, returned or kept."""
        self.clear_messages()
        returned = list(self.validate(data) or ())
        self.flush_buffer()
        known = set(map(id, returned))
        return [*returned, *(message for message in self.messages if id(message) not in known)]


class ValidationSequence:
    """Runs validators one after the other.

    Args:
        validators: The validators, in order.
        logger: Where to report each message.
        halt_on: A message of this severity, or a graver one, keeps the validators after its own from running; None runs
            all of them whatever is found.
    """

    def __init__(
        self,
        validators: Iterable[Validator] | None = None,
        logger: Logger | None = None,
        halt_on: ValidationSeverity | None = ValidationSeverity.CRITICAL,
    ) -> None:
        self.validators = list(validators or ())
        self.logger = logger
        self.halt_on = halt_on

    def add_validator(self, validator: Validator) -> None:
        """Add a validator at the end."""
        self.validators.append(validator)

    def add_validators(self, validators: Iterable[Validator]) -> None:
        """Add validators at the end."""
        self.validators.extend(validators)

    def validate(self, data: dict[str, pd.DataFrame]) -> ValidationResult:
        """Run the validators over the tables.

        Args:
            data: The tables by name.

        Returns:
            Everything they had to say.
        """
        result = ValidationResult()
        for validator in self.validators:
            found = validator.findings(data)
            result.extend(found)
            for message in found:
                log_message(self.logger, message)
            if self.halt_on is not None and any(message.severity >= self.halt_on for message in found):
                break
        return result


def log_message(logger: Logger | None, message: ValidationMessage) -> None:
    """Report a message, at the level its severity asks for."""
    if logger is None:
        return
    if message.severity >= ValidationSeverity.ERROR:
        logger.error(str(message))
    elif message.severity is ValidationSeverity.WARNING:
        logger.warning(str(message))
    else:
        logger.log(str(message))
