"""Names that callers give: what they may be, and how a message shows them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_RESERVED_KEYS = frozenset({".", "..", "from-json"})
_MAX_KEY_LENGTH = 255
_SHOWN_CHARACTERS = 100
_REFUSED_CATEGORIES = ("Cc", "Cs")  # control characters, and lone surrogates, which no URL can carry


def shown(name: str) -> str:
    """Return a name in quotes, as a message shows it: in one line, and never long."""
    text = "".join("\ufffd" if unicodedata.category(each) in _REFUSED_CATEGORIES else each for each in name)
    return f"'{text}'" if len(text) <= _SHOWN_CHARACTERS else f"'{text[:_SHOWN_CHARACTERS]}…'"


def listed(names: Iterable[str]) -> str:
    """Return names as a message lists what there is: ten of them at most."""
    known = list(names)
    more = f" and {len(known) - 10} more" if len(known) > 10 else ""
    return f"{', '.join(map(shown, known[:10])) or 'none'}{more}"


def check_dataset_key(key: object) -> str:
    """Return the key when it may name a dataset (contract DAT-9).

    Raises:
        ValueError: It is no text, empty or blank, longer than 255 characters, reserved, or holds a slash or a control
            character.
    """
    if not isinstance(key, str) or not key.strip():
        raise ValueError("A dataset key must be a text that is not blank.")
    if len(key) > _MAX_KEY_LENGTH:
        raise ValueError(f"A dataset key must have at most {_MAX_KEY_LENGTH} characters, got {len(key)}.")
    if key in _RESERVED_KEYS:
        raise ValueError(f"A dataset cannot be named '{key}': this name is reserved.")
    if "/" in key:
        raise ValueError(f"Dataset key {shown(key)} must not contain a slash.")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in key):
        raise ValueError("A dataset key must not contain control characters.")
    return key
