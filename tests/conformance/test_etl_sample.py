"""Files written from the tables of a dataset."""

from __future__ import annotations

import io
import json

from openpyxl import load_workbook

from algomancy_conformance.target.etl_sample import NOT_A_VALUE, EtlSample, guesses, spoiled_csv, spoiled_json

TABLE = {"columns": ["a", "b"], "data": [{"a": 1, "b": "x;y"}, {"a": None, "b": "z"}], "index": [0, 1], "dtypes": {}}


def test_guesses_give_each_table_each_kind_of_file() -> None:
    """A table may have come from csv with either separator, json or a workbook; a dotted name is a sheet."""
    found = list(guesses({"items": TABLE, "book.one": TABLE, "book.two": TABLE}))

    assert [sorted(files) for files in found] == [
        ["book.xlsx", "items.csv"],
        ["book.xlsx", "items.json"],
        ["book.xlsx", "items.csv"],
        ["book.xlsx", "items.xlsx"],
    ]
    assert found[0]["items.csv"] == b'a;b\n1;"x;y"\n;z\n'
    assert found[2]["items.csv"] == b"a,b\n1,x;y\n,z\n"
    book = load_workbook(io.BytesIO(found[0]["book.xlsx"]))
    assert book.sheetnames == ["one", "two"]
    assert [cell.value for cell in book["one"][1]] == ["a", "b"]


def test_damage_hits_numbers_of_the_first_row() -> None:
    """Broken files hold words where there were numbers, one file at a time."""
    assert spoiled_csv(b"a;b\n1;x\n2;y\n").decode() == f"a;b\n{NOT_A_VALUE};x\n2;y"
    assert json.loads(spoiled_json(b'[{"a": 1, "b": true, "c": "x"}, {"a": 2}]')) == [
        {"a": NOT_A_VALUE, "b": True, "c": "x"},
        {"a": 2},
    ]
    sample = EtlSample({"x.csv": b"a;b\n1;x\n", "y.json": b"[]", "z.xlsx": b"PK"})
    assert [broken.files["x.csv"] for broken in sample.broken()] == [
        f"a;b\n{NOT_A_VALUE};x".encode(),
        b"a;b\n1;x\n1;x\n",  # equal keys
        b"b\nx",  # a lost column
        b"a;b\n1;x\n",  # the json file is the broken one
    ]
