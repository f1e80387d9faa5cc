"""Units of measurement, and how a measured value is shown in the one that suits it.

The units are a table: quantity by quantity, ladders of symbols and factors. The factor is what one of the unit is
in the quantity's reference unit. A value is shown on the ladder of its own unit, and converted between any two units
of one quantity, save where an amount on one ladder says nothing about another (currencies).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_Ladder = dict[str, float]

_SI_LENGTH: _Ladder = {"µm": 1e-6, "mm": 1e-3, "m": 1.0, "km": 1e3}
_TABLE: dict[str, list[_Ladder]] = {
    "length": [_SI_LENGTH, {"cm": 1e-2}, {"in": 0.0254}, {"ft": 0.3048, "mi": 1609.344}],
    "mass": [{"mg": 1e-6, "g": 1e-3, "kg": 1.0, "t": 1e3, "kt": 1e6}, {"oz": 0.028349523125, "lb": 0.45359237}],
    "time": [{"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}, {"wk": 604800.0}],
    "area": [{"mm²": 1e-6, "m²": 1.0, "km²": 1e6}, {"cm²": 1e-4}, {"ha": 1e4}],
    "volume": [{"ml": 1e-6, "l": 1e-3, "m³": 1.0}, {"gal": 0.003785411784}],
    "speed": [{"mm/s": 1e-3, "m/s": 1.0, "km/s": 1e3}, {"km/h": 1 / 3.6}, {"mph": 0.44704}, {"kn": 1852 / 3600}],
    "temperature": [{"K": 1.0}, {"°C": 1.0}, {"°F": 5 / 9}],
    "energy": [{"J": 1.0, "kJ": 1e3, "MJ": 1e6, "GJ": 1e9}, {"Wh": 3600.0, "kWh": 3.6e6, "MWh": 3.6e9, "GWh": 3.6e12}],
    "power": [{"mW": 1e-3, "W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9}, {"hp": 745.69987158227}],
    "pressure": [{"Pa": 1.0, "kPa": 1e3, "MPa": 1e6}, {"mbar": 100.0, "bar": 1e5}, {"psi": 6894.757293168}],
    "frequency": [{"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9}, {"rpm": 1 / 60}],
    "data": [{"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}, {"KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30}],
    "money": [
        {"€": 1.0, "k€": 1e3, "M€": 1e6, "B€": 1e9},
        {"$": 1.0, "k$": 1e3, "M$": 1e6, "B$": 1e9},
        {"£": 1.0, "k£": 1e3, "M£": 1e6, "B£": 1e9},
    ],
    "percentage": [{"%": 1.0}],
    "count": [{"": 1.0}],
    "default": [{"": 1.0}],
}
_ZEROS = {"°C": 273.15, "°F": 459.67 * 5 / 9}
_SEPARATE_LADDERS = {"money"}


@dataclass(frozen=True)
class Unit:
    """A unit of measurement. One made from a symbol alone stands by itself and is never scaled.

    Attributes:
        symbol: How it is written.
        factor: What one of it is in the reference unit of its quantity.
        zero: Where its zero lies in the reference unit.
        quantity: The name of its quantity.
        ladder: The number of its ladder within the quantity.
    """

    symbol: str
    factor: float = 1.0
    zero: float = 0.0
    quantity: str | None = None
    ladder: int = 0

    def __str__(self) -> str:
        return self.symbol

    def convert(self, value: float, unit: Unit) -> float:
        """Return what `value` of this unit is in another.

        Args:
            value: An amount in this unit.
            unit: The unit wanted.

        Raises:
            ValueError: The two do not measure the same.
        """
        if self == unit:
            return value
        same = self.quantity is not None and self.quantity == unit.quantity
        if not same or (self.quantity in _SEPARATE_LADDERS and self.ladder != unit.ladder):
            raise ValueError(f"A value in '{self.symbol}' cannot be expressed in '{unit.symbol}'.")
        return (value * self.factor + self.zero - unit.zero) / unit.factor


class Quantity(Mapping[str, Unit]):
    """The units of one quantity, by symbol.

    Args:
        name: What is measured.
        ladders: Symbols and factors.
    """

    def __init__(self, name: str, ladders: list[_Ladder]) -> None:
        self.name = name
        self._units = {
            symbol: Unit(symbol, factor, _ZEROS.get(symbol, 0.0), name, number)
            for number, ladder in enumerate(ladders)
            for symbol, factor in ladder.items()
        }

    def __getitem__(self, symbol: str) -> Unit:
        return self._units[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._units)

    def __len__(self) -> int:
        return len(self._units)


QUANTITIES: Mapping[str, Quantity] = {name: Quantity(name, ladders) for name, ladders in _TABLE.items()}
"""The quantities by name: `QUANTITIES["time"]["s"]` is the second."""


@dataclass(frozen=True)
class BaseMeasurement:
    """How the values of something are measured and shown.

    Attributes:
        base_unit: The unit in which values are given.
        min_digits: Values with fewer digits before the point are shown in a smaller unit, if there is one.
        max_digits: Values with more digits before the point are shown in a larger unit, if there is one.
        decimals: How many digits are shown after the point.
        smallest_unit: The symbol of the smallest unit values are shown in.
        largest_unit: The symbol of the largest unit values are shown in.
    """

    base_unit: Unit
    min_digits: int = 0
    max_digits: int = 3
    decimals: int = 2
    smallest_unit: str | None = None
    largest_unit: str | None = None

    def scales(self) -> list[Unit]:
        """Return the units values may be shown in, smallest first."""
        base = self.base_unit
        units: Mapping[str, Unit] = QUANTITIES.get(base.quantity or "", {})
        ladder = [unit for unit in units.values() if unit.ladder == base.ladder] if base in units.values() else [base]
        least = _factor(units, self.smallest_unit, 0.0)
        most = _factor(units, self.largest_unit, math.inf)
        kept = [unit for unit in ladder if least <= unit.factor <= most or unit == base]
        return sorted(kept, key=lambda unit: unit.factor)


@dataclass(frozen=True)
class Measurement:
    """A value with the unit it is in.

    Attributes:
        base_measurement: How it is measured and shown.
        value: The amount, in the base unit.
    """

    base_measurement: BaseMeasurement
    value: float

    @property
    def unit(self) -> Unit:
        """The unit the value is in."""
        return self.base_measurement.base_unit

    def scale_to_unit(self, unit: Unit | str) -> Measurement:
        """Return the same amount in another unit.

        Args:
            unit: The unit wanted, or its symbol.

        Raises:
            ValueError: The unit does not measure the same, or there is no such unit.
        """
        if isinstance(unit, str):
            known = QUANTITIES.get(self.unit.quantity or "", {self.unit.symbol: self.unit})
            if unit not in known:
                raise ValueError(f"Unit '{unit}' is not one of {', '.join(repr(symbol) for symbol in known)}.")
            unit = known[unit]
        scale = BaseMeasurement(
            unit, self.base_measurement.min_digits, self.base_measurement.max_digits, self.base_measurement.decimals
        )
        return Measurement(scale, self.unit.convert(self.value, unit))

    def pretty(self) -> str:
        """Return the value with the unit of its ladder that suits it, such as `1.50 km` for 1500 m."""
        if not math.isfinite(self.value):
            return "n/a"
        decimals = self.base_measurement.decimals
        unit = self._suitable_unit()
        text = f"{self.unit.convert(self.value, unit):.{decimals}f}"
        if not float(text):
            text = text.lstrip("-")
        return f"{text} {unit.symbol}".rstrip()

    def _suitable_unit(self) -> Unit:
        scales = self.base_measurement.scales()
        place = scales.index(self.unit)
        if not self.value:
            return self.unit
        while place + 1 < len(scales) and self._rounded(scales[place]) >= 10.0**self.base_measurement.max_digits:
            place += 1
        while place > 0 and abs(self._in(scales[place])) < 10.0 ** (self.base_measurement.min_digits - 1):
            if self._rounded(scales[place - 1]) >= 10.0**self.base_measurement.max_digits:
                break
            place -= 1
        return scales[place]

    def _in(self, unit: Unit) -> float:
        return self.unit.convert(self.value, unit)

    def _rounded(self, unit: Unit) -> float:
        return abs(round(self._in(unit), self.base_measurement.decimals))


def _factor(units: Mapping[str, Unit], symbol: str | None, otherwise: float) -> float:
    unit = units.get(symbol) if symbol is not None else None
    return otherwise if unit is None else unit.factor
