"""Describes public names as a project that imports them sees them: `surface.json` is what Algomancy 0.8.2 gives.

Both makes are described by this one module, so that what is compared is the same. It needs the standard library alone:
`make upstream` runs it in an environment of Algomancy's own packages as well.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

STORED = Path(__file__).with_name("surface.json")

PREFIXES: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
Description = dict[str, Any]
"""A name's `kind`, and of its `parameters`, `bases`, `abstract`, `values` and `members` those that it has."""


def stored_surface() -> dict[str, dict[str, Description]]:
    """Return the descriptions of Algomancy's own names, by module and name."""
    surface: dict[str, dict[str, Description]] = json.loads(STORED.read_text("utf-8"))
    return surface


def describe(module: str, name: str, like: Description) -> Description | None:
    """Describe one name of the packages that are installed.

    Args:
        module: The module that users import it from.
        name: The name.
        like: A description whose members are the ones of interest.

    Returns:
        What it is, `None` where it is missing.
    """
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return None
    if not inspect.isclass(found):
        if not inspect.isfunction(found):
            return {"kind": "value"}
        return {"kind": "function", "parameters": _parameters(found)}
    if issubclass(found, enum.Enum):
        return {"kind": "enum", "values": {member.name: member.value for member in found}}
    described: Description = {"kind": "class"}
    if inspect.isfunction(found.__init__):
        described["parameters"] = _parameters(found.__init__)[1:]
    described["bases"] = [
        base.__name__ for base in found.__mro__[1:] if base.__name__ not in ("ABC", "Generic", "object")
    ]
    described["abstract"] = sorted(getattr(found, "__abstractmethods__", ()))
    members = {member: _member(found, member) for member in like.get("members", ())}
    described["members"] = {member: told for member, told in members.items() if told is not None}
    return {kind: told for kind, told in described.items() if told or kind == "parameters"}


def differences(module: str, name: str, theirs: Description, ours: Description | None) -> list[str]:
    """Tell where ours would not do for a project that uses theirs; nothing where it would.

    Ours may have more: other bases, members and enum values, methods that need no object, parameters that need not be
    given, and defaults in place of `None`. Each difference begins with the name it is about, and a colon.
    """
    place = f"{module}.{name}"
    if ours is None:
        return [f"{place}: is missing"]
    if ours["kind"] != theirs["kind"]:
        return [f"{place}: is a {ours['kind']}, theirs a {theirs['kind']}"]
    told = _parameter_differences(place, theirs, ours)
    told += [f"{place}: is no {base}" for base in theirs.get("bases", ()) if base not in ours.get("bases", ())]
    if "parameters" in theirs:
        more = set(ours.get("abstract", ())) - set(theirs.get("abstract", ()))
        told += [f"{place}.{member}: is abstract" for member in sorted(more)]
    for value, text in theirs.get("values", {}).items():
        if ours["values"].get(value) != text:
            told.append(f"{place}.{value}: is {ours['values'].get(value)!r}, theirs {text!r}")
    for member, expected in theirs.get("members", {}).items():
        told += _member_differences(f"{place}.{member}", expected, ours.get("members", {}).get(member))
    return told


def _member_differences(place: str, theirs: Description, ours: Description | None) -> list[str]:
    if ours is None:
        return [f"{place}: is missing"]
    needs_no_object = theirs["kind"] == "method" and ours["kind"] in ("class method", "static method")
    if ours["kind"] != theirs["kind"] and not needs_no_object:
        return [f"{place}: is a {ours['kind']}, theirs a {theirs['kind']}"]
    if ours.get("value") != theirs.get("value"):
        return [f"{place}: is {ours['value']!r}, theirs {theirs['value']!r}"]
    return _parameter_differences(place, theirs, ours)


def _parameter_differences(place: str, theirs: Description, ours: Description) -> list[str]:
    if "parameters" not in theirs:
        return []
    told, found = [], ours.get("parameters", [])
    for number, expected in enumerate(theirs["parameters"]):
        given = found[number] if number < len(found) else None
        if given is None:
            told.append(f"{place}: parameter '{expected}' is missing")
        elif given.split("=")[0] != expected.split("=")[0] or not _default_will_do(expected, given):
            told.append(f"{place}: parameter {number + 1} is '{given}', theirs '{expected}'")
    more = found[len(theirs["parameters"]) :]
    return told + [
        f"{place}: parameter '{parameter}' has no default"
        for parameter in more
        if "=" not in parameter and not parameter.startswith("*")
    ]


def _default_will_do(theirs: str, ours: str) -> bool:
    """Tell whether ours may be left out where theirs may, and means the same then; `None` means whatever it likes."""
    if "=" not in theirs:
        return True
    return ours == theirs or ("=" in ours and theirs.endswith(("=None", "=…")))


def _member(owner: type, name: str) -> Description | None:
    """Describe a member, wherever among the bases it is defined."""
    found = inspect.getattr_static(owner, name, None)
    if found is None:
        set_by_constructor = any(
            name in made.__code__.co_names
            for made in (vars(base).get("__init__") for base in owner.__mro__)
            if inspect.isfunction(made)
        )
        return {"kind": "property"} if set_by_constructor else None
    if isinstance(found, property):
        return {"kind": "property"}
    for kind, wrapper in (("static method", staticmethod), ("class method", classmethod)):
        if isinstance(found, wrapper):
            parameters = _parameters(found.__func__)
            return {"kind": kind, "parameters": parameters[1:] if kind == "class method" else parameters}
    if inspect.isfunction(found):
        return {"kind": "method", "parameters": _parameters(found)[1:]}
    if inspect.isdatadescriptor(found):
        return {"kind": "property"}
    field = name in getattr(owner, "__dataclass_fields__", ()) or not isinstance(found, str | float | int)
    return None if field else {"kind": "value", "value": found}


def _parameters(function: Any) -> list[str]:
    """Return the parameters as `name`, or `name=default`; defaults that are no plain value as `…`."""
    told = []
    for parameter in inspect.signature(function).parameters.values():
        prefix = PREFIXES.get(parameter.kind, "")
        default = parameter.default
        if default is parameter.empty:
            told.append(prefix + parameter.name)
        else:
            plain = isinstance(default, str | int | float | bool | enum.Enum | None)
            told.append(f"{parameter.name}={default!r}" if plain else f"{parameter.name}=…")
    return told


def all_differences() -> list[str]:
    """Tell every difference between the packages that are installed and what is stored."""
    return [
        told
        for module, names in stored_surface().items()
        for name, theirs in names.items()
        for told in differences(module, name, theirs, describe(module, name, theirs))
    ]


if __name__ == "__main__":
    print("\n".join(all_differences()))
    sys.exit(0)
