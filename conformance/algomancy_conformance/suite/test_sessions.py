"""SES: sessions are made, copied, renamed, deleted, and kept apart."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from algomancy_conformance.messages import Json
from algomancy_conformance.outcomes import Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import (
    RACES,
    check_error,
    check_one_winner,
    check_unknown,
    demand,
    is_uuid,
    race,
    session_list,
)
from algomancy_conformance.target.client import Api, Session, path_of
from algomancy_conformance.target.world import UNKNOWN_ID, World, small_payload

NAMES = {
    "spaces": " two  words",
    "punctuation": "a/b?c#d%e&f=g;h:i@j+k,l'm\"n\\o<p>",
    "umlauts": "Größe",
    "a combining accent": "Gro\N{COMBINING DIAERESIS}ße",
    "chinese": "仓库规划",
    "right to left": "מחסן",
    "emoji": "👩‍🚀 plan",
    "dots": "..",
    "a number": "42",
    "a route's name": "copy",
    "upper case": "MAIN",
}
NAMING: dict[str, tuple[str, str, str]] = {
    "create": ("POST", "/sessions", "display_name"),
    "copy": ("POST", "/sessions/{sid}/copy", "new_display_name"),
    "rename": ("PATCH", "/sessions/{sid}", "display_name"),
}
BAD_NAMES = {
    "blank": "   ",
    "a tabulator": "a\tb",
    "a line feed": "a\nb",
    "NUL": "a\x00b",
    "DEL": "a\x7fb",
    "256 characters": "x" * 256,
}


def name_it(api: Api, session: Session, how: str, name: Json) -> Json:
    """Create, copy or rename with `name`."""
    method, path, field = NAMING[how]
    return api.request(method, path.replace("{sid}", session.id), json={field: name})


@clause("SES-1", operation="list_sessions", read_only=True)
def test_session_list_has_ids_names_and_a_default(api: Api) -> None:
    """The list holds UUIDs and display names, is never empty, and its default is one of them."""
    session_list(api.get("/sessions").expect(200))


@clause("SES-2", operation="list_sessions", read_only=True)
def test_running_server_has_a_session(api: Api) -> None:
    """A server that runs has at least one session, whoever started it."""
    demand(session_list(api.get("/sessions").expect(200)), "there is no session")


@clause("SES-2", operation="list_sessions")
def test_fresh_server_has_one_session_named_main(run: Run, fresh: Api) -> None:
    """A server that was just started has exactly one session, named main."""
    if fresh is run.api:
        raise Untried("a server the kit has just started is needed: --app or --serve")
    names = list(session_list(fresh.get("/sessions").expect(200)).values())
    demand(names == ["main"], f"a fresh server has the sessions {names}")


@clause("SES-8", operation="delete_session")
def test_deleting_the_last_session_leaves_a_fresh_main(fresh: Api) -> None:
    """When the last session goes, one fresh session named main with a new id takes its place and is the default."""
    before = session_list(fresh.get("/sessions").expect(200))
    for session_id in before:
        answer = fresh.delete(path_of("sessions", session_id)).expect(200)
    left = session_list(answer)
    demand(list(left.values()) == ["main"], f"the sessions left are {list(left.values())}")
    demand(not set(left) & set(before), "the session that is left has an id from before")
    demand(session_list(fresh.get("/sessions")) == left, "the list afterwards is another one")


@clause("SES-8", operation="delete_session")
def test_default_is_always_a_living_session(api: Api, world: World) -> None:
    """The default session is in the list after every creation and deletion."""
    for _ in range(3):
        made = [world.new_session() for _ in range(2)]
        for session in made:
            session_list(api.delete(session.path).expect(200))
            session_list(api.get("/sessions").expect(200))


@clause("SES-3", operation="create_session")
def test_new_session_is_listed_and_empty(api: Api, world: World) -> None:
    """A creation is answered 201 with the refreshed list; the new session has a fresh UUID and is empty."""
    before = session_list(api.get("/sessions").expect(200))
    name = world.fresh_name()
    after = session_list(api.post("/sessions", {"display_name": name}).expect(201))
    new = [i for i in after if after[i] == name]
    demand(len(new) == 1 and new[0] not in before, f"the refreshed list has the new session {len(new)} times")
    demand(is_uuid(new[0]), f"the new id {new[0]!r} is no UUID")
    demand(api.get(path_of("sessions", new[0], "data")).expect(200).json() == {"keys": []}, "it is not empty of data")
    demand(api.get(path_of("sessions", new[0], "scenarios")).expect(200).json() == [], "it is not empty of scenarios")


@clause("SES-3", operation="create_session")
def test_ids_are_never_used_again(api: Api, world: World) -> None:
    """A name that was deleted and is used again gets another id."""
    name = world.fresh_name()
    first = world.new_session(name)
    api.delete(first.path).expect(200)
    demand(world.new_session(name).id != first.id, "the id of a deleted session came back")


@clause("SES-4", operation="create_session")
def test_taken_display_name_is_409(api: Api, session: Session) -> None:
    """A display name that is taken is answered 409 and changes nothing."""
    check_error(api.post("/sessions", {"display_name": session.name}).expect(409))
    listed = session_list(api.get("/sessions"))
    demand([i for i in listed if listed[i] == session.name] == [session.id], "the list has changed")


@clause("SES-4", operation="create_session")
def test_one_of_many_simultaneous_creations_wins(api: Api, world: World) -> None:
    """Of eight simultaneous creations with one display name exactly one is answered 201, the rest 409."""
    for _ in range(RACES):
        name = world.fresh_name("race-")
        world.ledger.names.add(name)
        statuses = race(lambda name=name: api.post("/sessions", {"display_name": name}).expect(201, 409).status)  # type: ignore[misc]
        check_one_winner(statuses, "POST /sessions")
        listed = list(session_list(api.get("/sessions")).values()).count(name)
        demand(listed == 1, f"the name is listed {listed} times")


@clause("SES-4", operation="copy_session")
def test_one_of_many_simultaneous_copies_wins(session: Session, world: World) -> None:
    """Of eight simultaneous copies to one display name exactly one is answered 201, the rest 409."""
    for _ in range(RACES):
        name = {"new_display_name": world.fresh_name("race-")}
        world.ledger.names.add(name["new_display_name"])
        statuses = race(lambda name=name: session.post("copy", json=name).expect(201, 409).status)  # type: ignore[misc]
        check_one_winner(statuses, "POST …/copy")


@clause("SES-4", operation="create_session")
def test_display_names_are_case_sensitive(api: Api, session: Session, world: World) -> None:
    """A name that differs in case alone is another name."""
    world.ledger.names.add(session.name.upper())
    api.post("/sessions", {"display_name": session.name.upper()}).expect(201)


@clause("SES-4", operation="create_session")
@pytest.mark.parametrize("body", [{}, {"display_name": ""}], ids=["missing", "empty"])
def test_no_display_name_is_422(api: Api, body: dict[str, str]) -> None:
    """An empty or missing display name is answered 422."""
    check_error(api.post("/sessions", body).expect(422))


@clause("SES-4", operation="create_session")
@pytest.mark.parametrize("kind", NAMES, ids=str)
def test_display_name_may_hold_anything_printable(api: Api, world: World, kind: str) -> None:
    """Spaces, punctuation and any Unicode come back in a display name as they were sent."""
    name = f"{NAMES[kind]} {world.fresh_name()}"
    world.ledger.names.add(name)
    after = session_list(api.post("/sessions", {"display_name": name}).expect(201))
    demand(name in after.values(), f"the name {name!r} is not listed as it was sent")


@clause("SES-11")
@pytest.mark.parametrize("how", NAMING, ids=str)
@pytest.mark.parametrize("kind", BAD_NAMES, ids=str)
def test_bad_display_name_is_422(api: Api, session: Session, how: str, kind: str) -> None:
    """A blank name, control characters and more than 255 characters are answered 422."""
    check_error(name_it(api, session, how, BAD_NAMES[kind]).expect(422))


@clause("SES-11")
@pytest.mark.parametrize("how", NAMING, ids=str)
def test_name_of_255_characters_is_accepted(api: Api, session: Session, world: World, how: str) -> None:
    """A name of just 255 characters is accepted, characters being counted and not bytes."""
    name = world.fresh_name().ljust(255, "ü")
    world.ledger.names.add(name)
    name_it(api, session, how, name).expect(200, 201)


def copy_of(session: Session, world: World) -> Session:
    """A copy under a new name, as the refreshed list has it."""
    name = world.fresh_name()
    after = session_list(session.post("copy", json={"new_display_name": name}).expect(201))
    return replace(session, id=next((i for i, n in after.items() if n == name), UNKNOWN_ID), name=name)


@clause("SES-5", operation="copy_session")
def test_copy_has_the_datasets_of_its_source(api: Api, stocked: Session, world: World) -> None:
    """A copy is answered 201 with the refreshed list, and holds the source's datasets."""
    copy = copy_of(stocked, world)
    demand(copy.id != stocked.id, "the copy has the id of its source")
    demand(copy.get("data").expect(200).json() == {"keys": [stocked.key]}, "the copy has not the source's datasets")
    mine, theirs = (s.get("data", stocked.key).expect(200).json()["tables"] for s in (stocked, copy))
    demand(mine == theirs, "the copy's dataset has another content")


@clause("SES-5", operation="copy_session")
def test_copy_and_source_do_not_share_changes(api: Api, stocked: Session, world: World) -> None:
    """What is done to one side afterwards does not show in the other."""
    stocked.post("data", stocked.key, "derive", json={"new_key": "in both"}).expect(201)
    copy = copy_of(stocked, world)
    copy.delete("data", "in both").expect(204)
    stocked.get("data", "in both").expect(200)
    before = copy.get("data", copy.key).expect(200).json()
    stocked.post("data", "from-json", json=world.payload(stocked.key))  # replaces it, where the target can do that
    demand(copy.get("data", copy.key).json() == before, "a dataset replaced in the source is replaced in the copy")
    copy.post("data", copy.key, "derive", json={"new_key": "only in the copy"}).expect(201)
    stocked.post("data", stocked.key, "derive", json={"new_key": "only in the source"}).expect(201)
    world.scenario(copy, tag="only in the copy")
    demand("only in the copy" not in stocked.get("data").json()["keys"], "the copy's dataset shows in the source")
    demand("only in the source" not in copy.get("data").json()["keys"], "the source's dataset shows in the copy")
    demand(stocked.get("scenarios").json() == [], "the copy's scenario shows in the source")
    stocked.delete("data", stocked.key).expect(204)
    copy.get("data", copy.key).expect(200)


@clause("SES-5", operation="copy_session")
def test_bad_copies_are_refused(api: Api, session: Session) -> None:
    """A copy of an unknown session is 404, to a taken name 409, to an empty or no name 422."""
    check_error(api.post(f"/sessions/{UNKNOWN_ID}/copy", {"new_display_name": "x"}).expect(404))
    check_error(session.post("copy", json={"new_display_name": session.name}).expect(409))
    check_error(session.post("copy", json={"new_display_name": ""}).expect(422))
    check_error(session.post("copy", json={}).expect(422))


@clause("SES-12", operation="copy_session")
def test_copy_has_the_scenarios_of_its_source(api: Api, busy: Session, world: World) -> None:
    """A copy has the source's scenarios under new ids; results are kept, unfinished ones are created."""
    done = world.completed(busy, tag="done")
    world.scenario(busy, tag="new")
    waiting = world.scenario(busy, world.slow(5), tag="waiting")
    busy.run(waiting)
    copy = copy_of(busy, world)
    source = busy.get("scenarios").expect(200).json()
    copied = {s["tag"]: s for s in copy.get("scenarios").expect(200).json()}
    demand(set(copied) == {"done", "new", "waiting"}, f"the copy has the scenarios {sorted(copied)}")
    demand(not {s["id"] for s in copied.values()} & {s["id"] for s in source}, "an id is shared with the source")
    demand(copied["done"]["status"] == "complete", "the finished scenario is not complete in the copy")
    demand(copied["done"]["result"] == done["result"], "the result in the copy is another one")
    demand(copied["done"]["kpis"] == done["kpis"], "the KPIs in the copy are others")
    demand(copied["waiting"]["status"] == "created", f"the unfinished one is {copied['waiting']['status']}")


@clause("SES-6", operation="rename_session")
def test_rename_keeps_the_id(api: Api, session: Session, world: World) -> None:
    """A rename is answered 200 with the unchanged id and the new name, also when the name is its own."""
    name = world.fresh_name()
    for _ in range(2):
        body = api.patch(session.path, {"display_name": name}).expect(200).json()
        demand(body.get("id") == session.id and body.get("display_name") == name, f"the answer is {body}")
        demand(session_list(api.get("/sessions"))[session.id] == name, "the list has not the new name")


@clause("SES-6", operation="rename_session")
def test_bad_renames_are_refused(api: Api, session: Session, world: World) -> None:
    """A rename of an unknown session is 404, to a taken name 409, to an empty or no name 422."""
    other = world.new_session()
    check_error(api.patch(f"/sessions/{UNKNOWN_ID}", {"display_name": "x"}).expect(404))
    check_error(api.patch(session.path, {"display_name": other.name}).expect(409))
    check_error(api.patch(session.path, {"display_name": ""}).expect(422))
    check_error(api.patch(session.path, {}).expect(422))
    demand(session_list(api.get("/sessions"))[session.id] == session.name, "a refused rename has renamed")


@clause("SES-7", operation="delete_session")
def test_deleted_session_is_gone(api: Api, stocked: Session, world: World) -> None:
    """A deletion is answered 200 with the refreshed list; the session, its data and its scenarios are gone."""
    scenario = world.scenario(stocked)
    doomed = world.with_data()
    gone = world.scenario(doomed)
    after = session_list(doomed.delete().expect(200))
    demand(doomed.id not in after and stocked.id in after, "the refreshed list is wrong")
    demand(doomed.id not in session_list(api.get("/sessions")), "the deleted session is listed")
    for answer in (doomed.get("data"), doomed.get("data", doomed.key), doomed.get("scenarios", gone), doomed.delete()):
        check_error(answer.expect(404))
    stocked.get("scenarios", scenario).expect(200)


@clause("SES-7", operation="delete_session")
def test_deleted_name_is_empty_when_used_again(world: World) -> None:
    """A session made again under a deleted one's name has none of its data."""
    doomed = world.with_data()
    doomed.delete().expect(200)
    again = world.new_session(doomed.name)
    demand(again.get("data").expect(200).json() == {"keys": []}, "data of the deleted session came back")


@clause("SES-7", operation="delete_session")
def test_deleting_an_unknown_session_is_404(api: Api) -> None:
    """An unknown session cannot be deleted: 404."""
    check_error(api.delete(f"/sessions/{UNKNOWN_ID}").expect(404))


@clause("SES-9", operation="list_datasets")
def test_display_name_stands_for_the_id(api: Api, stocked: Session, world: World) -> None:
    """The display name works wherever the id does, and after a rename the old one is unknown."""
    by_name = Session(api, stocked.name, stocked.name)
    demand(by_name.get("data").expect(200).json() == {"keys": [stocked.key]}, "the name leads to other data")
    by_name.get("scenarios").expect(200)
    by_name.get("data", stocked.key).expect(200)
    by_name.post("data", stocked.key, "derive", json={"new_key": "by name"}).expect(201)
    by_name.delete("data", "by name").expect(204)
    world.scenario(Session(api, stocked.name, stocked.name, stocked.key), tag="by name")
    demand(stocked.get("data").json() == {"keys": [stocked.key]}, "a write by name went elsewhere")
    demand([s["tag"] for s in stocked.get("scenarios").json()] == ["by name"], "a scenario made by name is not there")
    new_name = f"{world.fresh_name()} né 2"
    world.ledger.names.add(new_name)
    api.patch(by_name.path, {"display_name": new_name}).expect(200)
    check_error(by_name.get("data").expect(404))
    check_error(api.get(path_of("sessions", new_name.upper(), "data")).expect(404))
    demand(stocked.id not in session_list(api.delete(path_of("sessions", new_name)).expect(200)), "it is not deleted")


@clause("SES-9", operation="list_datasets", starred=True)
def test_display_name_with_a_slash_stands_for_the_id(api: Api, stocked: Session, world: World) -> None:
    """A display name that holds a slash, sent as %2F, works wherever the id does."""
    name = f"{world.fresh_name()} a/b"
    world.ledger.names.add(name)
    api.patch(stocked.path, {"display_name": name}).expect(200)
    by_name = Session(api, name, name, stocked.key)
    demand(by_name.get("data").expect(200).json() == {"keys": [stocked.key]}, "the name leads to other data")
    world.scenario(by_name, tag="by name")
    demand([s["tag"] for s in stocked.get("scenarios").json()] == ["by name"], "a scenario made by name is not there")
    demand(stocked.id not in session_list(by_name.delete().expect(200)), "it is not deleted")


@clause("SES-9", operation="list_datasets")
def test_id_wins_over_a_name(api: Api, stocked: Session, world: World) -> None:
    """Where one session's name is another's id, the id wins."""
    world.new_session(stocked.id)
    keys = api.get(path_of("sessions", stocked.id, "data")).expect(200).json()["keys"]
    demand(keys == [stocked.key], "the name has won over the id")


@clause("SES-10")
def test_sessions_do_not_see_each_other(stocked: Session, world: World) -> None:
    """Tags, datasets and scenario ids of one session are unknown in another."""
    scenario = world.scenario(stocked, tag="mine")
    other = world.with_data()
    check_unknown(other, scenario)
    stocked.post("data", stocked.key, "derive", json={"new_key": "mine"}).expect(201)
    for answer in (
        other.get("data", "mine"),
        other.post("data", "mine", "derive", json={"new_key": "x"}),
        other.delete("data", "mine"),
        other.post("scenarios", json={"tag": "x", "dataset_key": "mine", "algo_name": world.fast.name}),
    ):
        check_error(answer.expect(404))
    demand(other.get("scenarios").json() == [], "the other session lists a scenario it never had")
    world.scenario(other, tag="mine")
    stocked.get("scenarios", scenario).expect(200)


@clause("SES-10")
def test_equal_keys_in_two_sessions_hold_their_own_data(world: World) -> None:
    """Two sessions may use one dataset key for different content."""
    one, two = world.with_data(), world.new_session()
    other = json.loads(json.dumps(small_payload(one.key)).replace("1.5", "9.75"))
    two.add(other)
    tables = [s.get("data", one.key).expect(200).json()["tables"] for s in (one, two)]
    demand(tables[0] != tables[1], "one session shows the other's dataset")


@clause("SES-13")
def test_single_session_can_be_read(api: Api, session: Session) -> None:
    """A single session answers with its id and display name, an unknown one with 404."""
    answer = api.get(session.path).offered("GET {p}/sessions/{sid}")
    body = answer.expect(200).json()
    demand(body == {"id": session.id, "display_name": session.name}, f"the answer is {body}")
    check_error(api.get(f"/sessions/{UNKNOWN_ID}").expect(404))
