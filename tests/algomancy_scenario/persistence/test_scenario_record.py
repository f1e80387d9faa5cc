"""The stored form of a scenario."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algomancy_data import encode_json
from algomancy_scenario import ScenarioStatus
from algomancy_scenario.persistence.scenario_record import ScenarioRecord, keep_json, keep_plain_json

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc\n"), inner, max_size=4),
    max_leaves=8,
)
texts = st.text(st.characters(exclude_categories=["Cs"]))
moments = st.datetimes(timezones=st.just(UTC))
objects = st.dictionaries(st.text("abc"), json_values, max_size=3).map(encode_json)


def as_servers_write(record: ScenarioRecord) -> ScenarioRecord:
    """The same with a result, KPI values and an error only where its status has them."""
    status = ScenarioStatus.QUEUED if record.status is ScenarioStatus.PROCESSING else record.status
    complete = status is ScenarioStatus.COMPLETE
    return replace(
        record,
        status=status,
        error=(record.error or "Cancelled") if status is ScenarioStatus.FAILED else None,
        result=(record.result or b"1") if complete else None,
        kpis=(record.kpis or b"{}") if complete else None,
    )


values = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
records = st.builds(
    ScenarioRecord,
    id=texts,
    tag=texts,
    sequence=st.integers(0, 2**40),
    queue_position=st.none() | st.integers(0, 2**40),
    status=st.sampled_from(ScenarioStatus),
    input_data_key=texts,
    input_data_id=texts,
    algo_name=texts,
    algo_params=objects,
    data_params=objects,
    created_at=moments,
    progress=st.floats(0, 100),
    started_at=st.none() | moments,
    finished_at=st.none() | moments,
    error=st.none() | texts,
    result=st.none() | json_values.filter(lambda value: value is not None).map(encode_json),
    kpis=st.none() | st.dictionaries(texts, st.fixed_dictionaries({"value": values}), max_size=3).map(encode_json),
).map(as_servers_write)


@given(records)
def test_record_round_trips(record: ScenarioRecord) -> None:
    """Reading what was written gives an equal record."""
    assert ScenarioRecord.decode(record.encode()) == record


EXAMPLE = ScenarioRecord(
    "id", "tag", 1, None, ScenarioStatus.CREATED, "key", "data", "algo", b"{}", b"{}", datetime(2026, 1, 1, tzinfo=UTC)
)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"id": 3},
        {"tag": None},
        {"status": "running"},
        {"sequence": "first"},
        {"algo_params": [1]},
        {"created_at": "yesterday"},
        {"created_at": None},
        {"started_at": 5},
        {"progress": "half"},
        {"kpis": 1},
    ],
    ids=str,
)
def test_document_with_a_member_of_another_kind_is_refused(change: dict[str, Any]) -> None:
    """A document that is no scenario is a `ValueError`."""
    document = json.loads(EXAMPLE.encode()) | change
    with pytest.raises(ValueError, match=r"\w"):
        ScenarioRecord.decode(json.dumps(document).encode())


@pytest.mark.parametrize("member", json.loads(EXAMPLE.encode()))
def test_document_without_a_member_is_refused(member: str) -> None:
    """Every member has to be there."""
    document = json.loads(EXAMPLE.encode())
    del document[member]
    with pytest.raises(ValueError, match=member):
        ScenarioRecord.decode(json.dumps(document).encode())


@pytest.mark.parametrize("document", [b"", b"[]", b"3", b"null", b"{", EXAMPLE.encode()[:-5]])
def test_damaged_document_is_refused(document: bytes) -> None:
    """Whatever is no object is a `ValueError`."""
    with pytest.raises(ValueError, match=r"\w"):
        ScenarioRecord.decode(document)


def test_record_keeps_a_result_as_deep_as_results_may_be() -> None:
    """A result that could be written can be read again."""
    nested: Any = 1
    for _ in range(190):
        nested = [nested]
    record = replace(EXAMPLE, status=ScenarioStatus.COMPLETE, result=encode_json(nested), kpis=b"{}")
    assert ScenarioRecord.decode(record.encode()).result == record.result


COMPLETE = {"status": "complete", "result": {"answer": 1}, "kpis": {"Answer": {"value": 1.5}}, "progress": 100}


@pytest.mark.parametrize(
    "change",
    [
        {"status": "processing"},
        {"status": "complete"},
        {"status": "failed"},
        {"error": "Cancelled"},
        {"result": 1},
        {"progress": "nan"},
        {"progress": 101},
        COMPLETE | {"error": "Cancelled"},
        COMPLETE | {"kpis": None},
        COMPLETE | {"kpis": {"Answer": 1}},
        COMPLETE | {"kpis": {"Answer": {"value": None}}},
        COMPLETE | {"kpis": {"Answer": {"value": True}}},
    ],
    ids=str,
)
def test_document_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    """Status, result, KPI values, error and progress have to fit one another."""
    document = json.loads(EXAMPLE.encode())
    for valid in ({}, COMPLETE, {"status": "failed", "error": "Cancelled"}):
        assert ScenarioRecord.decode(json.dumps(document | valid).encode(), with_result=False).result is None
    with pytest.raises(ValueError, match=r"Its |It is no scenario document"):
        ScenarioRecord.decode(json.dumps(document | change).encode())


@pytest.mark.parametrize("keep", [keep_json, keep_plain_json])
@pytest.mark.parametrize("length", [10, 1_000, 100_000])
def test_kept_json_takes_no_more_memory_than_its_length(keep: Callable[[Any], bytes], length: int) -> None:
    """The bytes are those of `orjson`, without the memory it sets aside for longer ones."""
    value = {"text": "x" * length}
    keep(value)  # What is allocated by the first call alone, a measuring tool's notes among it, does not count.
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        document = keep(value)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert document == orjson.dumps(value)
    assert taken < len(document) + 500
