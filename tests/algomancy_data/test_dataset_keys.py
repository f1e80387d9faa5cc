"""The keys of datasets (contract DAT-9)."""

from __future__ import annotations

from typing import Any

import pytest

from algomancy_data import check_dataset_key


@pytest.mark.parametrize(
    "key",
    ["Master data", "x", "...", "a.b", "日本語", "x" * 255, " ", "from-json2", "\u202eabc", "a\\b", "%2e%2e", "é"],
)
def test_dataset_key_of_any_other_characters_is_taken(key: str) -> None:
    """A key may hold whatever is neither a slash nor a control character."""
    assert check_dataset_key(key) is key


@pytest.mark.parametrize(
    ("key", "fragment"),
    [
        ("", "empty"),
        (".", "reserved"),
        ("..", "reserved"),
        ("from-json", "reserved"),
        ("a/b", "slash"),
        ("x" * 256, "at most 255 characters, got 256"),
        ("a\nb", "control"),
        ("a\x00", "control"),
        ("\x7f", "control"),
        ("\x85", "control"),
        ("\ud800", "control"),
        (None, "text"),
        (3, "text"),
    ],
)
def test_dataset_key_is_refused_with_the_reason(key: Any, fragment: str) -> None:
    """A key that cannot stand in a URL, or is too long, is refused with a message that says why."""
    with pytest.raises(ValueError, match=fragment):
        check_dataset_key(key)
