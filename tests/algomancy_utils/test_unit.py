"""Units: the table, conversions and the unit a value is shown in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algomancy_utils import QUANTITIES, BaseMeasurement, Measurement, Quantity, Unit, unit
from algomancy_utils.unit import QuantityRegistry, create_currency_quantity

METRE = QUANTITIES["length"]["m"]
SECOND = QUANTITIES["time"]["s"]
EURO = QUANTITIES["money"]["€"]
SHOWN = {
    ("length", "m"): "0.00 m | 0.12 dm | 0.50 m | 5.00 m | -1.23 km | 10.00 Mm",
    ("mass", "g"): "0.00 g | 12.30 mg | 0.50 g | 5.00 g | -1.23 kg | 10.00 t",
    ("time", "s"): "0.00 s | 12.30 ms | 0.50 s | 5.00 s | -20.57 min | 115.74 d",
    ("area", "m²"): "0.00 m² | 1.23 dm² | 0.50 m² | 5.00 m² | -0.12 ha | 10.00 km²",
    ("volume", "L"): "0.00 L | 0.12 dL | 0.50 L | 5.00 L | -1.23 m³ | 10000.00 kL",
    ("speed", "m/s"): "0.00 m/s | 1.23 cm/s | 0.50 m/s | 5.00 m/s | -1234.50 m/s | 10000000.00 m/s",
    ("energy", "J"): "0.00 J | 12.30 mJ | 0.50 J | 5.00 J | -1.23 kJ | 10.00 MJ",
    ("power", "W"): "0.00 W | 12.30 mW | 0.50 W | 5.00 W | -1.23 kW | 10.00 MW",
    ("pressure", "Pa"): "0.00 Pa | 0.01 Pa | 0.50 Pa | 5.00 Pa | -12.35 mbar | 100.00 bar",
    ("frequency", "Hz"): "0.00 Hz | 12.30 mHz | 0.50 Hz | 5.00 Hz | -1.23 kHz | 10.00 MHz",
    ("data", "B"): "0.00 B | 0.01 B | 0.50 B | 5.00 B | -1.21 KiB | 9.54 MiB",
    ("data_decimal", "B"): "0.00 B | 0.01 B | 0.50 B | 5.00 B | -1.23 KB | 10.00 MB",
    ("money", "€"): "0.00 € | 0.01 € | 0.50 € | 5.00 € | -1.23 k€ | 10.00 M€",
    ("percentage", "%"): "0.00 % | 0.12 ‰ | 0.50 % | 5.00 % | -1234.50 % | 10000000.00 %",
    ("count", ""): "0.00  | 0.01  | 0.50  | 5.00  | -1.23 k | 10.00 M",
    ("current", "A"): "0.00 A | 12.30 mA | 0.50 A | 5.00 A | -1.23 kA | 10000.00 kA",
    ("voltage", "V"): "0.00 V | 12.30 mV | 0.50 V | 5.00 V | -1.23 kV | 10.00 MV",
    ("resistance", "Ω"): "0.00 Ω | 12.30 mΩ | 0.50 Ω | 5.00 Ω | -1.23 kΩ | 10.00 MΩ",
    ("default", "unit"): "0.00 unit | 0.01 unit | 0.50 unit | 5.00 unit | -1234.50 unit | 10000000.00 unit",
}
"""What 0, 0.0123, 0.5, 5, -1234.5 and 10 million of each standard unit look like."""


def pretty(unit: Unit, value: float, **options: Any) -> str:
    """The text of a value."""
    return Measurement(BaseMeasurement(unit, **options), value).pretty()


@pytest.mark.parametrize(("quantity", "symbol"), SHOWN, ids=[name for name, _ in SHOWN])
def test_value_of_every_quantity_is_shown_in_a_suitable_unit(quantity: str, symbol: str) -> None:
    """A value has one to three digits before the point wherever the ladder of its quantity allows it."""
    unit = QUANTITIES[quantity][symbol]
    assert QUANTITIES[quantity].standard_unit is unit
    values = (0, 0.0123, 0.5, 5, -1234.5, 1e7)
    assert " | ".join(pretty(unit, value) for value in values) == SHOWN[quantity, symbol]


@pytest.mark.parametrize(
    ("unit", "value", "options", "text"),
    [
        (METRE, 999.999, {}, "1000.00 m"),
        (METRE, 1000, {}, "1.00 km"),
        (METRE, 1e9, {}, "1000.00 Mm"),
        (METRE, 1e-7, {}, "100.00 nm"),
        (QUANTITIES["length"]["nm"], 0.004, {}, "0.004 nm"),
        (SECOND, 1e6, {}, "277.78 h"),
        (SECOND, 1e9, {}, "31.71 yr"),
        (QUANTITIES["data"]["B"], 1000, {}, "0.98 KiB"),
        (QUANTITIES["percentage"]["%"], 0.09999, {}, "1.00 ‰"),
        (QUANTITIES["percentage"]["%"], 12345, {}, "12345.00 %"),
        (QUANTITIES["temperature"]["°C"], 2000, {}, "2000.00 °C"),
        (Unit("pallets"), 2000, {}, "2000.00 pallets"),
        (Unit("pallets"), 0.00042, {}, "0.0004 pallets"),
        (EURO, 0.005, {}, "0.01 €"),
        (EURO, 0.004, {}, "0.004 €"),
        (EURO, 0.000123456, {}, "0.0001 €"),
        (EURO, 1e-12, {}, "0.0000000000 €"),
        (EURO, 0.09999, {"decimals": 0}, "0.1 €"),
        (EURO, 0.1, {"decimals": 0}, "0 €"),
        (EURO, 0.004, {"use_scaling": False}, "0.00 €"),
        (METRE, 1234.5, {"use_scaling": False}, "1234.50 m"),
        (METRE, 1234.5, {"decimals": 4}, "1.2345 km"),
        (METRE, 1234.5, {"max_digits": 5}, "1234.50 m"),
        (METRE, 0.5, {"min_digits": 1}, "5.00 dm"),
        (METRE, 5, {"min_digits": 2}, "50.00 dm"),
        (METRE, 1000, {"min_digits": 2}, "1000.00 m"),
        (METRE, 10, {"max_digits": 1}, "10.00 m"),
        (METRE, 100, {"max_digits": 1}, "0.10 km"),
        (METRE, 1e7, {"largest_unit": "km"}, "10000.00 km"),
        (METRE, 1234.5, {"largest_unit": "m"}, "1234.50 m"),
        (METRE, 0.01, {"smallest_unit": "m"}, "0.01 m"),
        (METRE, 1234.5, {"smallest_unit": "furlong"}, "1.23 km"),
        (METRE, 1234.5678, {"formatter": lambda m: f"<{m.value} {m.unit.symbol}>"}, "<1.23 km>"),
        (METRE, Measurement.INITIAL_VALUE, {}, "-9999999999.00 m"),
        (METRE, math.nan, {}, "nan m"),
        (METRE, -math.inf, {}, "-inf m"),
    ],
    ids=lambda case: case.symbol if isinstance(case, Unit) else str(case)[:30],
)
def test_measurement_is_shown_as_its_author_chose(unit: Unit, value: float, options: Any, text: str) -> None:
    """Digits, decimals, the range of units and the text itself are the author's to choose."""
    assert pretty(unit, value, **options) == text


def test_scaled_measurement_is_rounded_and_changes_nothing() -> None:
    """Scaling gives a new measurement of the digits shown; the one it was made from stays as it was."""
    measurement = Measurement(BaseMeasurement(EURO), 0.000123456)
    scaled = measurement.scale()
    assert (scaled.value, scaled.unit, scaled.base_measurement.decimals) == (0.0001, EURO, 4)
    assert (measurement.value, measurement.base_measurement.decimals, str(measurement)) == (0.000123456, 2, "0.00 €")
    kilometres = Measurement(BaseMeasurement(METRE), 1234.5678).get_display_measurement()
    assert (kilometres.value, kilometres.unit.symbol) == (1.23, "km")
    assert Measurement(BaseMeasurement(EURO), 1 / 3000, max_decimals=3).pretty() == "0.000 €"
    assert Measurement(BaseMeasurement(METRE)).value == Measurement.INITIAL_VALUE


def test_base_measurement_says_what_it_is() -> None:
    """The text of a unit and of a base measurement is for a log."""
    base = BaseMeasurement(METRE)
    assert (str(METRE), str(base)) == ("Unit: m", "m | 0 to 3 digits | 2 decimals")
    assert base.formatter(Measurement(base, 3.14159)) == base.default_formatter(Measurement(base, 3.14159)) == "3.14 m"


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "to", "amount"),
    [
        ("length", 1.5, "km", "m", 1500),
        ("time", 90, "min", "h", 1.5),
        ("speed", 36, "km/h", "m/s", 10),
        ("temperature", 0, "°C", "K", 273.15),
        ("energy", 1, "kWh", "MJ", 3.6),
        ("data", 1, "KiB", "B", 1024),
        ("data_decimal", 1, "KB", "B", 1000),
        ("money", 1, "M€", "k€", 1000),
        ("volume", 1, "m³", "kL", 1),
    ],
)
def test_measurement_scales_to_unit(quantity: str, value: float, unit: str, to: str, amount: float) -> None:
    """An amount is the same amount in any other unit of its quantity."""
    measurement = Measurement(BaseMeasurement(QUANTITIES[quantity][unit]), value)
    scaled = measurement.scale_to_unit(QUANTITIES[quantity][to])
    assert scaled.value == pytest.approx(amount)
    assert scaled.unit.symbol == to
    assert scaled.scale_to_unit(QUANTITIES[quantity][unit]).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("unit", "to"),
    [(METRE, SECOND), (EURO, create_currency_quantity("$", "Dollar")["$"]), (Unit("pallets"), METRE)],
    ids=str,
)
def test_measurement_refuses_other_unit(unit: Unit, to: Unit) -> None:
    """What does not measure the same cannot be converted."""
    with pytest.raises(ValueError, match=r"cannot be expressed in"):
        Measurement(BaseMeasurement(unit), 1).scale_to_unit(to)


def test_quantity_of_ones_own_has_a_ladder() -> None:
    """Units that are linked, or added to a quantity, are scaled between like any others."""
    box, pallet = Unit("box"), Unit("pallet")
    box.set_larger_unit(pallet, 1 / 40)
    assert (pretty(box, 4000), pretty(pallet, 0.05)) == ("100.00 pallet", "2.00 box")
    goods = Quantity("Goods", Unit("piece"))
    goods.add_unit(Unit("box"), 12)
    goods.add_unit(Unit("pinch"), 0.01)
    assert [(unit.symbol, factor) for unit, factor in goods.sorted_units] == [
        ("pinch", 0.01),
        ("piece", 1),
        ("box", 12),
    ]
    assert pretty(goods["piece"], 2400) == "200.00 box"
    assert list(goods) == ["piece", "box", "pinch"]
    with pytest.raises(KeyError, match=r"no unit 'crate', known are: 'piece', 'box', 'pinch'"):
        goods["crate"]
    with pytest.raises(ValueError, match="has a unit 'box' already"):
        goods.add_unit(Unit("box"), 24)


def test_registry_holds_what_is_registered() -> None:
    """A new registry has the standard quantities; what one adds does not show in another."""
    registry = QuantityRegistry()
    assert registry.list_quantities() == QUANTITIES.list_quantities() == list(registry)
    dollars = create_currency_quantity("$", "Dollar")
    registry.register("dollars", dollars)
    assert registry["dollars"] is registry.get("dollars") is dollars
    assert pretty(dollars["$"], 2_500_000) == "2.50 M$"
    assert QUANTITIES.get("dollars") is None
    with pytest.raises(KeyError, match="no quantity 'dollars'"):
        QUANTITIES["dollars"]
    with pytest.raises(ValueError, match="a quantity 'dollars' already"):
        registry.register("dollars", dollars)


def test_every_quantity_can_be_created() -> None:
    """There is a function for each standard quantity, which makes it anew."""
    functions: dict[str, Callable[[], Quantity]] = {
        name: value for name, value in vars(unit).items() if name.startswith("create_") and "currency" not in name
    }
    assert {make().name for make in functions.values()} == {quantity.name for quantity in QUANTITIES.values()}
    assert unit.create_length_quantity()["m"] is not METRE
    assert QUANTITIES["default"][""].symbol == ""


@given(st.floats(1e-9, 1e8))
def test_shown_length_has_few_digits(value: float) -> None:
    """Within the ladder a length always shows one to three digits before the point."""
    shown = pretty(METRE, value).split()[0]
    assert 0.1 <= float(shown) <= 1000
