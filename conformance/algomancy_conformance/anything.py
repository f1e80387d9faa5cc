"""Names for values whose type is not known before run time."""

from __future__ import annotations

from typing import Any

Json = Any
"""A value parsed from JSON, or about to be written as such."""

Argument = Any
"""What an argument of httpx or of pytest may be."""

App = Any
"""An ASGI application of whatever framework."""
