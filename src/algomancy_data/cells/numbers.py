"""Columns of numbers as people write them: one convention for thousands and decimals, taken from all cells together.

Everything here works on distinct texts in an Arrow array, so that a million cells cost a few vector operations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

TOO_LARGE = "is too large a whole number: it must lie between -9223372036854775808 and 9223372036854775807"
INEXACT = "has more digits than a column of numbers holds exactly: declare the column as text"
NO_NUMBER = "is not a number"
NOT_WHOLE = "is not a whole number"
PERCENTAGE = "is a percentage among other numbers: write a fraction, such as 0.5, or percentages in the whole column"

INT64 = range(-(2**63), 2**63)
EXACT_IN_FLOAT = 2**53
"""From here on a float stands for more than one whole number."""

_SIGN, _EXPONENT, _SPACES = "[+-]?", "(?:[eE][+-]?[0-9]+)?", " '’\u00a0\u202f"
_POINT = rf"^{_SIGN}(?:[0-9]+\.?[0-9]*|\.[0-9]+){_EXPONENT}$"
_COMMA = rf"^{_SIGN}(?:[0-9]+,[0-9]*|,[0-9]+){_EXPONENT}$"
_ONE_POINT = rf"^{_SIGN}[1-9][0-9]{{0,2}}\.[0-9]{{3}}$"
_ONE_COMMA = rf"^{_SIGN}[1-9][0-9]{{0,2}},[0-9]{{3}}$"
_POINT_GROUPS = rf"^{_SIGN}[0-9]{{1,3}}(?:(?:\.[0-9]{{3}}){{2,}}(?:,[0-9]*)?|\.[0-9]{{3}},[0-9]*)$"
_COMMA_GROUPS = rf"^{_SIGN}[0-9]{{1,3}}(?:(?:,[0-9]{{3}}){{2,}}(?:\.[0-9]*)?|,[0-9]{{3}}\.[0-9]*)$"
_SPACE_GROUPS = "|".join(rf"^{_SIGN}[0-9]{{1,3}}(?:{space}[0-9]{{3}})+(?:[.,][0-9]*)?$" for space in _SPACES)
_WHOLE = rf"^{_SIGN}[0-9]+(?:\.0*)?$"
_SMALL = rf"^{_SIGN}[0-9]{{1,18}}$"

_ODD = re.compile(r"\(\s*(?P<bracket>[^()]+?)\s*\)|(?P<before>[^()%]*[0-9.,])\s*-|−\s*(?P<minus>.+)")


@dataclass
class Reading:
    """What the distinct texts of a column came to.

    Attributes:
        values: An array, missing where a text cannot be read.
        problems: Why it cannot, by position.
        doubts: Texts that allow two readings, and how they were read; said in a warning.
        remarks: How unusual texts were read; said in passing.
    """

    values: Any
    problems: dict[int, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_numbers(texts: pa.Array, *, whole: bool) -> Reading:
    """Read numbers: `int64` or `double`, null where a text is none.

    A column has one decimal sign: comma or point, whichever its texts can only mean (`1.234.567`, `0,5`, `1,234.5`);
    the other sign, spaces and apostrophes set thousands apart. Where the texts allow both, a single point or comma is
    the decimal sign, and that is a doubt. Minus signs may follow or be brackets; a column of percentages is read as
    fractions.

    Args:
        texts: The texts, distinct and none of them null.
        whole: Read whole numbers of 64 bits; decimals may be there when they are zero.
    """
    import pyarrow as pa

    plain = pa.compute.utf8_trim_whitespace(texts)
    odd = _Odd(plain)
    form = _Form(odd.plain, whole)
    values, problems = _whole_numbers(form.texts) if whole and not odd.scale else _floats(form.texts)
    values = odd.restore(values)
    for position in problems:
        if "%" in texts[position].as_py():
            problems[position] = PERCENTAGE
    if whole and odd.scale:
        values = _whole_of_floats(values, problems)
    return Reading(values, problems, form.doubts, odd.remarks)


def whole_number(number: float | Decimal) -> int:
    """Return a number as int.

    Raises:
        ValueError: It has decimals, is not finite, or is a float so large that it stands for many whole numbers.
    """
    if isinstance(number, Decimal):
        if not number.is_finite() or (number.adjusted() < 30 and number != number.to_integral_value()):
            raise ValueError(NOT_WHOLE)
        if number.adjusted() >= 30:
            raise ValueError(TOO_LARGE)
    elif isinstance(number, float):
        if not number.is_integer():
            raise ValueError(NOT_WHOLE)
        if abs(number) >= EXACT_IN_FLOAT:
            raise ValueError(TOO_LARGE if abs(number) >= 2.0**63 else INEXACT)
    if int(number) not in INT64:
        raise ValueError(TOO_LARGE)
    return int(number)


class _Odd:
    """Texts with a sign that programs do not write: brackets, a minus that follows, a percent sign."""

    def __init__(self, texts: pa.Array) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        self.plain, self.scale = texts, False
        self.remarks: list[str] = []
        self._negative: list[int] = []
        unusual = pc.indices_nonzero(pc.match_substring_regex(texts, r"[()%−]|-$")).to_pylist()
        if not unusual:
            return
        cells = texts.to_pylist()
        percent = [position for position in unusual if "%" in cells[position]]
        # Of percentages and other numbers in one column nobody can tell what the others mean.
        self.scale = bool(percent) and len(percent) == sum(1 for cell in cells if re.search("[0-9]", cell))
        for position in unusual:
            text = cells[position]
            bare = text.removesuffix("%").rstrip() if self.scale and text.endswith("%") else text
            match = _ODD.fullmatch(bare)
            if match and (inner := match["bracket"] or match["before"] or match["minus"])[0] not in "+-−":
                self._negative.append(position)
                cells[position] = inner
                if not self.remarks:
                    self.remarks.append(f"'{text[:40]}' and the like are read as negative numbers.")
            else:
                cells[position] = bare
        if self.scale:
            self.remarks.append("Percentages are read as fractions: '50%' is 0.5.")
        self.plain = pa.array(cells, texts.type)

    def restore(self, values: pa.Array) -> pa.Array:
        """Give the numbers the sign and scale that their texts had."""
        import pyarrow as pa

        if self.scale or self._negative:
            numbers = values.to_pylist()
            for position in self._negative:
                numbers[position] = None if numbers[position] is None else -numbers[position]
            if self.scale:
                # The nearest float of the hundredth part is what the decimal text of it says.
                numbers = [None if n is None else float(Decimal(repr(n)).scaleb(-2)) for n in numbers]
            values = pa.array(numbers, values.type)
        return values


class _Form:
    """Brings texts to the form programs write: a decimal point, no thousands; null where a text is no number."""

    def __init__(self, texts: pa.Array, whole: bool) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        def match(pattern: str) -> pa.Array:
            return pc.match_substring_regex(texts, pattern)

        def some(mask: pa.Array) -> bool:
            return bool(pc.any(mask).as_py())

        self.doubts: list[str] = []
        point, comma = match(_POINT), match(_COMMA)
        one_point, one_comma = match(_ONE_POINT), match(_ONE_COMMA)
        point_groups, comma_groups, space_groups = match(_POINT_GROUPS), match(_COMMA_GROUPS), match(_SPACE_GROUPS)
        has_point, has_comma = match(r"\."), match(",")
        point_is_decimal = some(
            pc.or_(
                pc.and_not(pc.and_(point, has_point), one_point), pc.or_(comma_groups, pc.and_(space_groups, has_point))
            )
        )
        comma_is_decimal = some(
            pc.or_(pc.and_not(comma, one_comma), pc.or_(point_groups, pc.and_(space_groups, has_comma)))
        )
        certain = point_is_decimal != comma_is_decimal
        point_sets_apart, comma_sets_apart = certain and comma_is_decimal, certain and point_is_decimal
        for mask, sign, pattern in ((one_point, "point", r"\.000$"), (one_comma, "comma", ",000$")):
            if certain or not some(mask):
                continue
            example = texts.filter(mask)[0].as_py()
            if whole and not point_is_decimal and some(pc.and_not(mask, match(pattern))):
                # As a decimal sign it would not make whole numbers of all.
                point_sets_apart, comma_sets_apart = (
                    point_sets_apart or sign == "point",
                    comma_sets_apart or sign == "comma",
                )
                continue
            self.doubts.append(
                f"'{example}' and the like may be read in two ways: the {sign} is taken for the decimal sign, "
                "and does not set thousands apart."
            )
        if point_sets_apart:
            point, point_groups = pc.and_not(point, one_point), pc.or_(point_groups, one_point)
        if comma_sets_apart:
            comma, comma_groups = pc.and_not(comma, one_comma), pc.or_(comma_groups, one_comma)
        form = pc.if_else(point, texts, pa.scalar(None, texts.type))
        for mask, signs, decimal in (
            (comma, "", ","), (point_groups, ".", ","), (comma_groups, ",", "."), (space_groups, _SPACES, ","),
        ):  # fmt: skip
            if some(mask):
                bare = texts
                for sign in signs:
                    bare = pc.replace_substring(bare, sign, "")
                form = pc.if_else(mask, pc.replace_substring(bare, decimal, "."), form)
        self.texts = form


def _floats(texts: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    import pyarrow.compute as pc

    values = pc.cast(texts, "double")
    problems = dict.fromkeys(_positions(pc.is_null(texts)), NO_NUMBER)
    problems |= dict.fromkeys(_positions(pc.is_inf(values)), "is too large a number")
    large = pc.and_(pc.greater_equal(pc.abs(values), float(EXACT_IN_FLOAT)), pc.match_substring_regex(texts, _WHOLE))
    for position in _positions(large):
        if position not in problems and int(values[position].as_py()) != Decimal(texts[position].as_py()):
            problems[position] = INEXACT
    return _without(values, problems), problems


def _whole_numbers(texts: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pc.replace_substring_regex(texts, r"^\+|\.0*$", "")
    simple = pc.and_(pc.match_substring_regex(texts, _WHOLE), pc.match_substring_regex(whole, _SMALL))
    values = pc.cast(pc.if_else(simple, whole, pa.scalar(None, whole.type)), "int64")
    problems: dict[int, str] = {}
    rest = _positions(pc.is_null(values))
    found: dict[int, int] = {}
    for position in rest:
        try:
            found[position] = whole_number(Decimal(texts[position].as_py()))
        except (TypeError, InvalidOperation):
            problems[position] = NOT_WHOLE
        except ValueError as error:
            problems[position] = str(error)
    if found:
        numbers = values.to_pylist()
        for position, number in found.items():
            numbers[position] = number
        values = pa.array(numbers, "int64")
    return values, problems


def _whole_of_floats(values: pa.Array, problems: dict[int, str]) -> pa.Array:
    import pyarrow as pa

    numbers = values.to_pylist()
    for position, number in enumerate(numbers):
        if number is not None and not number.is_integer():
            problems[position], numbers[position] = NOT_WHOLE, None
    return pa.array([None if number is None else int(number) for number in numbers], "int64")


def _positions(mask: pa.Array) -> list[int]:
    import pyarrow.compute as pc

    found: list[int] = pc.indices_nonzero(mask).to_pylist()
    return found


def _without(values: pa.Array, problems: Iterable[int]) -> pa.Array:
    import pyarrow as pa

    if not problems:
        return values
    numbers: list[Any] = values.to_pylist()
    for position in problems:
        numbers[position] = None
    return pa.array(numbers, values.type)
