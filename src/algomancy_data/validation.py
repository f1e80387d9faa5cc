"""What every validator is, and running several of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from algomancy_data.validation_message import (
    MessageKeeper,
    ValidationMessage,
    ValidationResult,
    ValidationSeverity,
)

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger


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
