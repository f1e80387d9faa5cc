"""Units: the table, conversions and the unit a value is shown in."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algomancy_utils import QUANTITIES, BaseMeasurement, Measurement, Unit

METRE = QUANTITIES["length"]["m"]
SECOND = QUANTITIES["time"]["s"]


def test_table_has_every_quantity() -> None:
    """Every quantity of the surface is there with its units."""
    assert set(QUANTITIES) == {
        *("length", "mass", "time", "area", "volume", "speed", "temperature", "energy", "power", "pressure"),
        *("frequency", "data", "money", "percentage", "count", "default"),
    }
    assert QUANTITIES["percentage"]["%"].symbol == "%"
    assert QUANTITIES["count"][""].symbol == QUANTITIES["default"][""].symbol == ""
    for quantity in QUANTITIES.values():
        assert all(unit.symbol == symbol and unit.factor > 0 for symbol, unit in quantity.items())


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        (METRE, 0, "0.00 m"),
        (METRE, 12, "12.00 m"),
        (METRE, 0.5, "0.50 m"),
        (METRE, 0.05, "50.00 mm"),
        (METRE, 1500, "1.50 km"),
        (METRE, 999.999, "1.00 km"),
        (METRE, 999.99, "999.99 m"),
        (METRE, -1500, "-1.50 km"),
        (METRE, 1e9, "1000000.00 km"),
        (METRE, -1e-12, "0.00 µm"),
        (SECOND, 3600, "60.00 min"),
        (SECOND, 100_000, "27.78 h"),
        (QUANTITIES["money"]["€"], 2_500_000, "2.50 M€"),
        (QUANTITIES["percentage"]["%"], 12.5, "12.50 %"),
        (QUANTITIES["count"][""], 12_345, "12345.00"),
        (QUANTITIES["temperature"]["°C"], 2000, "2000.00 °C"),
        (Unit("pallets"), 2000, "2000.00 pallets"),
        (METRE, math.nan, "n/a"),
        (METRE, math.inf, "n/a"),
    ],
    ids=str,
)
def test_measurement_shows_suitable_unit(unit: Unit, value: float, text: str) -> None:
    """A value is shown in the unit of its ladder that leaves one to three digits before the point."""
    assert Measurement(BaseMeasurement(unit), value).pretty() == text


@pytest.mark.parametrize(
    ("scale", "value", "text"),
    [
        (BaseMeasurement(METRE, decimals=0), 12.4, "12 m"),
        (BaseMeasurement(METRE, max_digits=5), 1500, "1500.00 m"),
        (BaseMeasurement(METRE, min_digits=1), 0.5, "500.00 mm"),
        (BaseMeasurement(METRE, largest_unit="m"), 1500, "1500.00 m"),
        (BaseMeasurement(METRE, smallest_unit="m"), 0.001, "0.00 m"),
    ],
    ids=["decimals", "more digits", "no leading zero", "largest unit", "smallest unit"],
)
def test_base_measurement_says_how_to_show(scale: BaseMeasurement, value: float, text: str) -> None:
    """Digits, decimals and the range of units are the author's to choose."""
    assert Measurement(scale, value).pretty() == text


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "to", "amount"),
    [
        ("length", 1.5, "km", "m", 1500),
        ("length", 1, "mi", "m", 1609.344),
        ("time", 90, "min", "h", 1.5),
        ("speed", 36, "km/h", "m/s", 10),
        ("temperature", 212, "°F", "°C", 100),
        ("temperature", 0, "°C", "K", 273.15),
        ("energy", 1, "kWh", "MJ", 3.6),
        ("data", 1, "KiB", "B", 1024),
        ("money", 1, "M€", "k€", 1000),
    ],
)
def test_measurement_scales_to_unit(quantity: str, value: float, unit: str, to: str, amount: float) -> None:
    """An amount is the same amount in any other unit of its quantity."""
    measurement = Measurement(BaseMeasurement(QUANTITIES[quantity][unit]), value)
    scaled = measurement.scale_to_unit(to)
    assert scaled.value == pytest.approx(amount)
    assert scaled.unit.symbol == to
    assert scaled.scale_to_unit(QUANTITIES[quantity][unit]).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        (METRE, SECOND),
        (METRE, "furlong"),
        (QUANTITIES["money"]["€"], QUANTITIES["money"]["$"]),
        (Unit("pallets"), METRE),
        (Unit("pallets"), "m"),
    ],
    ids=str,
)
def test_measurement_refuses_other_unit(unit: Unit, to: Unit | str) -> None:
    """What does not measure the same cannot be converted."""
    with pytest.raises(ValueError, match=r"cannot be expressed in|is not one of"):
        Measurement(BaseMeasurement(unit), 1).scale_to_unit(to)


@given(st.floats(1e-6, 1e5))
def test_shown_length_has_few_digits(value: float) -> None:
    """Within the ladder a length always shows one to three digits before the point."""
    shown = Measurement(BaseMeasurement(METRE), value).pretty().split()[0]
    assert 0.1 <= float(shown) < 1000
