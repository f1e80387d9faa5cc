"""Parameters that hold a moment, or the interval between two."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from algomancy_utils.runtime import local_now
from algomancy_utils.typed_parameter import ParameterError, ParameterType, TypedParameter, shown

_FORM = "an ISO 8601 date or time such as '2025-01-31' or '2025-01-31T08:00:00Z'"


class TimeParameter(TypedParameter):
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
        self.default: datetime = local_now() if default is None else self._kept(default)
        if value is not None:
            self.set_validated_value(value)

    @property
    def value(self) -> datetime:
        """The moment given, else the default."""
        return self.default if self._value is None else self._value

    def to_json_value(self) -> str:
        """Return the moment as ISO 8601 text."""
        return self.value.isoformat()

    def __str__(self) -> str:
        return f"{self.name}: {self.to_json_value()}"

    def _validate(self, value: object) -> None:
        self._kept(value)

    def _kept(self, value: object) -> datetime:
        try:
            return _moment(value)
        except ValueError:
            raise self._refusal(f"must be {_FORM}", value) from None


class IntervalParameter(TypedParameter):
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
        self.default_start, self.default_end = self._kept(default)
        if value is not None:
            self.set_validated_value(value)

    @property
    def default(self) -> tuple[datetime, datetime]:
        """The pair of a parameter that was given none."""
        return self.default_start, self.default_end

    @property
    def value(self) -> tuple[datetime, datetime]:
        """The pair given, else the default."""
        return self.default if self._value is None else self._value

    def to_json_value(self) -> list[str]:
        """Return the pair as a list of two ISO 8601 texts."""
        start, end = self.value
        return [start.isoformat(), end.isoformat()]

    def __str__(self) -> str:
        return f"{self.name}: [{', '.join(self.to_json_value())}]"

    def _validate(self, value: object) -> None:
        self._kept(value)

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
    """Return `value` as a plain `datetime`.

    Raises:
        ValueError: It is none.
    """
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
