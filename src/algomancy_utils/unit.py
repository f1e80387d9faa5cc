"""Units of measurement, and how a measured value is shown in the unit that suits it.

The units are a table: quantity by quantity, symbols and what one of each is in the quantity's standard unit. Within a
quantity the units form a ladder, each linked to the next smaller and the next larger; a value is shown on the rung
where it has neither too many digits nor too few.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any


class Unit:
    """A unit of measurement. One made from a symbol alone stands by itself and is never scaled.

    Args:
        symbol: How it is written.

    Attributes:
        smaller_unit: The next smaller unit of the same quantity.
        larger_unit: The next larger one.
        conversion_factor_to_smaller: What one of this unit is in the next smaller one.
        conversion_factor_to_larger: What one of this unit is in the next larger one.
        zero: Where its zero lies, in this unit, on a scale that it shares with its neighbours.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.smaller_unit: Unit | None = None
        self.larger_unit: Unit | None = None
        self.conversion_factor_to_smaller: float | None = None
        self.conversion_factor_to_larger: float | None = None
        self.zero = 0.0

    def __str__(self) -> str:
        return f"Unit: {self.symbol}"

    def set_larger_unit(self, larger_unit: Unit, conversion_factor: float) -> None:
        """Link this unit and the next larger one.

        Args:
            larger_unit: The next larger unit.
            conversion_factor: What one of this unit is in the larger one.
        """
        self.larger_unit, self.conversion_factor_to_larger = larger_unit, conversion_factor
        larger_unit.smaller_unit, larger_unit.conversion_factor_to_smaller = self, 1 / conversion_factor

    def convert(self, value: float, unit: Unit) -> float:
        """Return what `value` of this unit is in another.

        Args:
            value: An amount in this unit.
            unit: The unit wanted; one of the same symbol in this unit's quantity is the same to it.

        Raises:
            ValueError: The two do not measure the same.
        """
        for step in ("larger", "smaller"):
            rung: Unit | None = self
            factor = 1.0
            while rung is not None:
                if rung.symbol == unit.symbol:
                    return value if rung is self else (value + self.zero) * factor - rung.zero
                factor *= getattr(rung, f"conversion_factor_to_{step}") or 1.0
                rung = getattr(rung, f"{step}_unit")
        raise ValueError(f"A value in '{self.symbol}' cannot be expressed in '{unit.symbol}'.")


class Quantity(Mapping[str, Unit]):
    """The units of one quantity, by symbol.

    Args:
        name: What is measured.
        standard_unit: The unit that the factors of the others refer to.

    Attributes:
        associated_units: The units by symbol, in the order in which they were added.
        sorted_units: The units with their factors, smallest first.
    """

    def __init__(self, name: str, standard_unit: Unit) -> None:
        self.name = name
        self.standard_unit = standard_unit
        self.associated_units = {standard_unit.symbol: standard_unit}
        self.sorted_units: list[tuple[Unit, float]] = [(standard_unit, 1)]

    def add_unit(self, base_unit: Unit, factor_to_base: float) -> None:
        """Add a unit to the ladder.

        Args:
            base_unit: The unit.
            factor_to_base: What one of it is in the standard unit.

        Raises:
            ValueError: There is a unit of that symbol already.
        """
        if base_unit.symbol in self.associated_units:
            raise ValueError(f"Quantity '{self.name}' has a unit '{base_unit.symbol}' already.")
        self.associated_units[base_unit.symbol] = base_unit
        self.sorted_units.append((base_unit, factor_to_base))
        self.sorted_units.sort(key=lambda entry: entry[1])
        for (smaller, factor), (larger, larger_factor) in zip(self.sorted_units, self.sorted_units[1:], strict=False):
            smaller.set_larger_unit(larger, factor / larger_factor)

    def __getitem__(self, symbol: str) -> Unit:
        try:
            return self.associated_units[symbol]
        except KeyError:
            known = ", ".join(repr(each) for each in self.associated_units)
            raise KeyError(f"Quantity '{self.name}' has no unit {symbol!r}, known are: {known}.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.associated_units)

    def __len__(self) -> int:
        return len(self.associated_units)


_LONG_TIMES = {"d": 86_400, "wk": 604_800, "yr": 31_536_000}
_TABLE: dict[str, tuple[str, dict[str, float]]] = {
    "length": ("Length", {"m": 1, "mm": 1e-3, "cm": 1e-2, "dm": 0.1, "km": 1000, "μm": 1e-6, "nm": 1e-9, "Mm": 10**6}),
    "mass": ("Mass", {"g": 1, "mg": 1e-3, "μg": 1e-6, "kg": 1000, "t": 10**6, "kt": 10**9, "Mt": 10**12}),
    "time": ("Time", {"s": 1, "ms": 1e-3, "μs": 1e-6, "ns": 1e-9, "min": 60, "h": 3600, **_LONG_TIMES}),
    "area": ("Area", {"m²": 1, "mm²": 1e-6, "cm²": 1e-4, "dm²": 1e-2, "km²": 10**6, "ha": 10**4}),
    "volume": ("Volume", {"L": 1, "mL": 1e-3, "cL": 1e-2, "dL": 0.1, "m³": 1000, "kL": 1000, "μL": 1e-6}),
    "speed": ("Speed", {"m/s": 1, "km/h": 1 / 3.6, "cm/s": 1e-2, "mm/s": 1e-3}),
    "temperature": ("Temperature", {"°C": 1, "K": 1}),
    "energy": (
        "Energy",
        {"J": 1, "mJ": 1e-3, "μJ": 1e-6, "kJ": 1000, "MJ": 10**6, "GJ": 10**9, "kWh": 3_600_000, "MWh": 3_600_000_000},
    ),
    "power": ("Power", {"W": 1, "mW": 1e-3, "μW": 1e-6, "kW": 1000, "MW": 10**6, "GW": 10**9}),
    "pressure": ("Pressure", {"Pa": 1, "kPa": 1000, "MPa": 10**6, "bar": 10**5, "mbar": 100}),
    "frequency": ("Frequency", {"Hz": 1, "kHz": 1000, "MHz": 10**6, "GHz": 10**9, "mHz": 1e-3}),
    "data": ("Data", {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}),
    "data_decimal": ("Data (Decimal)", {"B": 1, "KB": 1000, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}),
    "money": ("Euro", {"€": 1, "k€": 1000, "M€": 10**6, "B€": 10**9}),
    "percentage": ("Percentage", {"%": 1, "‰": 0.1, "bp": 1e-2}),
    "count": ("Count", {"": 1, "k": 1000, "M": 10**6, "B": 10**9}),
    "current": ("Electric Current", {"A": 1, "mA": 1e-3, "μA": 1e-6, "kA": 1000}),
    "voltage": ("Voltage", {"V": 1, "mV": 1e-3, "μV": 1e-6, "kV": 1000, "MV": 10**6}),
    "resistance": ("Resistance", {"Ω": 1, "mΩ": 1e-3, "kΩ": 1000, "MΩ": 10**6}),
    "default": ("Default", {"unit": 1}),
}
"""The quantities: name, and the units with their factors; the first is the standard unit."""

_ZEROS = {"°C": 273.15}


def _create(quantity: str) -> Quantity:
    name, factors = _TABLE[quantity]
    units = {symbol: Unit(symbol) for symbol in factors}
    for symbol, unit in units.items():
        unit.zero = _ZEROS.get(symbol, 0.0)
    made = Quantity(name, next(iter(units.values())))
    for symbol, unit in list(units.items())[1:]:
        made.add_unit(unit, factors[symbol])
    if quantity == "default":
        # A value without a unit: what has none is asked for by an empty symbol.
        made.associated_units[""] = Unit("")
    return made


def _creates(quantity: str) -> Callable[[], Quantity]:
    def create() -> Quantity:
        return _create(quantity)

    create.__doc__ = f"Return a new quantity: {_TABLE[quantity][0].lower()}."
    return create


create_length_quantity = _creates("length")
create_mass_quantity = _creates("mass")
create_time_quantity = _creates("time")
create_area_quantity = _creates("area")
create_volume_quantity = _creates("volume")
create_speed_quantity = _creates("speed")
create_temperature_quantity = _creates("temperature")
create_energy_quantity = _creates("energy")
create_power_quantity = _creates("power")
create_pressure_quantity = _creates("pressure")
create_frequency_quantity = _creates("frequency")
create_data_quantity = _creates("data")
create_data_decimal_quantity = _creates("data_decimal")
create_money_quantity = _creates("money")
create_percentage_quantity = _creates("percentage")
create_count_quantity = _creates("count")
create_electric_current_quantity = _creates("current")
create_voltage_quantity = _creates("voltage")
create_resistance_quantity = _creates("resistance")
create_default_quantity = _creates("default")


def create_currency_quantity(symbol: str, name: str) -> Quantity:
    """Return a currency with its thousands, millions and billions.

    Args:
        symbol: The symbol of its unit, such as `$`.
        name: What it is called.
    """
    quantity = Quantity(name, Unit(symbol))
    for prefix, factor in (("k", 1000), ("M", 10**6), ("B", 10**9)):
        quantity.add_unit(Unit(prefix + symbol), factor)
    return quantity


class QuantityRegistry(Mapping[str, Quantity]):
    """Quantities by name; a new registry holds the standard ones."""

    def __init__(self) -> None:
        self._quantities = {name: _create(name) for name in _TABLE}

    def register(self, name: str, quantity: Quantity) -> None:
        """Add a quantity.

        Raises:
            ValueError: There is a quantity of that name already.
        """
        if name in self._quantities:
            raise ValueError(f"There is a quantity '{name}' already.")
        self._quantities[name] = quantity

    def list_quantities(self) -> list[str]:
        """Return the names."""
        return list(self._quantities)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as `Mapping.get`
        """Return a quantity, `default` when there is none of that name."""
        return self._quantities.get(name, default)

    def __getitem__(self, name: str) -> Quantity:
        try:
            return self._quantities[name]
        except KeyError:
            known = ", ".join(repr(each) for each in self._quantities)
            raise KeyError(f"There is no quantity {name!r}, known are: {known}.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._quantities)

    def __len__(self) -> int:
        return len(self._quantities)


QUANTITIES = QuantityRegistry()
"""The quantities by name: `QUANTITIES["time"]["s"]` is the second."""


class BaseMeasurement:
    """How the values of something are measured and shown.

    Args:
        base_unit: The unit in which values are given.
        min_digits: Values with fewer digits before the point are shown in a smaller unit, if there is one.
        max_digits: Values with more digits before the point are shown in a larger unit, if there is one.
        decimals: How many digits are shown after the point.
        smallest_unit: The symbol of the smallest unit that values are scaled down to.
        largest_unit: The symbol of the largest unit that values are scaled up to.
        formatter: Writes a measurement that has been scaled already; the default writes number and symbol.
        use_scaling: Whether values are shown in another unit at all.
    """

    def __init__(
        self,
        base_unit: Unit,
        min_digits: int = 0,
        max_digits: int = 3,
        decimals: int = 2,
        smallest_unit: str | None = None,
        largest_unit: str | None = None,
        formatter: Callable[[Measurement], str] | None = None,
        use_scaling: bool = True,
    ) -> None:
        self.unit = base_unit
        self.min_digits = min_digits
        self.max_digits = max_digits
        self.decimals = decimals
        self.smallest_unit = smallest_unit
        self.largest_unit = largest_unit
        self.use_scaling = use_scaling
        self._formatter = formatter

    @property
    def default_formatter(self) -> Callable[[Measurement], str]:
        """What writes a measurement where no formatter was given."""
        return str

    @property
    def formatter(self) -> Callable[[Measurement], str]:
        """What writes a measurement that has been scaled."""
        return self._formatter or self.default_formatter

    def in_unit(self, unit: Unit, decimals: int | None = None) -> BaseMeasurement:
        """Return the same way to show values for values in another unit.

        Args:
            unit: The unit in which values are given.
            decimals: How many digits to show after the point; as before when left out.
        """
        return BaseMeasurement(
            unit,
            self.min_digits,
            self.max_digits,
            self.decimals if decimals is None else decimals,
            self.smallest_unit,
            self.largest_unit,
            self._formatter,
            self.use_scaling,
        )

    def __str__(self) -> str:
        return f"{self.unit.symbol} | {self.min_digits} to {self.max_digits} digits | {self.decimals} decimals"


class Measurement:
    """A value with the unit it is in.

    Args:
        base_measurement: How it is measured and shown.
        value: The amount, in the base unit.
        max_decimals: How many digits at most are shown after the point of a value that fewer would show as zero.
    """

    INITIAL_VALUE = -9999999999
    """Stands for a value that is not known yet."""

    MAX_DECIMALS = 10

    def __init__(
        self, base_measurement: BaseMeasurement, value: float = INITIAL_VALUE, max_decimals: int = MAX_DECIMALS
    ) -> None:
        self.base_measurement = base_measurement
        self.value = value
        self.max_decimals = max_decimals

    @property
    def unit(self) -> Unit:
        """The unit the value is in."""
        return self.base_measurement.unit

    def __str__(self) -> str:
        return f"{self.value:.{self.base_measurement.decimals}f} {self.unit.symbol}"

    def pretty(self) -> str:
        """Return the value with the unit of its ladder that suits it, such as `1.50 km` for 1500 m."""
        shown = self.get_display_measurement()
        return shown.base_measurement.formatter(shown)

    def get_display_measurement(self) -> Measurement:
        """Return the measurement as it is shown: scaled, unless its base measurement does without."""
        return self.scale() if self.base_measurement.use_scaling else self

    def scale(self) -> Measurement:
        """Return the measurement in the unit that suits it, rounded to the digits shown.

        A value whose digits all lie behind those gets as many more as it takes to show the first that is not zero.
        """
        if self.value in (0, self.INITIAL_VALUE) or not math.isfinite(self.value):
            return self
        base = self.base_measurement
        unit, value = self._suitable()
        decimals = base.decimals
        if self._get_digits(value) < base.min_digits and unit.smaller_unit is None:
            while not round(value, decimals) and decimals < self.max_decimals:
                decimals += 1
        return Measurement(base.in_unit(unit, decimals), float(round(value, decimals)), self.max_decimals)

    def scale_to_unit(self, other_unit: Unit) -> Measurement:
        """Return the same amount in another unit.

        Args:
            other_unit: The unit wanted.

        Raises:
            ValueError: The unit does not measure the same.
        """
        value = self.unit.convert(self.value, other_unit)
        return Measurement(self.base_measurement.in_unit(other_unit), value, self.max_decimals)

    def _suitable(self) -> tuple[Unit, float]:
        """Return the unit that suits the value, and the value in it."""
        base, unit, value = self.base_measurement, self.unit, self.value
        while self._get_digits(value) > base.max_digits and unit.symbol != base.largest_unit:
            larger = unit.larger_unit
            step = None if larger is None or larger.zero != unit.zero else unit.convert(value, larger)
            # On a rung where it had too few digits it would be sent back.
            if larger is None or step is None or self._get_digits(step) < base.min_digits:
                break
            unit, value = larger, step
        while self._get_digits(value) < base.min_digits and unit.symbol != base.smallest_unit:
            smaller = unit.smaller_unit
            step = None if smaller is None or smaller.zero != unit.zero else unit.convert(value, smaller)
            if smaller is None or step is None or self._get_digits(step) > base.max_digits:
                break
            unit, value = smaller, step
        return unit, value

    def _get_digits(self, value: float | None = None) -> int:
        """Return how many digits a value, or the measurement's own, has before the point.

        One between 0.1 and 1 has none, one below 0.1 fewer than none. Decimals make it exact where logarithms are not.
        """
        amount = self.value if value is None else value
        return Decimal(amount).adjusted() + 1 if amount else 0
