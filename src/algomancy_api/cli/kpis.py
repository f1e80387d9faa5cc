"""KPIs for a person: what is good, and which of several scenarios is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from algomancy_api.cli.output import number, print_table

if TYPE_CHECKING:
    from algomancy_api.schemas import Kpi


def goal(kpi: Kpi) -> str:
    """What is good for this KPI, in words."""
    if kpi.threshold is not None and kpi.better_when in ("AT_LEAST", "AT_MOST"):
        return f"{'at least' if kpi.better_when == 'AT_LEAST' else 'at most'} {number(kpi.threshold)}"
    return str(kpi.better_when.value).lower().replace("_", " ")


def print_kpis(kpis: Mapping[str, Kpi]) -> None:
    """Print the KPIs of one scenario."""
    rows = [(name, number(kpi.value), kpi.unit or "", goal(kpi), verdict(kpi)) for name, kpi in kpis.items()]
    print_table(("KPI", "Value", "Unit", "Better when", ""), rows, numbers=(1,))


def verdict(kpi: Kpi) -> str:
    """Whether a KPI with a threshold keeps to it; empty for the others."""
    if kpi.value is None or kpi.threshold is None:
        return ""
    if kpi.better_when == "AT_LEAST":
        return "met" if kpi.value >= kpi.threshold else "missed"
    if kpi.better_when == "AT_MOST":
        return "met" if kpi.value <= kpi.threshold else "missed"
    return ""


def difference(base: float | None, value: float | None) -> float | None:
    """How much a value is above another one, in per cent; None where that cannot be told."""
    if base is None or value is None or base == 0:
        return None
    return 100 * (value - base) / abs(base)


def score(kpi: Kpi, value: float, *, by_threshold: bool = True) -> float:
    """How good a value is: the higher, the better.

    Args:
        kpi: tells the direction and the threshold.
        value: the value.
        by_threshold: whether values that keep to the threshold are equally good, however far they are from it.
    """
    sign = 1 if kpi.better_when in ("HIGHER", "AT_LEAST") else -1
    if by_threshold and kpi.threshold is not None and kpi.better_when in ("AT_LEAST", "AT_MOST"):
        return min(sign * value, sign * kpi.threshold)
    return sign * value


def better(kpis: Sequence[Kpi | None]) -> set[int]:
    """The positions of those that are better than the others; empty when there is nothing to choose between them."""
    scores = {
        position: score(kpi, kpi.value)
        for position, kpi in enumerate(kpis)
        if kpi is not None and kpi.value is not None
    }
    best = {position for position, reached in scores.items() if reached == max(scores.values())}
    return best if len(best) < len(scores) else set()
