"""The page of parameter descriptors: the eight kinds, each with its members and a live example."""

from __future__ import annotations

import json

from algomancy_api.example import build_example_config
from algomancy_api.parameter_describer import describe_parameter_set
from site_pages.document import document, resolve
from site_pages.markdown import GeneratedPage, fence, prose
from site_pages.schema_tables import members_table

_SHOWCASE = "Parameter showcase"
_GIVEN_AS = {
    "string": "A string.",
    "integer": "A whole number. `7.0` is one; `true` is not.",
    "float": "A number. `NaN` and infinity are none.",
    "boolean": "`true` or `false`.",
    "enum": "One of the `choices`.",
    "multi_enum": "An array of `choices`.",
    "time": "A string in ISO 8601.",
    "interval": "An array of two strings in ISO 8601, start first.",
}


def descriptors_page() -> GeneratedPage:
    """One section per variant of the ParameterDescriptor model."""
    live = {one["type"]: one for one in _showcase()}
    parts = [
        "# Parameter descriptors\n",
        "`get_algorithm_parameters` answers one descriptor per parameter. It has all that a form needs. Tell them apart"
        f" by `type`. The examples are those of the bundled algorithm *{_SHOWCASE}*.\n",
    ]
    for kind, reference in _variants().items():
        schema = resolve({"$ref": reference})
        parts += [
            f"## {kind} {{ #{kind} }}\n",
            prose(schema.get("description", "")) + "\n",
            members_table(schema),
            f"Given in `algo_params` as: {_GIVEN_AS[kind]}\n",
            fence("json", json.dumps(live[kind], indent=2, ensure_ascii=False)),
        ]
    return GeneratedPage("reference/descriptors.md", "Parameter descriptors", "\n".join(parts))


def _variants() -> dict[str, str]:
    """Each kind of descriptor with the reference to its schema."""
    for schema in document()["components"]["schemas"].values():
        items = schema.get("properties", {}).get("parameters", {}).get("items", {})
        union = resolve(items) if items else {}
        if union.get("discriminator", {}).get("propertyName") == "type":
            return dict(union["discriminator"]["mapping"])
    raise LookupError("The document has no union of parameter descriptors that is told apart by `type`.")


def _showcase() -> list[dict[str, object]]:
    algorithm = build_example_config().algorithms[_SHOWCASE]
    described: list[dict[str, object]] = describe_parameter_set(algorithm.initialize_parameters())["parameters"]
    return described
