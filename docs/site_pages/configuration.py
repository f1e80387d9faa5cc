"""The page of configuration fields."""

from __future__ import annotations

import dataclasses
from typing import Any

from algomancy_api import ApiConfiguration
from algomancy_scenario.core_configuration import CoreConfig
from site_pages.markdown import GeneratedPage, prose, table

_REQUIRED = "Required."
_SIZES = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))


def configuration_page() -> GeneratedPage:
    """Every field of the two configuration classes: type, default, meaning."""
    core = {field.name for field in dataclasses.fields(CoreConfig)}
    served = [field for field in dataclasses.fields(ApiConfiguration) if field.name not in core]
    text = [
        "# Configuration\n",
        "`ApiConfiguration` takes all fields on this page, by name. `CoreConfig` takes the first group and knows"
        " nothing of HTTP. A field that is missing or wrong is a `ValueError` when the object is made, not later.\n",
        "## The planning problem { #CoreConfig }\n",
        _fields_table(dataclasses.fields(CoreConfig)),
        "## The server { #ApiConfiguration }\n",
        _fields_table(served),
    ]
    return GeneratedPage("reference/configuration.md", "Configuration", "\n".join(text))


def _fields_table(fields: Any) -> str:  # noqa: ANN401 - dataclass fields of any value
    rows = (
        (
            f"**`{field.name}`**{{ #{field.name} }}",
            f"{_meaning(field)}<br><small>`{_type(field)}`, {_default(field)}</small>",
        )
        for field in fields
        if field.init
    )
    return table(("field", "meaning, type and default"), rows)


def _meaning(field: dataclasses.Field[Any]) -> str:
    return prose(str(field.metadata["doc"]).removesuffix(_REQUIRED))


def _type(field: dataclasses.Field[Any]) -> str:
    return field.type if isinstance(field.type, str) else str(getattr(field.type, "__name__", field.type))


def _default(field: dataclasses.Field[Any]) -> str:
    """The default as a reader would write it; large whole numbers as a size."""
    if field.default_factory is not dataclasses.MISSING:
        return f"default `{field.default_factory()!r}`"
    if field.default is dataclasses.MISSING or field.metadata["doc"].endswith(_REQUIRED):
        return "required"
    value = field.default
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1024**2:
        size, unit = next((size, unit) for size, unit in _SIZES if value >= size)
        if value % size == 0:
            return f"default {value // size} {unit}"
    return f"default `{value.__name__ if isinstance(value, type) else repr(value)}`"
