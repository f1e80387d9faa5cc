"""Parameters that hold one plain value: text, a truth value, an integer or a floating-point number."""

from __future__ import annotations

import math
import numbers
from abc import abstractmethod
from typing import Any

from algomancy_utils.typed_parameter import ParameterError, ParameterType, TypedParameter, shown


class StringParameter(TypedParameter):
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
        if default is not None:
            self._validate(default)
        self.default = default
        if value is not None:
            self.set_validated_value(value)

    @property
    def value(self) -> str | None:
        """The text given, else the default."""
        return self.default if self._value is None else self._value

    def _validate(self, value: object) -> None:
        if not isinstance(value, str):
            raise self._refusal("must be a text", value)


class BooleanParameter(TypedParameter):
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
        if default is not None:
            self._validate(default)
        self.default = default
        if value is not None:
            self.set_validated_value(value)

    @property
    def value(self) -> bool | None:
        """The truth value given, else the default."""
        return self.default if self._value is None else self._value

    def _validate(self, value: object) -> None:
        if not isinstance(value, bool):
            raise self._refusal("must be true or false", value)


class NumericParameter(TypedParameter):
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
            raise ParameterError(
                f"Parameter {shown(name)} must have a minimum that is at most its maximum, "
                f"got {shown(self.min)} and {shown(self.max)}."
            )
        self.default: Any = None if default is None else self._within_bounds(self._number(default))
        if value is not None:
            self.set_validated_value(value)

    def _number(self, value: object) -> Any:  # noqa: ANN401 - an integer or a float
        """Return `value` as a number of this kind, whatever the bounds, or raise `ParameterError`."""
        if isinstance(value, numbers.Real) and not isinstance(value, bool):
            number = self._as_float(value)
            if math.isfinite(number):
                return number
        raise self._refusal("must be a finite number", value)

    def _as_float(self, value: numbers.Real) -> float:
        try:
            return float(value)
        except OverflowError:
            raise self._refusal("must be a number that is not beyond 1.8e308", value) from None

    def _within_bounds(self, number: Any) -> Any:  # noqa: ANN401 - an integer or a float
        if self.min is not None and number < self.min:
            return self.min
        if self.max is not None and number > self.max:
            return self.max
        return number

    @property
    @abstractmethod
    def value(self) -> Any:  # noqa: ANN401 - an integer or a float
        """The number given, else the default."""
        return self.default if self._value is None else self._value

    def _validate(self, value: object) -> None:
        number = self._number(value)
        if self.min is not None and number < self.min - self.EPSILON:
            raise self._refusal(f"must be at least {shown(self.min)}", value)
        if self.max is not None and number > self.max + self.EPSILON:
            raise self._refusal(f"must be at most {shown(self.max)}", value)

    def _kept(self, value: object) -> Any:  # noqa: ANN401 - an integer or a float
        return self._within_bounds(self._number(value))


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

    @property
    def value(self) -> int | None:
        """The integer given, else the default."""
        return super().value  # type: ignore[no-any-return]

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

    @property
    def value(self) -> float | None:
        """The number given, else the default."""
        return super().value  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return f"{self.name}: {self.value:.2f}" if self.value is not None else super().__str__()
