"""DAT: datasets are listed, read, added, derived and deleted."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from typing import Any

import pytest

from algomancy_conformance.outcomes import Broken, Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import (
    RACES,
    UNREACHABLE,
    check_dataset,
    check_descriptor,
    check_empty,
    check_error,
    check_one_winner,
    demand,
    race,
    same_json,
)
from algomancy_conformance.target.client import Session
from algomancy_conformance.target.etl_sample import post_files
from algomancy_conformance.target.world import World, small_payload

BAD_KEYS = {
    "a blank": " ",
    "a slash": "a/b",
    "a line feed": "a\nb",
    "NUL": "a\x00b",
    "DEL": "a\x7fb",
    "a dot": ".",
    "two dots": "..",
    "a route's name": "from-json",
    "256 characters": "k" * 256,
}
GOOD_KEYS = [
    "with space",
    "Gro\N{COMBINING DIAERESIS}ße",
    "Größe",
    "WITH SPACE",
    "仓库",
    "a.b",
    "50% & more?#",
    "k" * 255,
    "derive",
]


@clause("DAT-1", operation="list_datasets")
def test_datasets_are_listed_by_key(session: Session, world: World) -> None:
    """The list of keys is empty in a new session and names each dataset once."""
    demand(session.get("data").expect(200).json() == {"keys": []}, "a new session lists datasets")
    world.upload(session, "one")
    world.upload(session, "two")
    body = session.get("data").expect(200).json()
    demand(sorted(body["keys"]) == ["one", "two"] and set(body) == {"keys"}, f"the list is {body}")


@clause("DAT-2", operation="get_dataset")
def test_dataset_has_metadata_and_tables(stocked: Session) -> None:
    """A dataset is the object to_json() gives: metadata, and tables of row objects."""
    body = stocked.get("data", stocked.key).expect(200).json()
    check_dataset(body)
    demand(body["metadata"]["name"] == stocked.key, f"its name is {body['metadata']['name']!r}")


@clause("DAT-2", operation="get_dataset")
def test_unknown_dataset_is_404(stocked: Session) -> None:
    """An unknown key is 404, and keys differ by case."""
    check_error(stocked.get("data", "no such dataset").expect(404))
    check_error(stocked.get("data", stocked.key.upper()).expect(404))


@clause("DAT-3", operation="delete_dataset")
def test_deleted_dataset_is_gone(stocked: Session) -> None:
    """A deletion is answered 204 without a body; then the dataset is unknown, and a second deletion is 404."""
    check_empty(stocked.delete("data", stocked.key).expect(204))
    check_error(stocked.get("data", stocked.key).expect(404))
    check_error(stocked.delete("data", stocked.key).expect(404))
    demand(stocked.get("data").json() == {"keys": []}, "the deleted dataset is listed")


@clause("DAT-3", operation="delete_dataset")
def test_referenced_dataset_is_kept(stocked: Session, world: World) -> None:
    """A dataset a scenario references is not deleted: 409, until the scenario is gone."""
    first, second = world.scenario(stocked, tag="one"), world.completed(stocked, tag="two")["id"]
    check_error(stocked.delete("data", stocked.key).expect(409))
    stocked.delete("scenarios", first).expect(204)
    check_error(stocked.delete("data", stocked.key).expect(409))
    stocked.get("data", stocked.key).expect(200)
    stocked.delete("scenarios", second).expect(204)
    stocked.delete("data", stocked.key).expect(204)


@clause("DAT-4", operation="derive_dataset")
def test_derived_dataset_equals_its_source(stocked: Session) -> None:
    """A derived dataset has its source's content, an id of its own and the type derived_data."""
    body = stocked.post("data", stocked.key, "derive", json={"new_key": "variant"}).expect(201).json()
    demand(sorted(body["keys"]) == sorted([stocked.key, "variant"]), f"the refreshed list is {body}")
    source, derived = (stocked.get("data", key).expect(200).json() for key in (stocked.key, "variant"))
    demand(derived["tables"] == source["tables"], "its content is another one")
    demand(derived["metadata"]["id"] != source["metadata"]["id"], "it shares the id of its source")
    demand(derived["metadata"]["type"] == "derived_data", f"its type is {derived['metadata']['type']}")
    demand(derived["metadata"]["name"] == "variant", f"its name is {derived['metadata']['name']}")
    stocked.post("data", stocked.key, "derive", json={"new_key": "VARIANT"}).expect(201)  # keys differ by case


@clause("DAT-4", operation="derive_dataset")
def test_one_of_many_simultaneous_derivations_wins(stocked: Session) -> None:
    """Of eight simultaneous derivations to one key exactly one is answered 201, the rest 409."""
    for number in range(RACES):
        body = {"new_key": f"race {number}"}
        ask = partial(stocked.post, "data", stocked.key, "derive", json=body)
        check_one_winner(race(lambda ask=ask: ask().expect(201, 409).status), "POST …/data/{key}/derive")  # type: ignore[misc]


@clause("DAT-4", operation="derive_dataset")
def test_derived_dataset_outlives_its_source(stocked: Session, world: World) -> None:
    """A derived dataset stays when its source goes, and a scenario can use it."""
    stocked.post("data", stocked.key, "derive", json={"new_key": "variant"}).expect(201)
    stocked.delete("data", stocked.key).expect(204)
    check_dataset(stocked.get("data", "variant").expect(200).json())
    demand(world.completed(Session(stocked.api, stocked.id, stocked.name, "variant"))["result"], "it cannot be run on")


@clause("DAT-4", operation="derive_dataset")
def test_bad_derivations_are_refused(stocked: Session) -> None:
    """An unknown source is 404, a key that exists 409, an empty or missing one 422."""
    check_error(stocked.post("data", "no such dataset", "derive", json={"new_key": "x"}).expect(404))
    check_error(stocked.post("data", stocked.key, "derive", json={"new_key": stocked.key}).expect(409))
    check_error(stocked.post("data", stocked.key, "derive", json={"new_key": ""}).expect(422))
    check_error(stocked.post("data", stocked.key, "derive", json={}).expect(422))
    demand(stocked.get("data").json() == {"keys": [stocked.key]}, "a refused derivation is listed")


@clause("DAT-5", operation="add_dataset_from_json")
def test_added_dataset_comes_back_as_sent(session: Session, world: World) -> None:
    """A payload is answered 201, is keyed by its name, and comes back with the same id, columns, dtypes and rows."""
    sent = world.payload("Größe 1")
    body = session.post("data", "from-json", json=sent).expect(201).json()
    demand(body == {"keys": ["Größe 1"]}, f"the refreshed list is {body}")
    found = session.get("data", "Größe 1").expect(200).json()
    demand(found["metadata"]["id"] == sent["metadata"]["id"], "its id is another one")
    demand(set(found["tables"]) == set(sent["tables"]), f"its tables are {sorted(found['tables'])}")
    for name, table in sent["tables"].items():
        for part in ("columns", "dtypes", "data"):
            demand(same_json(found["tables"][name][part], table[part]), f"the {part} of {name!r} are others")
    more = session.post("data", "from-json", json=world.payload("another")).expect(201).json()
    demand(sorted(more["keys"]) == ["Größe 1", "another"], f"the refreshed list is {more}")


PARTICULAR: dict[str, tuple[str, list[Any]]] = {
    "flag": ("bool", [True, False, True]),
    "count": ("int64", [0, -1, 2**53]),
    "share": ("float64", [0.1, -1e-9, None]),
    "code": ("str", ["007", "1.50", "-0"]),
    "word": ("str", ["true", "null", "NaN"]),
    "day": ("str", ["2025-01-31", "31/01/2025", "12:30"]),
    "text": ("str", [" padded ", "", None]),
    "line": ("str", ["a\nb", 'q"u;o,t\\e', "Größe 仓库 👩‍🚀"]),
}


@clause("DAT-5", operation="add_dataset_from_json")
@pytest.mark.parametrize("column", PARTICULAR, ids=str)
def test_values_come_back_as_sent(session: Session, column: str) -> None:
    """A value comes back as the same JSON value: text that looks like a number, a truth value or a date stays text."""
    dtype, values = PARTICULAR[column]
    sent = small_payload("particular")
    rows = [{"item": f"row {number}", column: value} for number, value in enumerate(values)]
    columns, dtypes = ["item", column], {"item": "str", column: dtype}
    sent["tables"]["items"] = {"data": rows, "columns": columns, "dtypes": dtypes, "index": [0, 1, 2]}
    session.add(sent)
    found = session.get("data", "particular").expect(200).json()["tables"]["items"]
    demand(same_json(found["data"], rows), f"the rows {rows} came back as {found['data']}")
    demand((found["columns"], found["dtypes"]) == (columns, dtypes), f"{columns} {dtypes} came back as others")


@clause("DAT-5", operation="add_dataset_from_json")
def test_table_without_rows_comes_back(session: Session) -> None:
    """A table without a row keeps its columns and dtypes."""
    sent = small_payload("empty")
    sent["tables"]["items"].update(data=[], index=[])
    session.add(sent)
    found = session.get("data", "empty").expect(200).json()["tables"]
    demand(same_json(found, sent["tables"]), f"the empty table came back as {found}")


BAD_PAYLOADS: dict[str, Any] = {
    "empty": b"",
    "malformed": b'{"metadata": ',
    "invalid UTF-8": b'{"metadata": "\xff"}',
    "null": b"null",
    "an array": b"[]",
    "a string": b'"x"',
    "an empty object": b"{}",
    "no tables": json.dumps({"metadata": small_payload("x")["metadata"]}).encode(),
    "no metadata": json.dumps({"tables": {}}).encode(),
    "tables that are an array": json.dumps({**small_payload("x"), "tables": []}).encode(),
    "a table without rows": json.dumps({**small_payload("x"), "tables": {"t": {"columns": []}}}).encode(),
    "rows that are numbers": json.dumps({**small_payload("x"), "tables": {"t": {"data": [1, 2]}}}).encode(),
}


@clause("DAT-5", operation="add_dataset_from_json")
@pytest.mark.parametrize("kind", BAD_PAYLOADS, ids=str)
def test_payload_that_is_none_is_400(session: Session, kind: str) -> None:
    """An empty body, malformed JSON and JSON that is no such payload are answered 400, and nothing is stored."""
    headers = {"Content-Type": "application/json"}
    check_error(session.post("data", "from-json", content=BAD_PAYLOADS[kind], headers=headers).expect(400))
    demand(session.get("data").json() == {"keys": []}, "a refused dataset is listed")


@clause("DAT-6")
@pytest.mark.parametrize("kind", BAD_KEYS, ids=str)
def test_strange_key_that_is_acknowledged_works_everywhere(stocked: Session, kind: str) -> None:
    """Also a key that another backend would refuse is listed, can be fetched and deleted, once it is acknowledged."""
    key = BAD_KEYS[kind]
    answer = stocked.post("data", stocked.key, "derive", json={"new_key": key})
    if answer.status >= 300:
        return
    demand(key in stocked.get("data").expect(200).json()["keys"], f"the acknowledged key {key[:20]!r} is not listed")
    for answer, wanted in ((stocked.get("data", key), 200), (stocked.delete("data", key), 204)):
        if answer.status != wanted:
            said = f"{answer.exchange.method} of the acknowledged key {key[:20]!r} is answered {answer.status}"
            raise Broken(said, fault=UNREACHABLE, shown=(answer.exchange,))


@clause("DAT-6")
def test_acknowledged_keys_work_everywhere(run: Run, stocked: Session, world: World) -> None:
    """Every key that was acknowledged is listed, can be fetched and can be deleted."""
    acknowledged = [stocked.key]
    with contextlib.suppress(Untried):
        answer = post_files(stocked, "uploaded", run.sample.files)
        if answer.status == 200 and answer.json()["success"] is True:
            acknowledged.append("uploaded")
    for key in GOOD_KEYS:
        derived = stocked.post("data", stocked.key, "derive", json={"new_key": key})
        added = stocked.post("data", "from-json", json=world.payload(f"{key[:240]} added"))
        for name, answer in ((key, derived), (f"{key[:240]} added", added)):
            if answer.status < 300:
                acknowledged.append(name)
                demand(
                    name in answer.json()["keys"], f"the key {name[:20]!r} is not in the answer that acknowledges it"
                )
    if len(acknowledged) == 1:
        raise Untried("the target takes no key but the first")
    listed = stocked.get("data").json()["keys"]
    demand(sorted(listed) == sorted(acknowledged), "the list differs from what was acknowledged")
    for key in listed:
        name = stocked.get("data", key).expect(200).json()["metadata"]["name"]
        demand(name == key, f"under {key[:20]!r} the dataset {name[:20]!r} is found")
    for key in listed:
        stocked.delete("data", key).expect(204)
    demand(stocked.get("data").json() == {"keys": []}, "a deleted dataset is listed")


@clause("DAT-7", operation="add_dataset_from_json")
def test_unreferenced_dataset_is_replaced(stocked: Session, world: World) -> None:
    """Adding a dataset under a key that exists replaces it while no scenario references it."""
    sent = world.payload(stocked.key)
    body = stocked.post("data", "from-json", json=sent).expect(201).json()
    demand(body == {"keys": [stocked.key]}, f"the refreshed list is {body}")
    found = stocked.get("data", stocked.key).expect(200).json()
    demand(found["metadata"]["id"] == sent["metadata"]["id"], "the dataset was not replaced")


@clause("DAT-7", operation="add_dataset_from_json")
def test_referenced_dataset_is_not_replaced(stocked: Session, world: World) -> None:
    """Adding a dataset under a key a scenario references is answered 409, and the dataset stays."""
    before = stocked.get("data", stocked.key).json()
    world.scenario(stocked)
    check_error(stocked.post("data", "from-json", json=world.payload(stocked.key)).expect(409))
    demand(stocked.get("data", stocked.key).json() == before, "the referenced dataset has changed")


@clause("DAT-9")
@pytest.mark.parametrize("kind", BAD_KEYS, ids=str)
def test_bad_key_is_400(stocked: Session, world: World, kind: str) -> None:
    """A blank, a slash, control characters, the names dot, dot-dot and from-json, and over 255 characters are 400."""
    key = BAD_KEYS[kind]
    check_error(stocked.post("data", stocked.key, "derive", json={"new_key": key}).expect(400))
    check_error(stocked.post("data", "from-json", json=world.payload(key)).expect(400))
    files = [("files", ("x.csv", b"a;b\n1;2\n", "text/csv"))]
    check_error(stocked.post("etl", data={"dataset_name": key}, files=files).expect(400))
    demand(stocked.get("data").json() == {"keys": [stocked.key]}, "a refused key is listed")


@clause("DAT-9")
def test_key_of_255_characters_is_accepted(stocked: Session, world: World) -> None:
    """A key of just 255 characters is accepted."""
    stocked.post("data", stocked.key, "derive", json={"new_key": "k" * 255}).expect(201)
    stocked.post("data", "from-json", json=world.payload("j" * 255)).expect(201)


@clause("DAT-9", operation="add_dataset_from_json")
def test_empty_key_is_400(session: Session, world: World) -> None:
    """A payload without a name for its key is answered 400."""
    check_error(session.post("data", "from-json", json=world.payload("")).expect(400))


@clause("DAT-8")
def test_data_parameters_are_described(stocked: Session) -> None:
    """A dataset's own parameters are described like an algorithm's; of an unknown dataset they are 404."""
    answer = stocked.get("data", stocked.key, "parameters").offered("GET …/data/{key}/parameters")
    body = answer.expect(200).json()
    demand(isinstance(body.get("name"), str), f"the answer is {body}")
    for parameter in body["parameters"]:
        check_descriptor(parameter)
    check_error(stocked.get("data", "no such dataset", "parameters").expect(404))
