"""The cache keeps what was used last, within its limit."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import orjson

from algomancy_scenario import SessionManager
from algomancy_scenario.persistence.cache import Cache, Kept
from tests.algomancy_scenario.scenario_project import WAIT, payload


def test_cache_drops_what_was_not_used_for_longest() -> None:
    """Values go when others need their room, the one that was used last at last."""
    cache = Cache(30)
    reads: list[str] = []

    def read(name: str, kept: Kept[bytes]) -> bytes:
        def load() -> bytes:
            reads.append(name)
            return name.encode() * 10

        return kept.get(load, len)

    places: dict[str, Kept[bytes]] = {name: Kept(cache) for name in "abcd"}
    for name in "abcabd":
        assert read(name, places[name]) == name.encode() * 10
    assert reads == ["a", "b", "c", "d"]
    assert [name for name in "abcd" if places[name].at_hand] == ["a", "b", "d"]
    assert cache.size == 30


def test_cache_keeps_nothing_larger_than_itself() -> None:
    """A value without room is read each time, and drives nothing else out for good."""
    cache = Cache(5)
    large: Kept[bytes] = Kept(cache)
    assert large.get(lambda: b"123456", len) == b"123456"
    assert not large.at_hand
    assert cache.size == 0


def test_cache_forgets_what_nobody_can_ask_for() -> None:
    """A value goes with its place, without the garbage collector."""

    class Value:
        """A value that can be watched."""

    cache = Cache(100)
    value = Value()
    watched = weakref.ref(value)
    kept: Kept[Any] = Kept(cache)
    kept.put(value, 5)
    gc.disable()
    try:
        del kept, value
        assert cache.size == 0
        assert watched() is None
    finally:
        gc.enable()


def test_results_and_datasets_stay_on_disk(open_sessions: Any, tmp_path: Path, control: Any) -> None:
    """With a cache that holds next to nothing a folder's server answers as before, from its files."""
    sessions: SessionManager = open_sessions(has_persistent_state=True, data_path=tmp_path, cache_bytes=1)
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    scenario = manager.create_scenario("one", "data", "Instant")
    assert scenario.at_hand
    manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    assert not scenario.at_hand
    shown = scenario.to_dict()
    assert shown["result"] == {"data_id": "id-1", "answer": 42}
    assert orjson.loads(manager.scenarios_as_bytes()) == [shown]
    assert orjson.loads(manager.get_data_as_bytes("data"))["tables"]["items"]["data"] == [{"id": 1}]
    assert orjson.loads(scenario.summary_json_bytes())["kpis"]["Answer"]["value"] == 42
    manager.delete_scenario(scenario.id)
    manager.delete_data("data")
