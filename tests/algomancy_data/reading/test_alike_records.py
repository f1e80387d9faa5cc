"""Reading JSON lists of flat records by Arrow."""

from __future__ import annotations

import json
import random
from typing import Any

import pandas as pd
import pytest

from algomancy_data import Column, DataType, JSONFile
from algomancy_data.reading import alike_records
from algomancy_data.reading.alike_records import read_alike_records
from algomancy_data.reading.json_reader import _read_records, read_json_table
from algomancy_data.reading.offload import WORKER

COLUMNS = [Column("n", DataType.INTEGER), Column("x", DataType.FLOAT), Column("code", DataType.STRING)]

CELLS: dict[str, list[Any]] = {
    "n": [0, -1, 7, 2**62, None],
    "x": [0.5, 1, -3.25e-7, 9007199254740991, None],
    "code": ["", "007", "},{", 'quote " and \\', "ß\u2028\U0001f600", None],
    "flag": [True, False, None],
    "new": ["2025-01-01", "now", None],
    "none": [None],
}


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let documents of a few kilobytes be cut in many places."""
    monkeypatch.setattr(alike_records, "_HEAD_BYTES", 2_000)
    monkeypatch.setattr(alike_records, "_PIECE_BYTES", 700)


@pytest.mark.parametrize("seed", range(12))
def test_records_are_read_as_one_by_one(seed: int) -> None:
    """Wherever a document is cut, and however it is laid out, its table is the one that single records make."""
    drawn = random.Random(seed)
    records = [
        {name: drawn.choice(cells) for name, cells in CELLS.items() if name == "n" or drawn.random() < 0.95}
        for _ in range(200)
    ]
    records[0] = {name: cells[0] for name, cells in CELLS.items()}
    text = json.dumps(records, indent=drawn.choice([None, 1]), ensure_ascii=drawn.random() < 0.5)
    content = drawn.choice([b"", b"\xef\xbb\xbf", b" \r\n"]) + text.encode() + b"\n"
    file = JSONFile("t", content=content)
    # A cut may be within a text, which costs time but changes nothing.
    cut_well = read_alike_records(file) is not None
    assert cut_well or "},{" in text
    one_by_one = _read_records(content, COLUMNS, "t", file.subject, file.limits)
    read = read_json_table(file, COLUMNS, "t")
    pd.testing.assert_frame_equal(read.frame, one_by_one.frame)
    assert read.messages == one_by_one.messages


@pytest.mark.parametrize("before", ["", "\ufeff", "\n\n"], ids=["nothing", "byte_order_mark", "blank_lines"])
def test_records_are_cut_and_read_by_arrow(before: str) -> None:
    """Some hundred plain records are, in many pieces, and keep their order."""
    records = [{"n": number, "x": number / 4, "code": f"c{number}"} for number in range(500)]
    columns = read_alike_records(JSONFile("t", content=before + json.dumps(records)))
    assert columns is not None
    assert pd.DataFrame(columns).to_dict("records") == records


OTHERS: dict[str, str] = {
    "an object inside": '[{"a": {"b": 1}}]',
    "a list inside": '[{"a": [1]}]',
    "an object inside a later record": '[{"a": 1}, {"a": {"b": 1}}]',
    "lists too deep to be decoded": '[{"a": ' + "[" * 1_900,
    "two types": '[{"a": 1}, {"a": "x"}]',
    "a later type": json.dumps([{"a": 1}] * 300 + [{"a": 2.5}]),
    "a later member": json.dumps([{"a": 1}] * 300 + [{"b": 1}]),
    "a member twice": '[{"a": 1, "a": 2}]',
    "an integer of more than 64 bits": '[{"a": 9223372036854775808}]',
    "an integer that a float cannot hold": '[{"a": 0.5}, {"a": 9007199254740993}]',
    "a number that is none": '[{"a": 0.5}, {"a": NaN}]',
    "an integer that is minus zero": '[{"a": 0.5}, {"a": -0}]',
    "no object": '[{"a": 1}, null]',
    "many members missing": json.dumps([{f"m{number}": number for number in range(100)}, *[{}] * 900]),
    "a comma at the end": '[{"a": 1}, ]',
    "two lists": '[{"a": 1}] [{"a": 2}]',
    "two documents": '[{"a": 1}]}{"r":[{"a": 2}]',
    "another member": '[{"a": 1}],"q":[{"a": 2}]',
    "no end": '[{"a": 1}',
    "a second end": '[{"a": 1}]]',
    "a lone surrogate": '[{"a": "\\ud800"}]',
    "a lone surrogate in a name": '[{"\\ud800": 1}]',
    "other white space": '\x0b[{"a": 1}]',
    "no record": "[]",
    "lines": '{"a": 1}\n{"a": 2}',
    "a record of many kilobytes": json.dumps([{"a": "x" * 5_000}]),
}


@pytest.mark.parametrize("document", OTHERS.values(), ids=OTHERS)
def test_other_documents_are_left_alone(document: str) -> None:
    """What is no such list, and what Arrow would read otherwise, is left to who reads single records."""
    assert read_alike_records(JSONFile("t", content=document)) is None


def test_bytes_that_are_no_text_are_left_alone() -> None:
    """Arrow does not look whether texts are UTF-8."""
    assert read_alike_records(JSONFile("t", content=b'[{"a": "\xff"}]')) is None


def test_floats_in_a_column_of_texts_are_written_in_the_worker() -> None:
    """Writing each would keep the other requests of the server waiting; the table is the same."""
    content = json.dumps([{"version": number / 8} for number in range(80_000)]).encode()
    columns, file = [Column("version", DataType.STRING)], JSONFile("t", content=content)
    WORKER.close()
    read = read_json_table(file, columns, "t")
    assert WORKER.process_ids() != []
    pd.testing.assert_frame_equal(read.frame, _read_records(content, columns, "t", file.subject, file.limits).frame)
