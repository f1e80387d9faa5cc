"""The wire models on their own."""

from __future__ import annotations

import re
import subprocess
import sys

import pydantic
import pytest

from algomancy_api.schemas import CreateSessionRequest
from algomancy_api.schemas.fields import TEXT_PATTERN

NAMES = {
    "word": ("main", True),
    "spaces inside and around": (" my run ", True),
    "punctuation": ("#1: what?! (a/b) \\ \"'", True),
    "any language": ("Größe 尺寸 💥", True),
    "right to left": ("\u202emain", True),
    "zero width": ("\u200b", True),
    "line separator inside": ("a\u2028b", True),
    "255 characters": ("💥" * 255, True),
    "256 characters": ("x" * 256, False),
    "empty": ("", False),
    "space": (" ", False),
    "no-break space": ("\u00a0", False),
    "ideographic space": ("\u3000", False),
    "line separator": ("\u2028", False),
    "newline at the end": ("a\n", False),
    "tab": ("a\tb", False),
    "NUL": ("a\x00", False),
    "DEL": ("\x7fa", False),
    "next line": ("a\x85", False),
}


@pytest.mark.parametrize(("name", "good"), NAMES.values(), ids=NAMES)
def test_name_is_accepted_as_documented(name: str, good: bool) -> None:
    """The model and its documented pattern and length agree on each name."""
    schema = CreateSessionRequest.model_json_schema()["properties"]["display_name"]
    assert schema["pattern"] == TEXT_PATTERN
    documented = (
        schema["minLength"] <= len(name) <= schema["maxLength"] and re.fullmatch(schema["pattern"], name) is not None
    )
    try:
        CreateSessionRequest(display_name=name)
    except pydantic.ValidationError:
        accepted = False
    else:
        accepted = True
    assert accepted is documented is good


def test_models_import_neither_fastapi_nor_pandas() -> None:
    """A client has the models without the server's dependencies, and the server starts without pandas."""
    code = (
        "import sys; import algomancy_api.schemas; assert not {'fastapi', 'starlette', 'pandas'} & set(sys.modules); "
        "from algomancy_api import ApiLauncher, ApiConfiguration; import algomancy_api.openapi; "
        "assert 'pandas' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_package_has_no_other_names() -> None:
    """A misspelt import says so."""
    import algomancy_api

    with pytest.raises(AttributeError, match="ApiLauncer"):
        algomancy_api.ApiLauncer  # noqa: B018
