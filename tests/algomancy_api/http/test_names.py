"""Names that callers give, and the files they stand for."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import pytest

from algomancy_api.http.names import check_dataset_key, file_at, shown, split_file_name
from algomancy_data.dataset import check_dataset_key as check_of_the_backend


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("items.csv", ("items", "csv")),
        ("Items.CSV", ("Items", "csv")),
        (r"C:\data\items.JSON", ("items", "json")),
        ("../../etc/items.xlsx", ("items", "xlsx")),
        ("a.b.csv", ("a.b", "csv")),
    ],
)
def test_file_name_is_split(name: str, parts: tuple[str, str]) -> None:
    """Only the last part of a path counts, and the extension in any case."""
    assert split_file_name(name) == parts


@pytest.mark.parametrize("name", ["", "items", ".csv", "items.", "items.exe", "../", "csv"])
def test_file_name_that_names_no_reader_is_refused(name: str) -> None:
    """The message names the file and what is allowed."""
    with pytest.raises(ValueError, match=r"needs a name and one of the extensions \.csv, \.json, \.xlsx"):
        split_file_name(name)


@pytest.mark.parametrize("key", ["a", "a b?", "ä", "x" * 255, "from-json2", "..."])
def test_key_that_is_allowed_comes_back(key: str) -> None:
    """The layer and the reference backend agree."""
    assert check_dataset_key(key) == check_of_the_backend(key) == key


@pytest.mark.parametrize("key", ["", " ", "\u2003", "a/b", ".", "..", "from-json", "x\n", "x" * 256, "\ud800", None, 1])
def test_key_that_is_not_allowed_is_refused(key: object) -> None:
    """By the layer as by the reference backend."""
    for check in (check_dataset_key, check_of_the_backend):
        with pytest.raises(ValueError, match=r"[Dd]ataset"):
            check(key)


def test_name_is_shown_in_one_short_line() -> None:
    """Whatever was sent can be logged and answered."""
    assert shown("a\nb\ud800") == "'a\ufffdb\ufffd'"
    assert len(shown("x" * 1_000)) < 110


@pytest.mark.parametrize(
    "raised", [BadZipFile("no zip"), ValueError("no engine"), UnicodeDecodeError("utf-8", b"", 0, 1, "")]
)
def test_file_that_a_backend_refuses_at_once_is_named(
    raised: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Algomancy's own files are read as soon as they are made."""

    def refuse(**_: object) -> None:
        raise raised

    monkeypatch.setattr("algomancy_data.file.XLSXFile", refuse)
    with pytest.raises(ValueError, match=r"File 'Plan\.XLSX' cannot be read"):
        file_at(tmp_path / "0.xlsx", "Plan", "xlsx", "Plan.XLSX")
    monkeypatch.setattr("algomancy_data.file.XLSXFile", lambda **_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        file_at(tmp_path / "0.xlsx", "Plan", "xlsx", "Plan.XLSX")
