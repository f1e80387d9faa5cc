"""The eight kinds of parameter: text, truth value, numbers, choices, a moment, and the interval between two."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from algomancy_utils.runtime import local_now
from algomancy_utils.typed_parameter import (
    ImpossibleParameterError,
    ParameterError,
    ParameterType,
    TypedParameter,
    json_form,
    shown,
)

_FORM = "an ISO 8601 date or time such as '2025-01-31' or '2025-01-31T08:00:00Z'"


class _Parameter(TypedParameter):
    """What the kinds share: `_kept` checks a value and returns the form in which it is kept."""

    default: Any

    @property
    def value(self) -> Any:  # noqa: ANN401 - each kind has its own
        """The value given, else the default."""
        return self.default if self._value is None else self._value

    def _validate(self, value: Any) -> None:  # noqa: ANN401 - anything a caller may have sent
        self._kept(value)

    def _begin(self, value: object, default: object) -> None:
        """Take the default and the first value, where there is one."""
        self.default = None if default is None else self._kept(default)
        self._take_first(value)

    def _take_first(self, value: object) -> None:
        if value is not None:
            self.set_validated_value(value)


class StringParameter(_Parameter):
    """A text.

    Args:
        name: The parameter's name.
        value: Its first value; the default when left out.
        required: Whether `None` is refused.
        default: The value of a parameter that was given none.
    """

    def __init__(
        self, name: str, value: str | None = None, required: bool = True, default: str | None = "default"
    ) -> None:
        super().__init__(name, ParameterType.STRING, required)
        self._begin(value, default)

    def _kept(self, value: object) -> str:
        if not isinstance(value, str):
            raise self._refusal("must be a text", value)
        return value


class BooleanParameter(_Parameter):
    """A truth value.

    Args:
        name: The parameter's name.
        value: Its first value; the default when left out.
        required: Whether `None` is refused.
        default: The value of a parameter that was given none.
    """

    def __init__(
        self, name: str, value: bool | None = None, required: bool = True, default: bool | None = False
    ) -> None:
        super().__init__(name, ParameterType.BOOLEAN, required)
        self._begin(value, default)

    def _kept(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise self._refusal("must be true or false", value)
        return value


class NumericParameter(_Parameter):
    """A number between two bounds, either of which may be missing.

    A default outside the bounds is moved to the nearer one, so that the described value is always acceptable.

    Args:
        name: The parameter's name.
        parameter_type: Integer or float.
        required: Whether `None` is refused.
        default: The value of a parameter that was given none.
        minvalue: The least value allowed, `None` for no bound.
        maxvalue: The greatest value allowed, `None` for no bound.
        value: Its first value; the default when left out.
    """

    EPSILON: float = 0.0
    """How far outside a bound a value may lie and still count as the bound."""

    def __init__(
        self,
        name: str,
        parameter_type: ParameterType,
        required: bool,
        default: float | None,
        minvalue: float | None = None,
        maxvalue: float | None = None,
        value: float | None = None,
    ) -> None:
        super().__init__(name, parameter_type, required)
        self.min: Any = None if minvalue is None else self._number(minvalue)
        self.max: Any = None if maxvalue is None else self._number(maxvalue)
        if self.min is not None and self.max is not None and self.min > self.max:
            bounds = f"{shown(self.min)} and {shown(self.max)}"
            raise ImpossibleParameterError(
                f"Parameter {shown(name)} must have a minimum that is at most its maximum, got {bounds}."
            )
        self._begin(value, default)

    def _number(self, value: object) -> Any:  # noqa: ANN401 - an integer or a float
        """Return `value` as a number of this kind, whatever the bounds, or raise `ParameterError`."""
        if isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(self._as_float(value)):
            return self._as_float(value)
        raise self._refusal("must be a finite number", value)

    def _as_float(self, value: numbers.Real) -> float:
        try:
            return float(value)
        except OverflowError:
            raise self._refusal("must be a number that is not beyond 1.8e308", value) from None

    def _validate(self, value: object) -> None:
        number = self._number(value)
        if self.min is not None and number < self.min - self.EPSILON:
            raise self._refusal(f"must be at least {shown(self.min)}", value)
        if self.max is not None and number > self.max + self.EPSILON:
            raise self._refusal(f"must be at most {shown(self.max)}", value)

    def _kept(self, value: object) -> Any:  # noqa: ANN401 - an integer or a float
        number = self._number(value)
        if self.min is not None and number < self.min:
            return self.min
        return self.max if self.max is not None and number > self.max else number


class IntegerParameter(NumericParameter):
    """A whole number. A float without a fraction (`7.0`) is one, a truth value is not.

    Args:
        name: The parameter's name.
        minvalue: The least value allowed, `None` for no bound.
        maxvalue: The greatest value allowed, `None` for no bound.
        value: Its first value; the default when left out.
        required: Whether `None` is refused.
        default: The value of a parameter that was given none.
    """

    EPSILON = 0

    def __init__(
        self,
        name: str,
        minvalue: int | None = None,
        maxvalue: int | None = None,
        value: int | None = None,
        required: bool = True,
        default: int | None = 1,
    ) -> None:
        super().__init__(name, ParameterType.INTEGER, required, default, minvalue, maxvalue, value)

    def _number(self, value: object) -> int:
        if isinstance(value, numbers.Real) and not isinstance(value, bool):
            if isinstance(value, numbers.Integral):
                return int(value)
            number = self._as_float(value)
            if math.isfinite(number) and number.is_integer():
                return int(number)
        raise self._refusal("must be an integer", value)


class FloatParameter(NumericParameter):
    """A finite number. A value within `EPSILON` outside a bound, as rounding leaves it, counts as the bound.

    Args:
        name: The parameter's name.
        minvalue: The least value allowed, `None` for no bound.
        maxvalue: The greatest value allowed, `None` for no bound.
        value: Its first value; the default when left out.
        required: Whether `None` is refused.
        default: The value of a parameter that was given none.
    """

    EPSILON = 1e-6

    def __init__(
        self,
        name: str,
        minvalue: float | None = None,
        maxvalue: float | None = None,
        value: float | None = None,
        required: bool = True,
        default: float | None = 1.0,
    ) -> None:
        super().__init__(name, ParameterType.FLOAT, required, default, minvalue, maxvalue, value)

    def __str__(self) -> str:
        return f"{self.name}: {self.value:.2f}" if self.value is not None else super().__str__()


class _Choices(_Parameter):
    def __init__(
        self, name: str, parameter_type: ParameterType, choices: Iterable[Any], value: object, required: bool
    ) -> None:
        super().__init__(name, parameter_type, required)
        self.choices = list(choices)
        if not self.choices:
            raise ImpossibleParameterError(f"Parameter {shown(name)} must have at least one choice, got none.")
        self._take_first(value)

    def _choice(self, value: object, demand: str, given: object) -> Any:  # noqa: ANN401 - whatever the choices are
        """Return the choice that `value` or its JSON form names; else refuse what was given."""
        for choice in self.choices:
            for form in (choice, json_form(choice)):
                # For Python True is 1; for a caller it is not.
                if isinstance(form, bool) is isinstance(value, bool) and form == value:
                    return choice
        raise self._refusal(f"{demand} {', '.join(shown(json_form(choice)) for choice in self.choices)}", given)


class EnumParameter(_Choices):
    """One of a list of choices; the first of them while no value was given.

    Args:
        name: The parameter's name.
        choices: The values allowed, at least one.
        value: Its first value.
        required: Whether `None` is refused.
    """

    def __init__(self, name: str, choices: Iterable[Any], value: object = None, required: bool = True) -> None:
        super().__init__(name, ParameterType.ENUM, choices, value, required)

    @property
    def value(self) -> Any:  # noqa: ANN401 - whatever the choices are
        """The choice made, else the first."""
        return self.choices[0] if self._value is None else self._value

    def to_json_value(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return the choice as JSON can hold it."""
        return json_form(self.value)

    def _kept(self, value: object) -> Any:  # noqa: ANN401 - whatever the choices are
        return self._choice(value, "must be one of", value)


class MultiEnumParameter(_Choices):
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
        super().__init__(name, ParameterType.MULTI_ENUM, choices, value, required)

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
        # What is no list names no choice.
        members = value if isinstance(value, (list, tuple, set, frozenset)) else [object()]
        return tuple(self._choice(member, "must be a list of some of", value) for member in members)


class TimeParameter(_Parameter):
    """A moment: a `datetime`, a `date` (its midnight) or an ISO 8601 text, with or without an offset.

    Args:
        name: The parameter's name.
        value: Its first value; the default when left out.
        required: Whether `None` is refused.
        default: The value of a parameter that was given none; the moment of construction when left out.
    """

    def __init__(
        self,
        name: str,
        value: datetime | str | None = None,
        required: bool = True,
        default: datetime | str | None = None,
    ) -> None:
        super().__init__(name, ParameterType.TIME, required)
        # Fixed once, so that what a descriptor shows is what a scenario gets.
        self.default = self._kept(local_now() if default is None else default)
        self._take_first(value)

    def to_json_value(self) -> str:
        """Return the moment as ISO 8601 text."""
        return str(self.value.isoformat())

    def __str__(self) -> str:
        return f"{self.name}: {self.to_json_value()}"

    def _kept(self, value: object) -> datetime:
        try:
            return _moment(value)
        except ValueError:
            raise self._refusal(f"must be {_FORM}", value) from None


class IntervalParameter(_Parameter):
    """The time from a start to an end that is not before it, as a pair.

    Args:
        name: The parameter's name.
        value: Its first value, a pair; the default when left out.
        required: Whether `None` is refused.
        default: The pair of a parameter that was given none; this year's 1 January and 31 December when left out.

    Attributes:
        default_start: The start of the default.
        default_end: The end of the default.
    """

    def __init__(
        self,
        name: str,
        value: tuple[Any, Any] | list[Any] | None = None,
        required: bool = True,
        default: tuple[Any, Any] | list[Any] | None = None,
    ) -> None:
        super().__init__(name, ParameterType.INTERVAL, required)
        if default is None:
            year = local_now().year
            default = (datetime(year, 1, 1), datetime(year, 12, 31))
        self._begin(value, default)
        self.default_start, self.default_end = self.default

    def to_json_value(self) -> list[str]:
        """Return the pair as a list of two ISO 8601 texts."""
        start, end = self.value
        return [start.isoformat(), end.isoformat()]

    def __str__(self) -> str:
        return f"{self.name}: [{', '.join(self.to_json_value())}]"

    def _kept(self, value: object) -> tuple[datetime, datetime]:
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            raise self._refusal("must be a pair of a start and an end", value)
        try:
            start, end = _moment(value[0]), _moment(value[1])
        except ValueError:
            raise self._refusal(f"must be a pair of a start and an end, each {_FORM}", _as_text(value)) from None
        if (start.utcoffset() is None) is not (end.utcoffset() is None):
            raise self._refusal("must have an offset from UTC at both ends or at neither", _as_text(value))
        if start > end:
            raise ParameterError(
                f"Parameter {shown(self.name)} must have a start that is not after its end, "
                f"got {shown(start.isoformat())} and {shown(end.isoformat())}."
            )
        return start, end


def _moment(value: object) -> datetime:
    """Return `value` as a plain `datetime`; a `ValueError` says that it is none."""
    if isinstance(value, str):
        return datetime.fromisoformat(value.strip())
    if isinstance(value, datetime):
        if type(value) is datetime:
            return value
        # A subclass, such as the one of pandas, may print itself otherwise or be no moment at all (unequal to itself).
        if value != value:
            raise ValueError
        return datetime.fromisoformat(datetime.isoformat(value))
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    raise ValueError


def _as_text(pair: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [member.isoformat() if isinstance(member, date) else member for member in pair]
