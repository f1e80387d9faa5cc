"""JSON Schemas as tables: one row per member, with its type in words."""

from __future__ import annotations

from typing import Any

from site_pages.document import Schema, resolve
from site_pages.markdown import table

_WORDS = {"integer": "integer", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}


def type_in_words(schema: Schema, models: str = "models.md") -> str:
    """What a value of `schema` is, with links to named models on the page `models`."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}]({models}#{name})"
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(type_in_words(one, models) for one in schema[union]))
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return type_in_words(schema["allOf"][0], models)
    if "const" in schema:
        return f"always `{schema['const']}`"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(type_in_words({**schema, "type": one}, models) for one in kind)
    if kind == "array":
        return f"array of {type_in_words(schema.get('items', {}), models)}{_bounds(schema, 'minItems', 'maxItems', '')}"
    if kind == "object":
        values = schema.get("additionalProperties")
        inner = type_in_words(values, models) if isinstance(values, dict) and values else ""
        return f"object of {inner}" if inner and inner != "any value" else "object"
    if kind == "string":
        if schema.get("format") == "binary" or "contentMediaType" in schema:
            return "file"
        form = {"date-time": ", ISO 8601", "iso-date-time": ", ISO 8601", "uuid": ", a UUID"}.get(
            schema.get("format", ""), ""
        )
        return f"string{form}{_bounds(schema, 'minLength', 'maxLength', ' characters')}"
    if kind in ("integer", "number"):
        return f"{_WORDS[kind]}{_bounds(schema, 'minimum', 'maximum', '')}"
    return _WORDS.get(str(kind), "any value")


def _bounds(schema: Schema, low: str, high: str, unit: str) -> str:
    """The bounds of a value in words, or nothing."""
    # In the document every bound is a float.
    least, most = (int(b) if isinstance(b, float) and b.is_integer() else b for b in map(schema.get, (low, high)))
    if least is not None and most is not None:
        words = f"{least} to {most}" if least != most else f"exactly {least}"
    elif least is not None:
        if (least, unit) == (1, " characters"):
            return ", not empty"
        words = f"at least {least}"
    elif most is not None:
        words = f"at most {most}"
    else:
        return ""
    return f", {words}{unit}"


def default_in_words(schema: Schema) -> str:
    """What is taken when a member is left out, if that is a value."""
    default = schema.get("default")
    if default is None:
        return ""
    return f"; default `{str(default).lower() if isinstance(default, bool) else default}`"


def members_table(schema: Schema, models: str = "models.md", request: bool = False) -> str:
    """The members of an object schema; a sentence for any other schema."""
    target = resolve(schema)
    properties: dict[str, Any] = target.get("properties", {})
    if not properties:
        words = type_in_words(schema if "$ref" not in schema else target, models)
        return f"{words}.\n" if words.startswith("[") else f"{words[0].upper()}{words[1:]}.\n"
    required = set(target.get("required", []))
    absent = "<br><small>optional</small>" if request else "<br><small>may be absent</small>"
    rows = (
        (
            f"`{name}`{'' if name in required else absent}",
            type_in_words(member, models) + default_in_words(member),
            description_of(member),
        )
        for name, member in properties.items()
    )
    return table(("member", "type", "meaning"), rows)


def description_of(member: Schema) -> str:
    """The member's own description, or that of the model it refers to."""
    return str(member.get("description") or resolve(member).get("description") or "")
