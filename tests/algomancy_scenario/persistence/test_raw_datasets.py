"""Datasets that are raw files."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from algomancy_data import ETLResult, File
from algomancy_scenario.persistence.datasets import RawDataset, files_in, raw_folders
from algomancy_utils import NotFoundError
from tests.algomancy_scenario.scenario_project import WAIT, ItemsPipeline


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one raw file."""
    (tmp_path / "items.csv").write_text("id\n1\n2\n")
    os.utime(tmp_path / "items.csv", (1_700_000_000, 1_700_000_000))
    return tmp_path


class Extract:
    """Runs the project's ETL and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None

    def __call__(self, files: Mapping[str, File], key: str) -> ETLResult:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return ItemsPipeline(key, files).run()


def test_raw_dataset_is_read_once_by_whoever_comes_first(folder: Path) -> None:
    """Nothing is read before it is wanted; then once, whoever asks and however many at the same time."""
    extract = Extract()
    dataset = RawDataset("key", folder, "session", extract)
    assert (dataset.key, dataset.ds_type, extract.calls) == ("key", "master_data", 0)
    seen: list[Any] = []
    threads = [threading.Thread(target=lambda: seen.append(dataset.source)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert len({id(source) for source in seen}) == 1
    assert dataset.source.id == dataset.id
    assert b'"id":2' in dataset.json
    assert extract.calls == 1


def test_raw_dataset_is_the_same_after_a_restart(folder: Path) -> None:
    """Id and creation time follow from session, key and files, so the JSON is the same each time."""
    first, second, other = (
        RawDataset(key, folder, session, Extract()) for key, session in (("a", "s"), ("a", "s"), ("a", "t"))
    )
    assert first.json == second.json
    assert first.id == second.id != other.id
    assert first.source.creation_datetime.timestamp() == 1_700_000_000


def test_raw_dataset_can_be_derived(folder: Path) -> None:
    """A derived dataset has the tables and an id of its own."""
    dataset = RawDataset("key", folder, "session", Extract())
    derived = dataset.derive("new")
    assert (derived.key, derived.ds_type) == ("new", "derived_data")
    assert derived.id != dataset.id
    assert b'"id":2' in derived.json


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("File 'items.csv' has no column 'id'."), "no column 'id'"),
        (OSError("/secret/path"), "its files cannot be read"),
        (RuntimeError("bug"), "its files cannot be read"),
    ],
    ids=["bad file", "disk", "bug"],
)
def test_raw_dataset_that_cannot_be_read_says_why(
    error: Exception, words: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each look-up is told the reason without paths; the ETL is tried and logged once."""
    extract = Extract()
    extract.error = error
    dataset = RawDataset("key", folder, "session", extract)
    for look in (lambda: dataset.source, lambda: dataset.json, lambda: dataset.derive("new")):
        with pytest.raises(NotFoundError, match=words):
            look()
    assert extract.calls == 1
    assert caplog.text.count("could not be loaded from its raw files") == 1


def test_raw_dataset_that_does_not_pass_says_so(folder: Path) -> None:
    """A failed validation is a reason too."""
    (folder / "items.csv").write_text("bad")
    with pytest.raises(NotFoundError, match="'key' could not be loaded: its files are not valid"):
        _ = RawDataset("key", folder, "session", Extract()).source


def test_files_in_a_folder_are_those_the_etl_reads(folder: Path) -> None:
    """Other kinds, hidden files, lock files of office programs and folders are passed over."""
    for name in ("B.JSON", "c.xlsx", ".hidden.csv", "~$c.xlsx", "notes.txt", "none"):
        (folder / name).write_text("x")
    (folder / "folder.csv").mkdir()
    assert list(files_in(folder)) == ["B", "c", "items"]
    (folder / "items.json").write_text("[]")
    with pytest.raises(ValueError, match="two files of the name 'items'"):
        files_in(folder)


def test_raw_folders_are_those_with_raw_files(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Hidden and empty sub-folders are no datasets; one whose name cannot be a key is named in a warning."""
    for name in ("One", "Two", ".hidden", "from-json"):
        (folder / name).mkdir()
        (folder / name / "items.csv").write_text("id\n")
    (folder / "Empty").mkdir()
    assert list(raw_folders(folder)) == ["One", "Two"]
    assert "'from-json' is not loaded" in caplog.text
