"""JSON that is kept: encoded once, and no larger than it is."""

from __future__ import annotations

from typing import Any

import orjson

from algomancy_data.encoding import encode_json


def keep_json(value: object) -> bytes:
    """Encode a value as `encode_json` does, in memory of its own size.

    Raises:
        EncodingError: Something in the value cannot be said in JSON.
    """
    return compact(encode_json(value))


def compact(document: bytes) -> bytes:
    """Return a copy of what `orjson` made, whose bytes hold on to memory several times their length."""
    return bytes(memoryview(document))


def keep_plain_json(value: Any) -> bytes:  # noqa: ANN401 - any plain JSON value
    """Encode plain JSON values, moments in UTC (GEN-12) and fragments, in memory of their own size."""
    return compact(orjson.dumps(value, option=orjson.OPT_UTC_Z))
