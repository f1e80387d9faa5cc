"""What every parameter type has in common: a name, a type, and a value that is checked before it is kept."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from enum import Enum, StrEnum
from typing import Any

_SHOWN_CHARACTERS = 80
_SHOWN_BITS = 256


class ParameterError(Exception):
    """A parameter was given a value it cannot take, or a parameter was named that does not exist.

    Args:
        message: Which parameter, what was wrong and what is allowed, in words for the caller.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = str(message)

    def __str__(self) -> str:
        return self.message


class UnknownParameterError(ParameterError, KeyError):
    """A set has no parameter of this name."""


class ImpossibleParameterError(ParameterError, AssertionError):
    """A parameter is made so that no value suits it: its minimum is above its maximum, or it has no choices."""


class ParameterType(StrEnum):
    """The eight kinds of parameter, spelled as in a descriptor (contract ALG-3)."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    ENUM = "enum"
    MULTI_ENUM = "multi_enum"
    TIME = "time"
    INTERVAL = "interval"


class TypedParameter(ABC):
    """A named value of one kind.

    A subclass says in `value` what a parameter holds and in `_validate` what it accepts. A parameter that was given no
    value, required or not, has its default. Giving `None` to a parameter that is not required takes its value away
    again; to a required one it is an error.

    Args:
        name: The parameter's name, unique within its set.
        parameter_type: The kind of value it holds.
        required: Whether `None` is refused.
    """

    def __init__(self, name: str, parameter_type: ParameterType, required: bool = True) -> None:
        self.name = name
        self.parameter_type = parameter_type
        self.required = required
        self._value: Any = None

    @property
    @abstractmethod
    def value(self) -> Any:  # noqa: ANN401 - each kind narrows it
        """The value given, else the default."""

    @abstractmethod
    def _validate(self, value: Any) -> None:  # noqa: ANN401 - anything a caller may have sent
        """Raise `ParameterError` unless this parameter can take `value`."""

    def set_validated_value(self, value: Any) -> None:  # noqa: ANN401 - anything a caller may have sent
        """Keep `value` if it is valid; otherwise change nothing.

        Args:
            value: A value of this parameter's kind, or its JSON form.

        Raises:
            ParameterError: The value is not one this parameter can take.
        """
        if value is None:
            if self.required:
                raise self._refusal("needs a value", value)
            self._value = None
        else:
            self._validate(value)
            self._value = self._kept(value)

    def to_json_value(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value as JSON can hold it; `set_validated_value` reads it back exactly."""
        return self.value

    def _kept(self, value: Any) -> Any:  # noqa: ANN401 - each kind narrows it
        """Return a valid value in the form in which it is kept."""
        return value

    def _refusal(self, demand: str, value: object) -> ParameterError:
        return ParameterError(f"Parameter {shown(self.name)} {demand}, got {shown(value)}.")

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, value={shown(self.value)})"


def shown(value: object) -> str:
    """Return `value` as a message may show it: as a caller would write it, and never long.

    Args:
        value: Anything a caller may have sent.

    Returns:
        A quoted string, a number, a piece of JSON, or words where none of these fits.
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]}…"
        return f"'{text}'"
    if isinstance(value, int):
        # Python refuses to write integers of some thousand digits.
        return str(value) if value.bit_length() <= _SHOWN_BITS else "an integer of very many digits"
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else "a number that is not finite"
    if isinstance(value, (list, tuple, dict)):
        try:
            text = json.dumps(value, ensure_ascii=False, default=str)
        except (TypeError, ValueError, RecursionError):
            return "a nested value"
        return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    return "a value of another kind"


def json_form(choice: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a choice as JSON can hold it: itself, the value of an enumeration's member, else its text."""
    if isinstance(choice, Enum):
        choice = choice.value
    return choice if choice is None or isinstance(choice, (str, int, float, bool)) else str(choice)
