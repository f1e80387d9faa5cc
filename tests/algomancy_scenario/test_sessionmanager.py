"""Sessions: names and ids, creation, copies, deletion, the default, the first datasets."""

from __future__ import annotations

import gc
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from algomancy_data import CSVFile
from algomancy_scenario import SessionManager
from algomancy_scenario.persistence.port import MemoryStore
from algomancy_utils import Logger, MessageStatus, NotFoundError, PreconditionError
from tests.algomancy_scenario.scenario_project import WAIT, Control, ItemsFactory, config, dataset_of, payload


def names(sessions: SessionManager) -> list[str]:
    """The names of all sessions, in order."""
    return [session["display_name"] for session in sessions.list_sessions()]


def test_fresh_server_has_one_session_named_main(sessions: SessionManager) -> None:
    """A fresh server has `main` as its only and default session, empty, with a UUID."""
    (session,) = sessions.list_sessions()
    assert session == {"id": sessions.start_session_id, "display_name": "main"}
    assert str(uuid.UUID(session["id"])) == session["id"]
    manager = sessions.get_scenario_manager("main")
    assert (manager.get_data_keys(), manager.list_ids()) == ([], [])


@pytest.mark.parametrize("name", ["Plant 1", "Größe/Ωμέγα 🚚", "a.b\\c:*?", "MAIN", "مرحبا"])
def test_session_is_created_under_any_name(name: str, sessions: SessionManager) -> None:
    """Names may hold any Unicode; they are told apart exactly, and found by id and by name."""
    session_id = sessions.create_new_session(name)
    assert names(sessions) == ["main", name]
    assert sessions.resolve_id_by_display_name(name) == session_id
    assert sessions.get_display_name(session_id) == name
    assert sessions.get_scenario_manager(name) is sessions.get_scenario_manager(session_id)
    assert sessions.has_session(name)
    assert sessions.has_session(session_id)
    assert sessions.open_session(name) == (session_id, sessions.get_scenario_manager(name))


@pytest.mark.parametrize("name", ["", "  ", "\ud800"], ids=["empty", "blank", "surrogate"])
def test_session_name_that_is_none_is_refused(name: str, sessions: SessionManager) -> None:
    """A name must have something in it that can be written."""
    for operation in (
        lambda: sessions.create_new_session(name),
        lambda: sessions.copy_session("main", name),
        lambda: sessions.rename_session("main", name),
    ):
        with pytest.raises(ValueError, match="name"):
            operation()
    assert names(sessions) == ["main"]


def test_session_name_is_unique(sessions: SessionManager) -> None:
    """A name that is taken is refused on creation, copy and rename; a session may be given its own name."""
    other = sessions.create_new_session("other")
    for operation in (
        lambda: sessions.create_new_session("other"),
        lambda: sessions.copy_session("main", "other"),
        lambda: sessions.rename_session("main", "other"),
    ):
        with pytest.raises(PreconditionError, match="'other'"):
            operation()
    sessions.rename_session("other", "other")
    assert names(sessions) == ["main", "other"]
    assert sessions.get_display_name(other) == "other"


def test_unknown_session_is_not_found(sessions: SessionManager) -> None:
    """Everything that names a session says when it does not exist."""
    operations: list[Callable[[str], Any]] = [
        sessions.get_scenario_manager,
        sessions.get_display_name,
        sessions.open_session,
        sessions.delete_session,
        lambda name: sessions.rename_session(name, "new"),
        lambda name: sessions.copy_session(name, "new"),
    ]
    for operation in operations:
        with pytest.raises(NotFoundError, match="'nothing'"):
            operation("nothing")
    assert not sessions.has_session("nothing")
    assert sessions.resolve_id_by_display_name("nothing") is None


def test_id_wins_over_an_equal_name(sessions: SessionManager) -> None:
    """Where one session's id is another one's name, the id counts."""
    main = sessions.start_session_id
    sessions.create_new_session(main)
    assert sessions.open_session(main)[0] == main


def test_renamed_session_keeps_its_id(sessions: SessionManager) -> None:
    """After a rename the id and the contents are the same, and the old name is unknown."""
    main = sessions.start_session_id
    manager = sessions.get_scenario_manager(main)
    sessions.rename_session("main", "renamed")
    assert sessions.list_sessions() == [{"id": main, "display_name": "renamed"}]
    assert sessions.get_scenario_manager("renamed") is manager
    assert not sessions.has_session("main")


def test_deleted_session_is_gone_with_everything_in_it(sessions: SessionManager) -> None:
    """A deleted session is unknown; its manager refuses changes; its name is free; another becomes the default."""
    main = sessions.start_session_id
    other = sessions.create_new_session("other")
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    sessions.delete_session("main")
    assert sessions.list_sessions() == [{"id": other, "display_name": "other"}]
    assert sessions.start_session_id == other
    with pytest.raises(NotFoundError):
        manager.derive_data("data", "copy")
    assert sessions.create_new_session("main") != main
    assert sessions.get_scenario_manager("main").get_data_keys() == []
    # The same on a server that starts only now.
    assert sessions.start_session_id == sessions.open_session("main")[0]


def test_last_session_is_replaced_by_a_fresh_one(sessions: SessionManager) -> None:
    """Deleting the last session leaves an empty `main` with a new id, the default."""
    sessions.rename_session("main", "last")
    old = sessions.start_session_id
    sessions.get_scenario_manager("last").add_datasource_from_json(payload("data"))
    sessions.delete_session("last")
    (session,) = sessions.list_sessions()
    assert session == {"id": sessions.start_session_id, "display_name": "main"}
    assert session["id"] != old
    assert sessions.get_scenario_manager("main").get_data_keys() == []


def test_deleting_a_session_stops_its_run(sessions: SessionManager, control: Control) -> None:
    """The run of a deleted session is told to stop; its late report changes nothing."""
    sessions.create_new_session("doomed")
    manager = sessions.get_scenario_manager("doomed")
    manager.add_datasource_from_json(payload("data"))
    scenario = manager.create_scenario("one", "data", "Polite")
    manager.process_scenario_async(scenario)
    assert control.started.wait(WAIT)
    sessions.delete_session("doomed")
    assert manager.currently_processing is None
    control.release.set()
    assert control.ended.wait(WAIT)
    assert scenario.progress == 0


def test_copied_session_is_independent(sessions: SessionManager, control: Control) -> None:
    """A copy has the datasets and scenarios: new ids, results kept, unfinished ones `created`; then they part."""
    main = sessions.get_scenario_manager("main")
    main.add_datasource_from_json(payload("data"))
    complete, created = (main.create_scenario(tag, "data", "Instant") for tag in ("complete", "created"))
    main.process_scenario_async(complete)
    assert main.wait_for_processing(WAIT)
    for tag in ("running", "queued"):
        main.process_scenario_async(main.create_scenario(tag, "data", "Blocking"))
    assert control.started.wait(WAIT)
    copy = sessions.get_scenario_manager(sessions.copy_session("main", "copy"))
    assert copy.list_tags() == main.list_tags() == ["complete", "created", "running", "queued"]
    assert [scenario.status for scenario in copy.list_scenarios()] == ["complete", "created", "created", "created"]
    assert not set(copy.list_ids()) & set(main.list_ids())
    twin = copy.get_by_tag("complete")
    assert twin is not None
    assert {**twin.to_dict(), "id": complete.id} == complete.to_dict()
    assert copy.get_data_as_bytes("data") == main.get_data_as_bytes("data")

    main.delete_scenario(created.id)
    copy.derive_data("data", "derived")
    with pytest.raises(PreconditionError):
        copy.delete_data("data")
    for identifier in copy.list_ids():
        copy.delete_scenario(identifier)
    copy.delete_data("data")
    assert main.get_data_keys() == ["data"]
    assert main.list_tags() == ["complete", "running", "queued"]
    assert copy.get_data_keys() == ["derived"]


def test_sessions_are_isolated(sessions: SessionManager) -> None:
    """Tags, keys and ids of one session are unknown in another."""
    sessions.create_new_session("other")
    main, other = (sessions.get_scenario_manager(name) for name in ("main", "other"))
    main.add_datasource_from_json(payload("data"))
    scenario = main.create_scenario("one", "data", "Instant")
    assert other.get_by_id(scenario.id) is None
    assert other.get_data_keys() == []
    other.add_datasource_from_json(payload("data", 2))
    other.create_scenario("one", "data", "Instant")
    assert dataset_of(main, "data").id == "id-1"


def test_thousand_sessions_need_no_thousand_threads(open_sessions: Callable[..., SessionManager]) -> None:
    """Sessions share one pool of worker threads."""
    sessions = open_sessions()
    before = threading.active_count()
    managers = [sessions.get_scenario_manager(sessions.create_new_session(str(n))) for n in range(1000)]
    for manager in managers[:100]:
        manager.add_datasource_from_json(payload("data"))
        manager.process_scenario_async(manager.create_scenario("one", "data", "Instant"))
    for manager in managers[:100]:
        assert manager.wait_for_processing(WAIT)
    assert threading.active_count() - before <= 16


def test_store_that_fails_leaves_nothing_half_done(control: Control) -> None:
    """When a session cannot be stored, the change is refused and everything is as before."""
    from tests.algomancy_scenario.scenario_project import config

    class FullStore(MemoryStore):
        full = False

        def _fail(self) -> None:
            if self.full:
                raise OSError("No space left on device")

        def create_session(self, *args: Any) -> Any:
            self._fail()
            return super().create_session(*args)

        def rename_session(self, *args: Any) -> None:
            self._fail()

        def delete_session(self, *args: Any) -> None:
            self._fail()

    store = FullStore()
    sessions = SessionManager.from_config(config(control), store=store)
    sessions.create_new_session("other")
    before = sessions.list_sessions()
    store.full = True
    operations: list[Callable[[], Any]] = [
        lambda: sessions.create_new_session("new"),
        lambda: sessions.copy_session("main", "new"),
        lambda: sessions.rename_session("main", "new"),
        lambda: sessions.delete_session("main"),
    ]
    for operation in operations:
        with pytest.raises(OSError, match="No space left"):
            operation()
        assert sessions.list_sessions() == before
    store.full = False
    sessions.get_scenario_manager("main").add_datasource_from_json(payload("data"))
    sessions.delete_session("main")
    assert names(sessions) == ["other"]
    sessions.close()


def test_closed_server_refuses_changes_and_closes_once(sessions: SessionManager, control: Control) -> None:
    """`close` returns although a run goes on, may be called twice, and ends every change."""
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    manager.process_scenario_async(manager.create_scenario("one", "data", "Blocking"))
    assert control.started.wait(WAIT)
    sessions.close()
    sessions.close()
    assert not control.ended.is_set()
    with pytest.raises(PreconditionError, match="shutting down"):
        sessions.create_new_session("new")
    with pytest.raises(NotFoundError):
        manager.derive_data("data", "copy")


def test_deleted_session_is_let_go_of_at_once(sessions: SessionManager) -> None:
    """Its data and its runs need no garbage collector to be gone from memory."""
    manager = sessions.get_scenario_manager(sessions.create_new_session("doomed"))
    manager.add_datasource_from_json(payload("data"))
    scenario = manager.create_scenario("one", "data", "Instant")
    manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    kept: list[weakref.ref[Any]] = [weakref.ref(manager), weakref.ref(manager.get_data("data"))]
    gc.disable()
    try:
        sessions.delete_session("doomed")
        del manager, scenario
        deadline = time.monotonic() + WAIT
        # The worker may still be on its way back from the run.
        while any(reference() is not None for reference in kept) and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        assert [reference() for reference in kept] == [None, None]
    finally:
        gc.enable()


def test_sessions_can_be_made_of_keywords(control: Control, tmp_path: Path) -> None:
    """The constructor takes what a configuration has, by name; what it makes survives."""
    made = config(control)
    names = ("etl_factory", "kpis", "algorithms", "schemas", "data_object_type")
    arguments: dict[str, Any] = {name: getattr(made, name) for name in names}
    arguments |= {"data_folder": str(tmp_path), "has_persistent_state": True, "autorun": True}
    arguments |= {"auto_create": True, "default_algo_name": "Labelled", "default_param_values": {"label": 8}}
    sessions = SessionManager(**arguments)
    assert sessions.session_ids == [sessions.start_session_id]
    main = sessions.get_scenario_manager("main")
    main.add_datasource_from_json(payload("data"))
    assert main.wait_for_processing(WAIT)
    created = main.get_by_tag("data [auto]")
    assert created is not None
    assert created.result.answer == 8
    assert sessions.get_algorithm_parameters("Labelled")["label"] == 7
    sessions.log("done", MessageStatus.SUCCESS)
    assert sessions.logger.get_logs()[-1].message == "done"
    sessions.close()
    again = SessionManager(**arguments)
    assert again.get_scenario_manager("main").list_tags() == ["data [auto]"]
    again.close()


def test_what_is_unknown_or_taken_is_refused_as_elsewhere(sessions: SessionManager) -> None:
    """A project that catches what Algomancy raises catches what is raised here."""
    with pytest.raises(KeyError, match="'nothing' does not exist"):
        sessions.get_scenario_manager("nothing")
    with pytest.raises(ValueError, match="'main' already"):
        sessions.create_new_session("main")
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    with pytest.raises(AssertionError, match="'nothing' does not exist"):
        manager.create_scenario("one", "nothing", "Instant")
    manager.create_scenario("one", "data", "Instant")
    with pytest.raises(ValueError, match="'one' is already used"):
        manager.create_scenario("one", "data", "Instant")


def test_users_classes_are_given_a_logger(open_sessions: Callable[..., SessionManager]) -> None:
    """An ETL factory may report whenever it likes; a server prints nothing of it."""
    factories: list[Any] = []

    class Noting(ItemsFactory):
        def __init__(self, schemas: Any, logger: Any = None) -> None:
            super().__init__(schemas, logger)
            factories.append(logger)
            logger.warning("reading")

    manager = open_sessions(etl_factory=Noting).get_scenario_manager("main")
    manager.etl_data({"items": CSVFile("items", content="id\n1\n")}, "data")
    assert isinstance(factories[0], Logger)
    assert factories[0].get_logs()[-1].message == "reading"
    assert not factories[0]._print_to_console
