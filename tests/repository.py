"""What the tests of several folders take from this repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MASTER_DATA = ROOT / "src/algomancy_api/example/data/Master data"
"""The files of the bundled example's dataset."""
KIT = ROOT / "conformance/algomancy_conformance"
DOCUMENT: dict[str, Any] = json.loads((KIT / "openapi.json").read_text("utf-8"))
"""The published OpenAPI document."""
