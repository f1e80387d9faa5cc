"""JSON that is kept."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from algomancy_scenario.persistence.kept_json import keep_json, keep_plain_json


@pytest.mark.parametrize("keep", [keep_json, keep_plain_json])
@pytest.mark.parametrize("length", [10, 1_000, 100_000])
def test_kept_json_takes_no_more_memory_than_its_length(keep: Callable[[Any], bytes], length: int) -> None:
    """The bytes are those of `orjson`, without the memory it sets aside for longer ones."""
    value = {"text": "x" * length}
    keep(value)  # What is allocated by the first call alone, a measuring tool's notes among it, does not count.
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        document = keep(value)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert document == orjson.dumps(value)
    assert taken < len(document) + 500
