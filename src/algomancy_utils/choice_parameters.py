"""Parameters whose value is picked from a list: one choice, or several."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from algomancy_utils.typed_parameter import ParameterError, ParameterType, TypedParameter, shown


class EnumParameter(TypedParameter):
    """One of a list of choices; the first of them while no value was given.

    Args:
        name: The parameter's name.
        choices: The values allowed, at least one.
        value: Its first value.
        required: Whether `None` is refused.
    """

    def __init__(self, name: str, choices: Iterable[Any], value: object = None, required: bool = True) -> None:
        super().__init__(name, ParameterType.ENUM, required)
        self.choices = _checked_choices(name, choices)
        if value is not None:
            self.set_validated_value(value)

    @property
    def value(self) -> Any:  # noqa: ANN401 - whatever the choices are
        """The choice made, else the first."""
        return self.choices[0] if self._value is None else self._value

    def to_json_value(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return the choice as JSON can hold it."""
        return json_form(self.value)

    def _validate(self, value: object) -> None:
        self._kept(value)

    def _kept(self, value: object) -> Any:  # noqa: ANN401 - whatever the choices are
        try:
            return _choice(self.choices, value)
        except LookupError:
            raise self._refusal(f"must be one of {_listed(self.choices)}", value) from None


class MultiEnumParameter(TypedParameter):
    """Some of a list of choices, in the order given; the first alone while no value was given.

    Choosing none of them is a choice, too, and so is naming one twice.

    Args:
        name: The parameter's name.
        choices: The values allowed, at least one.
        value: Its first value, a list of choices.
        required: Whether `None` is refused.
    """

    def __init__(
        self, name: str, choices: Iterable[Any], value: Iterable[Any] | None = None, required: bool = True
    ) -> None:
        super().__init__(name, ParameterType.MULTI_ENUM, required)
        self.choices = _checked_choices(name, choices)
        if value is not None:
            self.set_validated_value(value)

    @property
    def value(self) -> list[Any]:
        """The choices made, as a list of its own: changing it does not change the parameter."""
        return [self.choices[0]] if self._value is None else list(self._value)

    def to_json_value(self) -> list[Any]:
        """Return the choices made as JSON can hold them."""
        return [json_form(choice) for choice in self.value]

    def _validate(self, value_lst: object) -> None:
        self._kept(value_lst)

    def _kept(self, value: object) -> tuple[Any, ...]:
        demand = f"must be a list of some of {_listed(self.choices)}"
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise self._refusal(demand, value)
        try:
            return tuple(_choice(self.choices, member) for member in value)
        except LookupError:
            raise self._refusal(demand, value) from None


def json_form(choice: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a choice as JSON can hold it: itself, the value of an enumeration's member, else its text."""
    if isinstance(choice, Enum):
        choice = choice.value
    return choice if choice is None or isinstance(choice, (str, int, float, bool)) else str(choice)


def _checked_choices(name: str, choices: Iterable[Any]) -> list[Any]:
    listed = list(choices)
    if not listed:
        raise ParameterError(f"Parameter {shown(name)} must have at least one choice, got none.")
    return listed


def _choice(choices: list[Any], value: object) -> Any:  # noqa: ANN401 - whatever the choices are
    """Return the choice that `value` or its JSON form names."""
    for choice in choices:
        for form in (choice, json_form(choice)):
            # For Python True is 1; for a caller it is not.
            if isinstance(form, bool) is isinstance(value, bool) and form == value:
                return choice
    raise LookupError


def _listed(choices: list[Any]) -> str:
    return ", ".join(shown(json_form(choice)) for choice in choices)
