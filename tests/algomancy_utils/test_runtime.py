"""The injectable clock and source of identifiers."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta, timezone

from algomancy_utils import Runtime, TimeParameter, use_runtime
from algomancy_utils.runtime import as_utc_text, local_now, random_id, utc_now


def test_default_runtime_is_real() -> None:
    """Without injection time is aware UTC and identifiers are fresh UUIDs."""
    runtime = Runtime()
    assert runtime.now().utcoffset() == timedelta(0)
    assert len({uuid.UUID(runtime.new_id()) for _ in range(100)}) == 100


def test_runtime_is_replaceable() -> None:
    """Whoever asks for time or identity while another runtime is in use gets it from there."""
    moment = datetime(2025, 1, 1, 12, tzinfo=UTC)
    with use_runtime(Runtime(now=lambda: moment, new_id=lambda: "1")):
        assert (utc_now(), random_id()) == (moment, "1")
        assert local_now().astimezone(UTC) == moment
        assert TimeParameter("start").value == local_now()
    assert utc_now() != moment
    assert random_id() != "1"


def test_instant_is_written_in_utc() -> None:
    """Whatever its offset, an instant is written with `Z`."""
    moment = datetime(2025, 1, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    assert as_utc_text(moment) == "2025-01-01T10:30:00Z"


def test_package_needs_no_third_party() -> None:
    """Importing the package loads nothing but the standard library."""
    code = (
        "import sys; before = set(sys.modules); import algomancy_utils; "
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(loaded - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['algomancy_utils']"
