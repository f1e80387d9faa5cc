"""Key performance indicators: numbers computed from a result, with what counts as good."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from decimal import Decimal
from enum import StrEnum
from numbers import Real
from typing import Any, TypeVar

from algomancy_scenario.running.control import describe
from algomancy_utils import BaseMeasurement, Measurement, Unit


class KpiError(Exception):
    """A KPI is defined wrongly, or its computation gave no number.

    Args:
        message: Which KPI and what is wrong, in words for the person.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ImprovementDirection(StrEnum):
    """When a value counts as better."""

    HIGHER = "higher"
    LOWER = "lower"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"

    @classmethod
    def _missing_(cls, value: object) -> ImprovementDirection | None:
        # A scenario object spells it as the name (contract, Scenarios).
        return cls.__members__.get(value) if isinstance(value, str) else None


class BaseKPI(ABC):
    """A number that says how good a result is.

    The configuration names KPI classes; each scenario gets an instance of its own, made by `cls()`. A KPI that has to
    be at least or at most its threshold is *binary*: it is met or missed.

    Args:
        name: What the KPI is called.
        better_when: Which values are better.
        base_measurement: How the value is measured and shown.
        threshold: The value to reach.

    Raises:
        KpiError: The threshold is not a finite number, or there is no such direction.
    """

    def __init__(
        self,
        name: str,
        better_when: ImprovementDirection,
        base_measurement: BaseMeasurement,
        threshold: float | None = None,
    ) -> None:
        if threshold is not None and not (isinstance(threshold, Real) and math.isfinite(threshold)):
            raise KpiError(f"The threshold of KPI '{name}' must be a finite number.")
        try:
            self._better_when = ImprovementDirection(better_when)
        except ValueError:
            raise KpiError(f"KPI '{name}' cannot be better when {better_when!r}.") from None
        self._name = name
        self._base_measurement = base_measurement
        self._threshold = threshold
        self._value: float | None = None

    @abstractmethod
    def compute(self, result: Any) -> float:  # noqa: ANN401 - the user's own result class
        """Return the KPI's value for a result.

        Args:
            result: What the algorithm returned.
        """

    def compute_and_check(self, result: Any) -> None:  # noqa: ANN401 - the user's own result class
        """Compute the value and keep it.

        Args:
            result: What the algorithm returned.

        Raises:
            KpiError: `compute` failed, or gave no finite number; the message names the KPI.
        """
        try:
            value = self.compute(result)
        except Exception as error:
            raise KpiError(f"KPI '{self.name}' cannot be computed: {describe(error)}") from error
        if not isinstance(value, (Real, Decimal)):
            raise KpiError(f"KPI '{self.name}' gave no number.")
        if not math.isfinite(value):
            raise KpiError(f"KPI '{self.name}' gave {value}, which is not a finite number.")
        self._value = int(value) if type(value) is int else float(value)

    @property
    def name(self) -> str:
        """What the KPI is called."""
        return self._name

    @property
    def better_when(self) -> ImprovementDirection:
        """Which values are better."""
        return self._better_when

    @property
    def value(self) -> float | None:
        """The value computed, `None` as long as there is none."""
        return self._value

    @value.setter
    def value(self, value: float | None) -> None:
        self._value = value

    @property
    def measurement(self) -> Measurement:
        """The value with its unit; `Measurement.INITIAL_VALUE` as long as there is none."""
        return Measurement(self._base_measurement, Measurement.INITIAL_VALUE if self._value is None else self._value)

    @property
    def is_binary_kpi(self) -> bool:
        """Whether the KPI is met or missed, rather than better or worse."""
        return self._better_when in (ImprovementDirection.AT_LEAST, ImprovementDirection.AT_MOST)

    @property
    def success(self) -> bool | None:
        """Whether the threshold is reached; `None` as long as there is no value.

        Raises:
            ValueError: The KPI is not binary, or has no threshold.
        """
        if not self.is_binary_kpi:
            raise ValueError(f"KPI '{self.name}' is better when {self.better_when}: it is neither met nor missed.")
        threshold = self._known_threshold()
        if self._value is None:
            return None
        if self._better_when is ImprovementDirection.AT_LEAST:
            return self._value >= threshold
        return self._value <= threshold

    def get_threshold_str(self, unit: Unit | None = None) -> str:
        """Return the threshold as text.

        Args:
            unit: The unit to write it in; the one that suits it when left out.

        Raises:
            ValueError: There is no threshold.
        """
        return _text(Measurement(self._base_measurement, self._known_threshold()), unit)

    def pretty(self, unit: Unit | None = None) -> str:
        """Return what to show: a mark for a binary KPI, the value for any other; `n/a` as long as there is no value.

        Args:
            unit: The unit to write the value in; the one that suits it when left out.

        Raises:
            ValueError: A binary KPI has no threshold.
        """
        success = self.success if self.is_binary_kpi else None
        if success is None:
            return self.details(unit)
        return "✓" if success else "✗"

    def details(self, unit: Unit | None = None) -> str:
        """Return the value as text, `n/a` as long as there is none.

        Args:
            unit: The unit to write it in; the one that suits it when left out.
        """
        return "n/a" if self._value is None else _text(self.measurement, unit)

    def get_pretty_unit(self) -> Unit:
        """Return the unit that suits the value."""
        return self.measurement.scale().unit

    def to_dict(self) -> dict[str, Any]:
        """Return the KPI as it stands in a scenario object: name, better_when, unit, value, threshold."""
        return {
            "name": self.name,
            "better_when": self.better_when.name,
            "unit": self._base_measurement.unit.symbol,
            "value": self._value,
            "threshold": self._threshold,
        }

    def _known_threshold(self) -> float:
        if self._threshold is None:
            raise ValueError(f"KPI '{self.name}' has no threshold.")
        return self._threshold

    def __str__(self) -> str:
        return self.pretty()


def _text(measurement: Measurement, unit: Unit | None) -> str:
    return measurement.pretty() if unit is None else str(measurement.scale_to_unit(unit))


BASE_KPI = TypeVar("BASE_KPI", bound=BaseKPI)
