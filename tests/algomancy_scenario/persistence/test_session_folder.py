"""File names for dataset keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algomancy_data import check_dataset_key
from algomancy_scenario.persistence.session_folder import hashed_stem, is_hashed, key_of_stem, stem_of_key


def _is_legal(key: str) -> bool:
    try:
        check_dataset_key(key)
    except ValueError:
        return False
    return True


legal_keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=255).filter(_is_legal)


@given(legal_keys)
def test_file_name_of_any_key_is_safe_and_tells_the_key(key: str) -> None:
    """No name is hidden, a path, reserved or too long, and unless it is a hash the key can be read from it."""
    stem = stem_of_key(key)
    assert len(f"{stem}.json.corrupt-99".encode()) <= 255
    assert not set(stem) & set('\\/:*?"<>|')
    assert not stem.startswith(".")
    assert not stem.endswith((".", " "))
    assert stem.casefold() != "meta"
    if is_hashed(stem):
        assert stem == hashed_stem(key)
    else:
        assert key_of_stem(stem) == key


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("Master data", "Master data"),
        ("Größe 🚚", "Größe 🚚"),
        ("meta", "%6Deta"),
        ("META", "%4DETA"),
        (".hidden", "%2Ehidden"),
        ("...", "%2E.%2E"),
        ("CON", "%43ON"),
        ("nul.txt", "%6Eul.txt"),
        ("a\\b:c", "a%5Cb%3Ac"),
        ("100%", "100%25"),
        ("~x", "%7Ex"),
        ("end ", "end%20"),
        (" ", "%20"),
    ],
)
def test_file_name_of_a_key_is_readable(key: str, stem: str) -> None:
    """A key is its own file name but for what is not safe."""
    assert stem_of_key(key) == stem
    assert key_of_stem(stem) == key


@pytest.mark.parametrize("stem", ["100%", "50%20x", "a%zz", "%41"])
def test_file_name_written_by_others_stands_for_itself(stem: str) -> None:
    """A name that this server would not have given is taken literally."""
    assert key_of_stem(stem) == stem
