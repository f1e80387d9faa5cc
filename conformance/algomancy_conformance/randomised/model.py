"""A small model of the contract, and a state machine that drives the target and compares every answer with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ..outcomes import Broken, Fault
from ..target.client import Session
from ..target.wire import Answer, wrong_status
from ..target.world import ENDED, UNKNOWN_ID, World
from . import ShrinkBudget

TAGS = st.sampled_from(["a", "b", "A", "tag ü"])
KEYS = st.sampled_from(["k", "k", "K"])
NAMES = st.sampled_from(["north", "North", "south", "ö st"])
ONE = st.integers(0, 11)
"""Which session or scenario: a number, so that a failing sequence shrinks to the first ones."""

MOST_SESSIONS = 4


@dataclass
class ModelScenario:
    """What the contract says of one scenario."""

    id: str
    tag: str
    dataset: str
    status: str = "created"
    result: Any = None


@dataclass
class ModelSession:
    """What the contract says of one session: dataset ids by key, scenarios in creation order."""

    id: str
    name: str
    data: dict[str, str] = field(default_factory=dict)
    scenarios: list[ModelScenario] = field(default_factory=list)


class ContractMachine(RuleBasedStateMachine):
    """Random sequences of requests over several sessions, each answer compared with the model."""

    world: World
    budget: ShrinkBudget

    def __init__(self) -> None:
        super().__init__()
        self.budget.check()
        self.trace: list[str] = []
        self.world.api.watchers.append(self.note)
        self.alive: list[ModelSession] = []
        self.dead: list[ModelSession] = []
        self.looks = 0
        self.touched: ModelSession | None = None
        self.deleted: list[tuple[ModelSession, ModelScenario]] = []
        self.salt = self.world.fresh_name("model-")

    def note(self, answer: Answer) -> None:
        """Keep the requests of this example that change something, and the last of any kind."""
        sent = answer.exchange
        line = f"{sent.method} {sent.url} {sent.body[:100]} → {answer.status}"
        if self.trace and self.trace[-1].startswith("GET "):
            self.trace.pop()
        self.trace.append(line)

    def broken(self, message: str, *clauses: str, fault: Fault | None = None) -> Broken:
        """The failure of this example, with the sequence that led to it."""
        error = Broken("\n".join([message, "The sequence:", *self.trace]), *clauses, fault=fault)
        self.budget.failed(error, len(self.trace))
        return error

    def expect(self, answer: Answer, wanted: int, *clauses: str) -> Answer:
        """`answer`, when it has the status the model foretells.

        Raises:
            Broken: It has another one; the named clauses are hurt.
        """
        if answer.status != wanted:
            said = f"the model says {wanted}, the target {answer.status}: {answer.exchange.answer[:200]}"
            fault = wrong_status(answer.exchange.route, answer.status, str(wanted))
            raise self.broken(f"{answer.exchange.method} {answer.exchange.url}: {said}", *clauses, fault=fault)
        return answer

    def same(self, got: object, wanted: object, what: str, *clauses: str) -> None:
        """Raise Broken unless the target and the model agree."""
        if got != wanted:
            fault = Fault(("model", what), f"{what}: the target and the model of the contract do not agree")
            raise self.broken(f"{what}: the target says {got!r}, the model {wanted!r}", *clauses, fault=fault)

    def full(self, name: str) -> str:
        """A display name of this example's own."""
        return f"{self.salt} {name}"

    def at(self, session: ModelSession) -> Session:
        """Requests to `session`."""
        return Session(self.world.api, session.id, session.name)

    def session(self, number: int) -> ModelSession:
        """A session: mostly one that is alive, and now and then the one deleted last."""
        choice = [*self.alive, *self.alive, *self.dead[-1:]]
        self.touched = choice[number % len(choice)]
        return self.touched

    def scenario(self, number: int) -> tuple[ModelSession, ModelScenario]:
        """A scenario and its session: mostly one that is there, and now and then the one deleted last."""
        there = [(session, scenario) for session in self.alive for scenario in session.scenarios]
        choice = [*there, *there, *self.deleted[-1:]]
        self.touched, scenario = choice[number % len(choice)]
        return self.touched, scenario

    def has_scenarios(self) -> bool:
        """Whether there is, or was, a scenario."""
        return bool(self.deleted) or any(session.scenarios for session in self.alive)

    @initialize()
    def first_session(self) -> None:
        """Every example starts with a session that has a dataset and a scenario on it."""
        made = self.world.new_session(self.full("first"))
        session = ModelSession(made.id, made.name)
        session.data["k"] = self.world.upload(made, "k")["metadata"]["id"]
        at = replace(made, key="k")
        session.scenarios.append(ModelScenario(self.world.scenario(at, tag="a"), "a", "k"))
        self.alive.append(session)

    @precondition(lambda self: len(self.alive) < MOST_SESSIONS)
    @rule(name=NAMES)
    def create_session(self, name: str) -> None:
        """SES-3, SES-4."""
        name = self.full(name)
        taken = any(s.name == name for s in self.alive)
        answer = self.world.api.post("/sessions", {"display_name": name})
        self.expect(answer, 409 if taken else 201, "SES-4" if taken else "SES-3")
        if not taken:
            self.adopt(answer, ModelSession("", name), "SES-3")

    @precondition(lambda self: len(self.alive) < MOST_SESSIONS)
    @rule(number=ONE, name=NAMES)
    def copy_session(self, number: int, name: str) -> None:
        """SES-5."""
        name, source = self.full(name), self.session(number)
        answer = self.at(source).post("copy", json={"new_display_name": name})
        if source not in self.alive:
            self.expect(answer, 404, "SES-5", "SES-7")
            return
        if any(s.name == name for s in self.alive):
            self.expect(answer, 409, "SES-5")
            return
        self.expect(answer, 201, "SES-5")
        made = self.adopt(answer, ModelSession("", name), "SES-5")
        listed = self.at(made).get("data")
        self.same(
            sorted(self.expect(listed, 200, "SES-5").json()["keys"]),
            sorted(source.data),
            "the copy's datasets",
            "SES-5",
        )
        for key in source.data:
            made.data[key] = self.at(made).get("data", key).json()["metadata"]["id"]
        for scenario in self.at(made).get("scenarios").json():
            copied = ModelScenario(scenario["id"], scenario["tag"], "", scenario["status"], scenario["result"])
            origin = next((s for s in source.scenarios if s.tag == copied.tag), None)
            if origin is None:
                raise self.broken(f"the copy has a scenario {copied.tag!r} its source has not", "SES-5")
            self.same(copied.id == origin.id, False, "the copied scenario shares its source's id", "SES-10")
            copied.dataset = origin.dataset
            made.scenarios.append(copied)

    def adopt(self, answer: Answer, session: ModelSession, clause: str) -> ModelSession:
        """Take a session from a refreshed list into the model."""
        ids = [s["id"] for s in answer.json()["sessions"] if s["display_name"] == session.name]
        self.same(len(ids), 1, f"entries named {session.name!r} in the refreshed list", clause)
        session.id = ids[0]
        self.alive.append(session)
        return session

    @rule(number=ONE, name=NAMES)
    def rename_session(self, number: int, name: str) -> None:
        """SES-6, SES-9."""
        session = self.session(number)
        name = self.full(name)
        answer = self.world.api.patch(self.at(session).path, {"display_name": name})
        if session not in self.alive:
            self.expect(answer, 404, "SES-6")
        elif any(s.name == name for s in self.alive if s is not session):
            self.expect(answer, 409, "SES-6")
        else:
            body = self.expect(answer, 200, "SES-6").json()
            self.same((body["id"], body["display_name"]), (session.id, name), "the renamed session", "SES-6")
            session.name = name

    @precondition(lambda self: len(self.alive) > 1)
    @rule(number=ONE)
    def delete_session(self, number: int) -> None:
        """SES-7."""
        session = self.session(number)
        answer = self.at(session).delete()
        if session not in self.alive:
            self.expect(answer, 404, "SES-7")
            return
        listed = [s["id"] for s in self.expect(answer, 200, "SES-7").json()["sessions"]]
        self.same(session.id in listed, False, "the deleted session is in the refreshed list", "SES-7")
        self.alive.remove(session)
        self.dead.append(session)

    @rule(number=ONE, key=KEYS)
    def upload_dataset(self, number: int, key: str) -> None:
        """DAT-5, DAT-7."""
        session = self.session(number)
        used = any(s.dataset == key for s in session.scenarios)
        sent = self.world.payload(key)
        answer = self.at(session).post("data", "from-json", json=sent)
        if session not in self.alive:
            self.expect(answer, 404, "SES-7")
        elif used:
            self.expect(answer, 409, "DAT-7")
        else:
            self.expect(answer, 201, "DAT-7" if key in session.data else "DAT-5")
            session.data[key] = sent["metadata"]["id"]
            self.same(sorted(answer.json()["keys"]), sorted(session.data), "the refreshed keys", "DAT-5")

    @rule(number=ONE, key=KEYS, new_key=KEYS)
    def derive_dataset(self, number: int, key: str, new_key: str) -> None:
        """DAT-4."""
        session = self.session(number)
        answer = self.at(session).post("data", key, "derive", json={"new_key": new_key})
        if session not in self.alive:
            self.expect(answer, 404, "DAT-4")
        elif key not in session.data and new_key in session.data:
            self.same(answer.status in (404, 409), True, "an unknown source and a taken key are refused", "DAT-4")
        elif key not in session.data or new_key in session.data:
            self.expect(answer, 409 if new_key in session.data else 404, "DAT-4")
        else:
            self.expect(answer, 201, "DAT-4")
            derived = self.at(session).get("data", new_key)
            new_id = self.expect(derived, 200, "DAT-6").json()["metadata"]["id"]
            self.same(new_id in session.data.values(), False, "the derived dataset shares an id", "DAT-4")
            session.data[new_key] = new_id

    @rule(number=ONE, key=KEYS)
    def delete_dataset(self, number: int, key: str) -> None:
        """DAT-3."""
        session = self.session(number)
        answer = self.at(session).delete("data", key)
        if session not in self.alive or key not in session.data:
            self.expect(answer, 404, "DAT-3")
        elif any(s.dataset == key for s in session.scenarios):
            self.expect(answer, 409, "DAT-3")
        else:
            self.expect(answer, 204, "DAT-3")
            del session.data[key]

    @rule(number=ONE, tag=TAGS, key=KEYS)
    def create_scenario(self, number: int, tag: str, key: str) -> None:
        """SCN-2, SCN-3."""
        session = self.session(number)
        fast = self.world.fast
        body = {"tag": tag, "dataset_key": key, "algo_name": fast.name, "algo_params": fast.params or None}
        answer = self.at(session).post("scenarios", json=body)
        if session not in self.alive:
            self.expect(answer, 404, "SES-7")
            return
        taken = any(s.tag == tag for s in session.scenarios)
        if key not in session.data or taken:
            if key not in session.data and taken:
                self.same(answer.status in (404, 409), True, "an unknown dataset and a taken tag are refused", "SCN-3")
            else:
                self.expect(answer, 409 if taken else 404, "SCN-3")
            return
        made = self.expect(answer, 201, "SCN-2").json()
        self.same((made["tag"], made["input_data_id"]), (tag, session.data[key]), "the new scenario", "SCN-2")
        scenario = ModelScenario(made["id"], tag, key)
        session.scenarios.append(scenario)

    @precondition(lambda self: self.has_scenarios())
    @rule(number=ONE)
    def run_scenario(self, number: int) -> None:
        """SCN-6, SCN-7, SCN-10: run to the end."""
        session, scenario = self.scenario(number)
        answer = self.at(session).post("scenarios", scenario.id, "run")
        if session not in self.alive or scenario not in session.scenarios:
            self.expect(answer, 404, "SCN-6")
            return
        if scenario.status != "created":
            self.same(answer.status in (409, 202), True, "running what has ended is refused, or runs it anew", "SCN-7")
        else:
            self.expect(answer, 202, "SCN-6")
        at, world = self.at(session), self.world
        world.becomes(at, scenario.id, *ENDED)
        scenario.status = world.state_of(at, scenario.id)  # it may fail on data that is the kit's own
        self.same(scenario.status in ENDED, True, "the run has ended", "SCN-10")
        scenario.result = at.get("scenarios", scenario.id).json()["result"]
        self.same(scenario.result is not None, True, "what has ended has a result", "SCN-10")

    @precondition(lambda self: self.has_scenarios())
    @rule(number=ONE)
    def reset_scenario(self, number: int) -> None:
        """SCN-12, where it is offered."""
        session, scenario = self.scenario(number)
        answer = self.at(session).post("scenarios", scenario.id, "reset")
        if session not in self.alive or scenario not in session.scenarios:
            self.expect(answer, 404, "SCN-12")
        elif answer.status not in (404, 405):
            self.expect(answer, 200, "SCN-12")
            scenario.status, scenario.result = "created", None

    @precondition(lambda self: self.has_scenarios())
    @rule(number=ONE)
    def delete_scenario(self, number: int) -> None:
        """SCN-5."""
        session, scenario = self.scenario(number)
        answer = self.at(session).delete("scenarios", scenario.id)
        if session not in self.alive or scenario not in session.scenarios:
            self.expect(answer, 404, "SCN-5")
            return
        self.expect(answer, 204, "SCN-5")
        session.scenarios.remove(scenario)
        self.deleted.append((session, scenario))
        self.expect(self.at(session).get("scenarios", scenario.id), 404, "SCN-5")

    @rule(number=ONE)
    def read_unknown(self, number: int) -> None:
        """SCN-5: what never was is unknown."""
        session = self.session(number)
        self.expect(self.at(session).get("scenarios", UNKNOWN_ID), 404, "SCN-5")

    @invariant()
    def target_agrees(self) -> None:
        """GEN-9, SES-10: the target shows just what the model holds, session by session."""
        listed = {s["id"]: s["display_name"] for s in self.world.api.get("/sessions").json()["sessions"]}
        for session in self.alive:
            self.same(listed.get(session.id), session.name, "the session's name", "GEN-9", "SES-6")
        if self.touched in self.alive:
            self.compare(self.touched, "GEN-9")
        if self.alive:
            self.looks += 1
            other = self.alive[self.looks % len(self.alive)]
            if other is not self.touched:
                self.compare(other, "SES-10", "SES-5")

    def compare(self, session: ModelSession, *clauses: str) -> None:
        """Compare datasets and scenarios of one session with the model."""
        at = self.at(session)
        self.same(sorted(at.get("data").json()["keys"]), sorted(session.data), "the datasets", "DAT-1", *clauses)
        scenarios = [(s["id"], s["tag"], s["status"]) for s in at.get("scenarios").json()]
        wanted = [(s.id, s.tag, s.status) for s in session.scenarios]
        self.same(scenarios, wanted, "the scenarios", "SCN-1", *clauses)

    def teardown(self) -> None:
        """Delete what this example has made."""
        self.world.api.watchers.remove(self.note)
        for session in self.alive:
            self.at(session).delete()
