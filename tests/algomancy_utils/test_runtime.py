"""The injectable clock and source of identifiers."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta

from algomancy_utils import Runtime


def test_default_runtime_is_real() -> None:
    """Without injection time is aware UTC and identifiers are fresh UUIDs."""
    runtime = Runtime()
    assert runtime.now().utcoffset() == timedelta(0)
    assert len({uuid.UUID(runtime.new_id()) for _ in range(100)}) == 100


def test_runtime_is_injectable() -> None:
    """A test may bring its own clock and identifiers."""
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    runtime = Runtime(now=lambda: moment, new_id=lambda: "1")
    assert (runtime.now(), runtime.new_id()) == (moment, "1")


def test_package_needs_no_third_party() -> None:
    """Importing the package loads nothing but the standard library."""
    code = (
        "import sys; before = set(sys.modules); import algomancy_utils; "
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(loaded - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['algomancy_utils']"
