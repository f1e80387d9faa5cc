"""What may be the key of a dataset (contract DAT-9)."""

from __future__ import annotations

import unicodedata

MAX_KEY_LENGTH = 255
RESERVED_KEYS = frozenset({".", "..", "from-json"})
"""Keys that cannot be told from a path or a route once they stand in a URL."""

_REFUSED_CATEGORIES = ("Cc", "Cs")  # control characters, and lone surrogates, which no URL can carry


def check_dataset_key(key: object) -> str:
    """Return the key when it may name a dataset.

    Args:
        key: The key proposed.

    Returns:
        The same key.

    Raises:
        ValueError: It is no text, empty, longer than 255 characters, reserved, or holds a slash or a control
            character.
    """
    if not isinstance(key, str):
        raise ValueError("A dataset key must be text.")
    if not key:
        raise ValueError("A dataset key must not be empty.")
    if len(key) > MAX_KEY_LENGTH:
        raise ValueError(f"A dataset key must have at most {MAX_KEY_LENGTH} characters, got {len(key)}.")
    if key in RESERVED_KEYS:
        raise ValueError(f"A dataset cannot be named '{key}': this name is reserved.")
    if "/" in key:
        raise ValueError(f"Dataset key '{key}' must not contain a slash.")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in key):
        raise ValueError("A dataset key must not contain control characters.")
    return key
