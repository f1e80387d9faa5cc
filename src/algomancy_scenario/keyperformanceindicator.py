"""Key performance indicators: numbers computed from a result, with what counts as good."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from enum import StrEnum
from numbers import Real
from typing import Any

from algomancy_utils import BaseMeasurement, Measurement


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

    HIGHER = "HIGHER"
    LOWER = "LOWER"
    AT_LEAST = "AT_LEAST"
    AT_MOST = "AT_MOST"


_WITH_THRESHOLD = (ImprovementDirection.AT_LEAST, ImprovementDirection.AT_MOST)


class BaseKPI(ABC):
    """A number that says how good a result is.

    The configuration names KPI classes; each scenario gets an instance of its own, made by `cls()`.

    Args:
        name: What the KPI is called.
        better_when: Which values are better.
        base_measurement: How the value is measured and shown.
        threshold: The value to reach, needed for `AT_LEAST` and `AT_MOST`.

    Raises:
        KpiError: The threshold is missing, or is not a finite number.
    """

    def __init__(
        self,
        name: str,
        better_when: ImprovementDirection,
        base_measurement: BaseMeasurement,
        threshold: float | None = None,
    ) -> None:
        if threshold is None and better_when in _WITH_THRESHOLD:
            raise KpiError(f"KPI '{name}' is better when {better_when}, so it needs a threshold.")
        if threshold is not None and not (isinstance(threshold, Real) and math.isfinite(threshold)):
            raise KpiError(f"The threshold of KPI '{name}' must be a finite number.")
        self.name = name
        self.better_when = ImprovementDirection(better_when)
        self.base_measurement = base_measurement
        self.threshold = threshold
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
            KpiError: `compute` gave no finite number.
        """
        value = self.compute(result)
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise KpiError(f"KPI '{self.name}' gave no number.") from None
        if not math.isfinite(number):
            raise KpiError(f"KPI '{self.name}' gave {number}, which is not a finite number.")
        self._value = number

    @property
    def value(self) -> float | None:
        """The value computed, `None` as long as there is none."""
        return self._value

    @value.setter
    def value(self, value: float | None) -> None:
        self._value = value

    @property
    def measurement(self) -> Measurement | None:
        """The value with its unit, `None` as long as there is no value."""
        return None if self._value is None else Measurement(self.base_measurement, self._value)

    @property
    def success(self) -> bool | None:
        """Whether the threshold is reached; `None` without a value or a threshold."""
        if self._value is None or self.threshold is None:
            return None
        if self.better_when in (ImprovementDirection.AT_MOST, ImprovementDirection.LOWER):
            return self._value <= self.threshold
        return self._value >= self.threshold

    def pretty(self) -> str:
        """Return the value with a unit that suits it, `n/a` as long as there is none."""
        return "n/a" if self.measurement is None else self.measurement.pretty()

    def to_dict(self) -> dict[str, Any]:
        """Return the KPI as it stands in a scenario object: name, better_when, unit, value, threshold."""
        return {
            "name": self.name,
            "better_when": self.better_when.value,
            "unit": self.base_measurement.unit.symbol,
            "value": self._value,
            "threshold": self.threshold,
        }
