"""Where in a JSON text something stands."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_SPACE = re.compile(r"[\s,:]*")


def line_of(text: bytes, location: Sequence[str | int] | None) -> int:
    """Return the line of a value, the first being 1; that of what is wrong where the text is no JSON.

    Args:
        text: The text.
        location: The keys and indices that lead to the value; as far as they do.
    """
    document = text.decode("utf-8", "replace")
    try:
        json.loads(document)
    except json.JSONDecodeError as error:
        return error.lineno
    place = 0
    for step in location or ():
        found = _within(document, place, step)
        if found is None:
            break
        place = found
    return document.count("\n", 0, _SPACE.match(document, place).end()) + 1  # type: ignore[union-attr]


def _within(document: str, place: int, step: str | int) -> int | None:
    """Return where a member or item of the value at a place begins."""
    decoder = json.JSONDecoder(strict=False)

    def skip(at: int) -> int:
        return _SPACE.match(document, at).end()  # type: ignore[union-attr]

    place = skip(place)
    is_object = document[place] == "{"
    if document[place] not in "{[" or is_object is isinstance(step, int):
        return None
    number, place = 0, skip(place + 1)
    while document[place] not in "}]":
        name: str | int = number
        if is_object:
            name, end = decoder.raw_decode(document, place)
            place = skip(end)
        if name == step:
            return place
        place = skip(decoder.raw_decode(document, place)[1])
        number += 1
    return None
