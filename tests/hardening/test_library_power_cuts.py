"""The power is cut at every step of every change; what is found afterwards is the state before it or after it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from algomancy_data import Dataset
from algomancy_scenario import ScenarioManager, SessionManager
from algomancy_scenario.running.control import RunControl
from algomancy_scenario.running.job import Job, carry_out
from algomancy_scenario.running.outcome import Outcome
from algomancy_utils import Runtime, use_runtime
from tests.hardening.crash import payload, temporary_files
from tests.hardening.hardened_project import build_config

# Syncing changes nothing that a later start could see here; that it happens, and when, is tested with `atomic`.
STEPS = ("replace", "rename", "unlink", "mkdir", "rmdir")
RAW = "id;weight\n1;2,5\n"
RAW_KEYS = ("Raw", "Raw replaced")


class PowerCutError(BaseException):
    """Nothing reaches the disk any more."""


class Disk:
    """Counts the steps that change the disk, and cuts the power at one of them and ever after."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        self.cut_at: int | None = None
        for name in STEPS:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            self.steps += 1
            if self.cut_at is not None and self.steps >= self.cut_at:
                raise PowerCutError
            return real(*args, **kwargs)

        return step


class Patient:
    """An executor that runs a job when the test says so."""

    kind = "threads"
    workers = 1
    run_timeout: float | None = None

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def submit(self, job: Callable[[], None]) -> Patient:
        self.jobs.append(job)
        return self

    def perform(self, job: Job, dataset: Dataset, control: RunControl) -> Outcome:
        return carry_out(job, dataset.source, control)

    def abandon(self) -> None:
        """Nothing is running."""

    def shutdown(self) -> None:
        """There is nothing to end."""

    def run(self) -> None:
        """Run the job that came first."""
        self.jobs.pop(0)()


class Server:
    """A durable server whose ids and times follow from what it is asked."""

    def __init__(self, folder: Path, first_id: int = 0) -> None:
        ids, ticks = itertools.count(first_id), itertools.count()
        start = datetime(2026, 1, 1, tzinfo=UTC)
        runtime = Runtime(now=lambda: start + timedelta(seconds=next(ticks)), new_id=lambda: f"id-{next(ids)}")
        self.executor = Patient()
        self._stack = ExitStack()
        self._stack.enter_context(use_runtime(runtime))
        self.sessions = SessionManager.from_config(
            build_config(has_persistent_state=True, data_path=folder), executor=self.executor
        )
        self._stack.callback(self.sessions.close)

    def close(self) -> None:
        """Stop, and let time and ids come from elsewhere again."""
        self._stack.close()

    @property
    def plant(self) -> ScenarioManager:
        """The session the user made by hand."""
        return self.sessions.get_scenario_manager("plant")

    def scenario(self, tag: str) -> Any:
        """A scenario of that session."""
        return self.plant.get_by_tag(tag)


def prepare(folder: Path) -> None:
    """Make a data folder with a bit of everything in it."""
    for key in RAW_KEYS:
        (folder / "plant" / key).mkdir(parents=True)
        (folder / "plant" / key / "items.csv").write_text(RAW)
    server = Server(folder)
    for number, key in enumerate(("data", "used", "Raw replaced")):
        server.plant.add_datasource_from_json(json.dumps(payload(key, number)))
    for tag in ("done", "queued", "queued too", "created"):
        server.plant.create_scenario(tag, "used", "Instant")
    for tag in ("done", "queued", "queued too"):
        server.plant.process_scenario_async(server.scenario(tag))
    server.executor.run()
    server.sessions.create_new_session("other")
    server.sessions.get_scenario_manager("other").add_datasource_from_json(json.dumps(payload("data", 7)))
    server.close()


def found(folder: Path) -> Any:
    """Everything a server finds in a folder; creation times and ids of derived datasets aside, which are random."""
    server = Server(folder, first_id=1000)
    sessions = server.sessions.list_sessions()
    state = []
    for session in sessions:
        manager = server.sessions.get_scenario_manager(session["id"])
        tables = {key: json.loads(manager.get_data_as_bytes(key))["tables"] for key in sorted(manager.get_data_keys())}
        state.append((session, tables, json.loads(manager.scenarios_as_bytes())))
    server.close()
    assert set(temporary_files(folder)) == {f"plant/{key}/items.csv" for key in RAW_KEYS}
    return state


def add(key: str, number: int) -> Callable[[Server], Any]:
    """Adding or replacing a dataset."""
    return lambda server: server.plant.add_datasource_from_json(json.dumps(payload(key, number)))


CHANGES: dict[str, Callable[[Server], Any]] = {
    "create session": lambda s: s.sessions.create_new_session("new"),
    "copy session": lambda s: s.sessions.copy_session("plant", "copy"),
    "rename session": lambda s: s.sessions.rename_session("other", "another"),
    "delete session": lambda s: s.sessions.delete_session("other"),
    "delete session with raw files": lambda s: s.sessions.delete_session("plant"),
    "add dataset": add("new", 5),
    "add dataset of a long key": add("x" * 255, 5),
    "replace dataset": add("data", 5),
    "replace raw dataset": add("Raw", 5),
    "derive dataset": lambda s: s.plant.derive_data("data", "derived"),
    "delete dataset": lambda s: s.plant.delete_data("data"),
    "delete raw dataset": lambda s: s.plant.delete_data("Raw"),
    "delete replaced raw dataset": lambda s: s.plant.delete_data("Raw replaced"),
    "create scenario": lambda s: s.plant.create_scenario("new", "data", "Instant"),
    "run scenario": lambda s: s.plant.process_scenario_async(s.scenario("created")),
    "complete scenario": lambda s: s.executor.run(),
    "cancel scenario": lambda s: s.plant.cancel_scenario(s.scenario("queued").id),
    "reset scenario": lambda s: s.plant.reset_scenario(s.scenario("done").id),
    "delete scenario": lambda s: s.plant.delete_scenario(s.scenario("done").id),
}


@pytest.fixture
def copies(tmp_path: Path) -> Iterator[Path]:
    """Fresh copies of the prepared folder, as many as wanted."""
    prepare(tmp_path / "prepared")
    return (shutil.copytree(tmp_path / "prepared", tmp_path / str(number)) for number in itertools.count())


def change_with_power_cut(folder: Path, change: Callable[[Server], Any], cut_at: int | None) -> tuple[int, bool]:
    """Make a change on a server whose power is cut at a step; tell the steps done and whether it was acknowledged."""
    server = Server(folder, first_id=100)
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch)
        disk.cut_at = cut_at
        try:
            change(server)
        except PowerCutError:
            acknowledged = False
        else:
            acknowledged = True
    server.close()
    return disk.steps, acknowledged


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_power_cut_at_any_step_leaves_the_state_before_or_after(
    change: Callable[[Server], Any], copies: Iterator[Path]
) -> None:
    """No step of a change leaves a state in between, a file unreadable or one left over; and acknowledged is stored."""
    before = found(next(copies))
    complete = next(copies)
    steps, _ = change_with_power_cut(complete, change, None)
    after = found(complete)
    assert before != after
    for cut_at in range(1, steps + 1):
        folder = next(copies)
        _, acknowledged = change_with_power_cut(folder, change, cut_at)
        state = found(folder)
        assert state in ([after] if acknowledged else [before, after]), f"power cut at step {cut_at} of {steps}"
        assert list(folder.rglob("*.corrupt*")) == []
