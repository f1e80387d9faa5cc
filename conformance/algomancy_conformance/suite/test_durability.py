"""DUR: a server that keeps its state is killed and started again; nothing it acknowledged is lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from algomancy_conformance.outcomes import KitError, NotOffered, Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import check_queue, demand, session_list
from algomancy_conformance.target.client import Api, Session
from algomancy_conformance.target.servers import wait_until_answering
from algomancy_conformance.target.world import ENDED, World


@dataclass
class Restart:
    """What was acknowledged before a kill -9, and the server as it came back."""

    session: Session
    again: Session
    renamed: str
    deleted: str
    tables: dict[str, Any]
    complete: dict[str, Any]
    created: str
    removed: str
    waiting: list[str] = field(default_factory=list)
    steady: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    kill: Callable[[], None] | None = None


def acknowledge(world: World, api: Api) -> Restart:
    """Do one of everything, ending with runs that are under way."""
    session = world.new_session(api=api)
    deleted = world.new_session(api=api)
    world.upload(session, "kept")
    session = Session(api, session.id, session.name, "kept")
    session.post("data", "kept", "derive", json={"new_key": "derived"}).expect(201)
    session.post("data", "kept", "derive", json={"new_key": "removed"}).expect(201)
    session.delete("data", "removed").expect(204)
    complete = world.completed(session, tag="complete")
    twice = world.completed(session, tag="complete once more")
    values = [{name: kpi["value"] for name, kpi in done["kpis"].items()} for done in (complete, twice)]
    steady = values[0] if values[0] == values[1] else {}
    created = world.scenario(session, tag="created")
    removed = world.scenario(session, tag="removed")
    session.delete("scenarios", removed).expect(204)
    api.delete(deleted.path).expect(200)
    renamed = world.fresh_name("renamed ü ")
    world.ledger.names.add(renamed)
    api.patch(session.path, {"display_name": renamed}).expect(200)
    tables = {key: session.get("data", key).expect(200).json() for key in ("kept", "derived")}
    algorithms = (world.slow(2), world.slow(1), world.fast)
    waiting = [world.scenario(session, a, tag=f"waiting {n}") for n, a in enumerate(algorithms)]
    session.run(*waiting)
    started = world.becomes(session, waiting[0], "processing")
    demand(started, "a scenario was run and never became processing")
    return Restart(session, session, renamed, deleted.id, tables, complete, created, removed, waiting, steady)


@pytest.fixture(scope="module")
def restart(run: Run) -> Iterator[Restart]:
    """A server that was given work, killed with SIGKILL and started again."""
    if run.options.restart_command is not None:
        known = acknowledge(run.world, run.api)
        known.again = Session(by_command(run, run.options.restart_command), known.session.id, known.renamed, "kept")
        yield known
        known.again.delete()
        return
    with ExitStack() as stack:
        first = run.target.durable()
        stack.callback(first.stop)
        known = acknowledge(run.world, run.client(first.url))
        first.kill()
        second = run.target.durable(first.folder)
        stack.callback(second.kill)
        known.again = Session(run.client(second.url), known.session.id, known.renamed, "kept")
        known.folder, known.kill = first.folder, second.kill
        yield known


def by_command(run: Run, command: str) -> Api:
    """The target, restarted by the user's command."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise KitError(f"--restart-command ended with {done.returncode}: {done.stderr[-500:]}")
    wait_until_answering(run.api.url)
    return run.client(run.api.url)


@clause("DUR-1")
def test_sessions_survive_a_kill(restart: Restart) -> None:
    """Sessions, their ids and names, and their deletion survive a kill -9."""
    listed = session_list(restart.again.api.get("/sessions").expect(200))
    demand(listed.get(restart.session.id) == restart.renamed, "the session or its new name is lost")
    demand(restart.deleted not in listed, "a deleted session is back")


@clause("DUR-1")
def test_datasets_survive_a_kill(restart: Restart) -> None:
    """Datasets, derived ones too, and their deletion survive a kill -9."""
    keys = sorted(restart.again.get("data").expect(200).json()["keys"])
    demand(keys == ["derived", "kept"], f"the datasets are {keys}")
    for key, before in restart.tables.items():
        demand(restart.again.get("data", key).expect(200).json() == before, f"the dataset {key!r} has changed")


@clause("DUR-1")
def test_results_survive_a_kill(restart: Restart) -> None:
    """Scenarios, their results and KPI values, and their deletion survive a kill -9."""
    after = restart.again.get("scenarios", restart.complete["id"]).expect(200).json()
    for member in ("tag", "status", "result", "kpis", "input_data_id", "algorithm", "data_parameters"):
        demand(after[member] == restart.complete[member], f"the {member} of a complete scenario has changed")
    demand(restart.again.get("scenarios", restart.created).expect(200).json()["status"] == "created", "it was run")
    demand(restart.again.get("scenarios", restart.removed).status == 404, "a deleted scenario is back")


@clause("DUR-2")
def test_waiting_scenarios_run_after_a_kill(run: Run, restart: Restart) -> None:
    """What was queued or processing is queued again in the old order, and completes."""
    again, world = restart.again, run.world
    listed = {s["id"]: s["status"] for s in again.get("scenarios").expect(200).json()}
    lost = [i for i in restart.waiting if i not in listed]
    demand(not lost, f"{len(lost)} of the waiting scenarios are lost")
    demand(all(listed[i] != "created" for i in restart.waiting), "a waiting scenario is no longer queued")

    def all_ended() -> bool:
        now = {s["id"]: s["status"] for s in again.get("scenarios").json()}
        check_queue([now[i] for i in restart.waiting])
        return all(now[i] in ENDED for i in restart.waiting)

    demand(world.wait(all_ended, 20), "a scenario is stuck after the restart")
    ended = [again.get("scenarios", i).json()["status"] for i in restart.waiting]
    demand(ended == ["complete"] * len(ended), f"they ended as {ended}")


@clause("DUR-4")
def test_dataset_gives_the_same_run_after_a_kill(run: Run, restart: Restart) -> None:
    """A run on a dataset from before a kill -9 ends as it did before, with the same KPI values."""
    again, world = restart.again, run.world
    for key in ("kept", "derived"):
        at = replace(again, key=key)
        after = world.end_of(at, world.scenario(at, tag=f"the same on {key}"))
        demand(after["status"] == "complete", f"a run on {key!r} that completed before now ends as {after['status']}")
        if restart.steady:
            values = {name: kpi["value"] for name, kpi in after["kpis"].items()}
            demand(values == restart.steady, f"its KPI values were {restart.steady} and now are {values}")


@clause("DUR-3")
def test_servers_on_one_state_share_its_queue(run: Run, restart: Restart) -> None:
    """Each queued scenario is run once among several servers on one state, also when one of them dies."""
    if restart.folder is None or restart.kill is None:
        raise Untried("a second server of the same state is needed: start the target with --app or --serve")
    world = run.world
    with ExitStack() as stack:
        try:
            second = run.target.durable(restart.folder)
        except KitError:
            raise NotOffered("a second server on the same state does not start") from None
        stack.callback(second.kill)
        api, other = restart.again.api, run.client(second.url)
        session = world.new_session(api=api)
        world.upload(session, "kept")
        session = Session(api, session.id, session.name, "kept")
        there = Session(other, session.id, session.name, "kept")
        demand(there.get("data").expect(200).json() == {"keys": ["kept"]}, "the other server does not show the dataset")
        ids = [world.scenario(session, world.slow(2), tag=f"{n}") for n in range(3)]
        session.run(*ids)
        world.wait(lambda: any(world.state_of(there, i) == "processing" for i in ids))
        restart.kill()

        def ended() -> bool:
            return all(world.state_of(there, i) in ENDED for i in ids)

        demand(world.wait(ended, 45), "30 seconds after a server died its scenarios have not been run by the other")
        states = [there.get("scenarios", i).expect(200).json()["status"] for i in ids]
        demand(states == ["complete"] * len(ids), f"they ended as {states}")
