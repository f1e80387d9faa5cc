"""File names for dataset keys: readable, safe on every system, and the key can be told from the name."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote

_LONGEST = 200
_UNSAFE = re.compile(r'[%\\/:*?"<>|\x00-\x1f\x7f]')
_ENCODED = re.compile(r"%[0-9A-F]{2}")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
_RESERVED = "meta"
_HASHED = "~"


def stem_of_key(key: str) -> str:
    """Return the file name, without extension, for a key: the key itself wherever that is safe.

    Characters that are not safe in a file name are percent-encoded. A key too long for a file name is hashed; its name
    then starts with `~`, and the key has to be kept elsewhere.

    Args:
        key: A dataset key.
    """
    stem = _UNSAFE.sub(lambda found: _encode(found.group()), key)
    if stem.startswith((".", _HASHED)) or _DEVICE.match(stem) or stem.casefold() == _RESERVED:
        stem = _encode(stem[0]) + stem[1:]
    if stem.endswith((".", " ")):
        stem = stem[:-1] + _encode(stem[-1])
    return stem if len(stem.encode()) <= _LONGEST else hashed_stem(key)


def hashed_stem(key: str) -> str:
    """Return a file name, without extension, that no other key shares, whatever the system makes of its letters."""
    return _HASHED + hashlib.sha256(key.encode()).hexdigest()


def is_hashed(stem: str) -> bool:
    """Tell whether the key has to be looked up elsewhere."""
    return stem.startswith(_HASHED)


def key_of_stem(stem: str) -> str:
    """Return the key that a file name stands for.

    A name that `stem_of_key` would not give, as others may have written it, stands for itself.

    Args:
        stem: A file name without extension.
    """
    if not _ENCODED.search(stem):
        return stem
    key = unquote(stem, errors="replace")
    return key if stem_of_key(key) == stem else stem


def _encode(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
