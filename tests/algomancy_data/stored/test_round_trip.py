"""Any dataset in JSON: the round trip from tables, the round trip from a client, and whatever else may be sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from algomancy_data import DataSource
from algomancy_data.stored import sent_tables
from algomancy_data.stored.payload import canonical, read_tables, write_dataset
from algomancy_utils.runtime import Runtime, use_runtime
from tests.algomancy_data.stored.datasets import compact, source_of
from tests.algomancy_data.stored.drawn import awkward_payloads, frames, mutated, payloads


@settings(max_examples=150, deadline=None)
@given(frames())
def test_dataset_read_and_written_again_is_the_same_bytes(frame: pd.DataFrame) -> None:
    """Writing, reading and writing gives equal bytes, whether tables are made in between or not, and equal types."""
    text = source_of(t=frame).to_json_bytes()
    again = DataSource.from_json(text)
    assert again.to_json_bytes() == text
    assert canonical(text)[1] == text
    assert [str(dtype) for dtype in again.tables["t"].dtypes] == [str(dtype) for dtype in frame.dtypes]
    assert again.tables["t"].shape == frame.shape


@settings(max_examples=100, deadline=None)
@given(payloads())
def test_dataset_sent_by_a_client_is_given_back_as_sent(payload: dict[str, Any]) -> None:
    """Whatever valid dataset a client sends, the canonical form says the same, cell by cell, and can be read."""
    _, text = canonical(json.dumps(payload))
    assert json.loads(text) == payload
    assert canonical(text)[1] == text
    source = DataSource.from_json(text)
    written = json.loads(source.to_json())
    assert written["metadata"] == payload["metadata"]
    for name, table in payload["tables"].items():
        assert written["tables"][name]["columns"] == table["columns"]
        assert written["tables"][name]["dtypes"] == table["dtypes"]
        assert written["tables"][name]["index"] == table["index"]


def _turned(value: Any) -> Any:
    """The same with the members of the outer objects in the opposite order."""
    tables = {name: dict(reversed(table.items())) for name, table in value["tables"].items()}
    return {"tables": tables, "metadata": dict(reversed(value["metadata"].items()))}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(awkward_payloads(), st.sampled_from([1, 2, 2_000]))
def test_dataset_is_the_same_however_it_is_laid_out(
    monkeypatch: pytest.MonkeyPatch, payload: dict[str, Any], rows: int
) -> None:
    """White space, the order of members and how many rows are decoded at a time make no difference."""
    monkeypatch.setattr(sent_tables, "SLICE_ROWS", rows)
    form = canonical(compact(payload))
    assert json.loads(form[1]) == payload
    assert canonical(json.dumps(payload, indent=2)) == form
    assert canonical(json.dumps(_turned(payload))) == form
    metadata, tables = read_tables(compact(payload))
    assert write_dataset(metadata, tables) == form[1]


@settings(max_examples=200, deadline=None)
@given(st.one_of(payloads(), awkward_payloads()))
def test_rows_checked_as_they_are_decoded_are_written_the_same(payload: dict[str, Any]) -> None:
    """Cells of the usual kinds are checked by decoding them; looking at each column would give the same text."""
    form = canonical(compact(payload))
    with patch.object(sent_tables, "_typed_pieces", return_value=None):
        assert canonical(compact(payload)) == form


def test_rows_of_usual_cells_are_checked_as_they_are_decoded() -> None:
    """So that a large table takes half the time; its columns need not be looked at again."""
    frame = pd.DataFrame({"n": [1, -(2**63)], "x": [0.5, None], "s": ["a", None], "ok": [True, False]})
    text = source_of(t=frame.assign(t=pd.Timestamp("2025-01-01"), c=frame["s"].astype("category"))).to_json_bytes()
    with patch.object(sent_tables.SentTable, "cells", side_effect=AssertionError):
        assert canonical(text)[1] == text


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_dataset_from_anything_is_read_or_refused(payload: Any) -> None:
    """Any JSON either is a dataset or a ValueError; what is accepted unread can be read, and the reverse."""
    text = json.dumps(payload)
    outcomes: list[Any] = []
    # Where the payload does not say when it was made it is now.
    with use_runtime(Runtime(now=lambda: datetime(2025, 1, 2, tzinfo=UTC))):
        for form in (text, compact(payload)):
            for read in (canonical, read_tables):
                try:
                    outcomes.append(read(form)[0])
                except ValueError as error:
                    outcomes.append(str(error))
    # In the compact form what is wrong is found in the same way, and said in the same words.
    assert outcomes[:2] == outcomes[2:]
    assert isinstance(outcomes[0], str) == isinstance(outcomes[1], str)
    if not isinstance(outcomes[0], str):
        form = canonical(text)[1]
        assert canonical(form)[1] == form


def test_dataset_of_many_rows_is_written_whole() -> None:
    """The slices a large table is written in join up, rows, times and index alike."""
    rows = 5_001
    frame = pd.DataFrame(
        {
            "n": range(rows),
            "t": pd.date_range("2025-01-01", periods=rows, freq="min"),
            "s": [f"é{n}" for n in range(rows)],
        },
        index=[f"r{n}" for n in range(rows)],
    )
    text = source_of(t=frame, empty=pd.DataFrame({"a": pd.Series([], dtype="Int64")}), nothing=pd.DataFrame()).to_json()
    again = DataSource.from_json(text)
    pd.testing.assert_frame_equal(again.tables["t"], frame, check_freq=False)
    assert again.to_json() == text
    assert again.tables["empty"]["a"].dtype == "Int64"
    assert again.tables["nothing"].shape == (0, 0)
