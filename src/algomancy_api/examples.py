"""One true request and reply for each operation, as the bundled example gives them.

They are in `examples.json`: `request` and `response` by `operationId`. Ids and times differ from one server to the
next; the tests replay everything else.
"""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any


@functools.cache
def load_examples() -> dict[str, dict[str, Any]]:
    """Return the examples by `operationId`."""
    examples: dict[str, dict[str, Any]] = json.loads(
        files("algomancy_api").joinpath("examples.json").read_text(encoding="utf-8")
    )
    return examples
