"""What the target offers, found through its public API alone: algorithms, datasets, and sessions of the kit's own."""

from __future__ import annotations

import contextlib
import itertools
import re
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

from ..options import Options
from ..outcomes import Untried
from .client import Api, Session, path_of
from .residue import Ledger, listed_in, sessions_of, snapshot

SLOW_PARAMETER = re.compile(r"duration|second|sleep|delay|wait|time", re.IGNORECASE)
FAILING_NAME = re.compile(r"fail|error|broken|crash", re.IGNORECASE)
ENDED = ("complete", "failed")
UNDER_WAY = ("created", "queued", "processing")
DATASET = "conformance data"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
SLOW_ENOUGH = 0.5
PATIENCE = 3
IMPATIENT = 1.0
SLOW_ANSWER = 0.5
MISSHAPEN = (AssertionError, LookupError, TypeError, ValueError, AttributeError)
"""What a look at a broken answer raises. Finding out what the target offers must not accuse the clause of the check
that happened to ask first: there are checks for these answers."""

Found = TypeVar("Found")


class once(Generic[Found]):
    """A property that is found out on first use and kept, also when it turns out that it cannot be found."""

    def __init__(self, find: Callable[[Any], Found]) -> None:
        self._find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn under which name to keep it."""
        self._name = name

    def __get__(self, owner: Any, _: type | None = None) -> Found:  # noqa: ANN401
        """What was found.

        Raises:
            Untried: It was looked for in vain.
        """
        kept = owner.__dict__.setdefault("untried", {})
        if self._name in kept:
            raise Untried(*kept[self._name])
        try:
            found = self._find(owner)
        except Untried as reason:
            kept[self._name] = (str(reason), reason.needs)
            raise
        owner.__dict__[self._name] = found
        return found


@dataclass(frozen=True)
class Algorithm:
    """An algorithm with the parameters to run it with."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)


class World:
    """The target as the checks see it. Everything is looked up on first use and kept.

    Args:
        api: Requests to the target.
        options: What the user told the kit about it.
    """

    def __init__(self, api: Api, options: Options) -> None:
        self.api = api
        self.options = options
        self.ledger = Ledger()
        self.run_name = f"conformance-{secrets.token_hex(4)}"
        self._numbers = itertools.count(1)
        self._vain = 0
        self._asked: tuple[str, ...] = ("status",)
        api.watchers.append(self.ledger.watch)

    def open(self) -> None:
        """Note what is there before the run, and keep the client off it."""
        self.ledger.before = snapshot(self.api)
        if not self.options.disposable:
            self.api.protected = self.ledger.protected

    def explore(self) -> None:
        """Find out everything now that checks would ask for one by one."""
        if self.options.read_only:
            return
        for find in ("algorithms", "fast", "_slow_name", "failing"):
            with contextlib.suppress(Untried, AssertionError):
                getattr(self, find)

    def found(self) -> dict[str, str]:
        """What was found out about the target that can be told to the next run."""
        kept = self.__dict__
        algorithms = {"fast": kept.get("fast"), "failing": kept.get("failing")}
        found = {name: algorithm.name for name, algorithm in algorithms.items() if algorithm and not algorithm.params}
        return {**found, **({"slow": kept["_slow_name"]} if "_slow_name" in kept else {})}

    def fresh_name(self, kind: str = "") -> str:
        """A name nothing else has."""
        return f"{self.run_name}-{kind}{next(self._numbers)}"

    def new_session(self, display_name: str | None = None, api: Api | None = None) -> Session:
        """Make a session.

        Raises:
            Untried: The target would not make one.
        """
        api = api or self.api
        name = display_name or self.fresh_name()
        self.ledger.names.add(name)
        answer = api.post("/sessions", {"display_name": name})
        if answer.status < 300:
            named = [entry["id"] for entry in listed_in(answer) if entry["display_name"] == name]
            named = named or [entry["id"] for entry in sessions_of(api) if entry["display_name"] == name]
            if named:
                return Session(api, str(named[0]), name)
        raise Untried(f"no session could be made: POST /sessions answered {answer.status}")

    def with_data(self, display_name: str | None = None) -> Session:
        """Make a session that holds one dataset; its key is the session's ``key``.

        Raises:
            Untried: The target would take neither the session nor the dataset.
        """
        session = self.new_session(display_name)
        has_data = any(keys for _, keys in self.ledger.before.values())
        if self._original is None and has_data:
            return self._copied(display_name, session, Untried("no dataset of the target could be read"))
        try:
            self.upload(session, DATASET)
        except Untried as refused:
            return self._copied(display_name, session, refused)
        return replace(session, key=DATASET)

    def _copied(self, display_name: str | None, empty: Session, refused: Untried) -> Session:
        """A copy of a session that has data, for a target whose data the kit cannot read or upload again."""
        empty.delete()
        for session_id, (_, keys) in self.ledger.before.items():
            if keys:
                name = display_name or self.fresh_name()
                self.ledger.names.add(name)
                answer = self.api.post(path_of("sessions", session_id) + "/copy", {"new_display_name": name})
                for entry in listed_in(answer):
                    if entry["display_name"] == name:
                        return Session(self.api, str(entry["id"]), name, keys[0])
        raise refused

    def upload(self, session: Session, key: str) -> dict[str, Any]:
        """Put a copy of the target's dataset into `session` under `key`; returns what was sent.

        Raises:
            Untried: The target would not take it.
        """
        sent = self.payload(key)
        answer = session.post("data", "from-json", json=sent)
        if answer.status >= 300:
            raise Untried(f"no dataset could be uploaded: from-json answered {answer.status}")
        return sent

    def payload(self, key: str) -> dict[str, Any]:
        """A from-json payload named `key`, with an id of its own."""
        original = self._original or small_payload(key)
        return {**original, "metadata": {**original["metadata"], "name": key, "id": str(uuid.uuid4())}}

    @cached_property
    def _original(self) -> dict[str, Any] | None:
        """A dataset of the target, or None where it has none the kit can read."""
        for session_id, (_, keys) in self.ledger.before.items():
            for key in sorted(keys, key=lambda key: key != self.options.dataset):
                with contextlib.suppress(*MISSHAPEN):
                    body = self.api.get(path_of("sessions", session_id, "data", key)).json()
                    if isinstance(body["metadata"], dict) and isinstance(body["tables"], dict) and body["tables"]:
                        return dict(body)
        return None

    @cached_property
    def reading_session(self) -> str:
        """The id of a session to read from: one of the kit's own, or the default one in a read-only run."""
        if not self.options.read_only:
            return self.new_session().id
        if not self.ledger.before:
            raise Untried("the target lists no session to read from")
        return next(iter(self.ledger.before))

    @once
    def algorithms(self) -> dict[str, list[dict[str, Any]]]:
        """The parameter descriptors of every algorithm, by its name; those that are no descriptors are left out.

        Raises:
            Untried: The target does not say.
        """
        path = path_of("sessions", self.reading_session, "algorithms")
        answer = self.api.get(path)
        found: dict[str, list[dict[str, Any]]] = {}
        try:
            for name in answer.json()["algorithms"]:
                if name not in (self.options.crashing, self.options.crashing_native, self.options.silent):
                    found[name] = self._descriptors(path + path_of(name, "parameters"))
        except MISSHAPEN:
            raise Untried(f"the algorithms are not known: GET {path} answered {answer.status}") from None
        if not found:
            raise Untried("the target has no algorithm")
        return found

    def _descriptors(self, path: str) -> list[dict[str, Any]]:
        with contextlib.suppress(*MISSHAPEN):
            return [p for p in self.api.get(path).json()["parameters"] if {"name", "type"} <= set(p)]
        return []

    @once
    def fast(self) -> Algorithm:
        """An algorithm that completes at once: with its defaults, or told to take as little time as it may.

        Raises:
            Untried: None of them does.
        """
        if self.options.fast:
            return Algorithm(self.options.fast)
        doubtful = re.compile(r"slow|" + FAILING_NAME.pattern, re.IGNORECASE)
        names = sorted(self.algorithms, key=lambda name: (bool(doubtful.search(name)), name))
        hurried = [self._taking(name, 0) for name in names]
        session = self.with_data()
        tries = [(5, a) for a in (*map(Algorithm, names), *filter(None, hurried))]
        for seconds, algorithm in [*tries, (15, Algorithm(names[0]))]:  # once more, for a machine that was busy
            if self._ends_as(session, algorithm, seconds) == "complete":
                session.delete()
                return algorithm
        raise Untried("no algorithm completes within 5 seconds: name one with --fast", "--fast NAME")

    def slow(self, seconds: int) -> Algorithm:
        """An algorithm that takes about `seconds`.

        Raises:
            Untried: None is known to.
        """
        return self._taking(self._slow_name, seconds) or Algorithm(self._slow_name)

    @once
    def _slow_name(self) -> str:
        """The algorithm that takes time: the one the user names, or one whose parameter says how long it takes."""
        if self.options.slow:
            return self.options.slow
        candidates = [self._taking(n, 1) for n in sorted(self.algorithms, key=lambda n: "slow" not in n.lower())]
        session = self.with_data()
        for algorithm in filter(None, candidates):
            started = time.monotonic()
            self._ends_as(session, algorithm, seconds=SLOW_ENOUGH)
            if time.monotonic() - started >= SLOW_ENOUGH:
                session.delete()
                return algorithm.name
        raise Untried("no algorithm is known to take as long as it is told: name one with --slow", "--slow NAME")

    def shortest(self, name: str) -> Algorithm:
        """An algorithm with its defaults, told to take as little time as it may."""
        return self._taking(name, 0) or Algorithm(name)

    def _taking(self, name: str, seconds: int) -> Algorithm | None:
        """The algorithm told to take `seconds`, as near as its bounds allow, or None where it cannot be told."""
        for parameter in self.algorithms.get(name, []):
            if parameter["type"] in ("integer", "float") and SLOW_PARAMETER.search(parameter["name"]):
                low, high = parameter.get("min"), parameter.get("max")
                value = max(seconds, low) if low is not None else seconds
                return Algorithm(name, {parameter["name"]: min(value, high) if high is not None else value})
        return None

    @once
    def failing(self) -> Algorithm:
        """An algorithm that ends as ``failed``.

        Raises:
            Untried: None is known to.
        """
        names = (
            [self.options.failing] if self.options.failing else [n for n in self.algorithms if FAILING_NAME.search(n)]
        )
        session = self.with_data()
        for name in names:
            tries: list[dict[str, Any]] = [{}]
            for parameter in self.algorithms.get(name, []):
                tries += [{parameter["name"]: choice} for choice in parameter.get("choices") or []]
            for params in tries:
                if self._ends_as(session, Algorithm(name, params)) == "failed":
                    session.delete()
                    return Algorithm(name, params)
        raise Untried("no algorithm is known to fail: name one with --failing", "--failing NAME")

    def _ends_as(self, session: Session, algorithm: Algorithm, seconds: float = 20) -> str:
        """The status a run ends with, or what it is when `seconds` are over; empty where the answers are misshapen."""
        with contextlib.suppress(*MISSHAPEN):
            made = str(self.create(session, algorithm)["id"])
            session.post("scenarios", made, "run")
            self.wait(lambda: self.has_ended(session, made), seconds)
            return self.state_of(session, made)
        return ""

    def create(self, session: Session, algorithm: Algorithm, tag: str | None = None) -> dict[str, Any]:
        """Create a scenario; returns the answer's body, whatever it is, when it is an object."""
        body: dict[str, Any] = {
            "tag": tag or self.fresh_name("scenario-"),
            "dataset_key": session.key,
            "algo_name": algorithm.name,
        }
        if algorithm.params:
            body["algo_params"] = algorithm.params
        made = session.post("scenarios", json=body).json()
        return made if isinstance(made, dict) else {}

    def scenario(self, session: Session, algorithm: Algorithm | None = None, tag: str | None = None) -> str:
        """Create a scenario and return its id.

        Raises:
            Untried: The target would not make it.
        """
        made = self.create(session, algorithm or self.fast, tag)
        if "id" not in made:
            raise Untried(f"no scenario could be made: {made}")
        return str(made["id"])

    def end_of(self, session: Session, scenario_id: str, seconds: float = 20) -> dict[str, Any]:
        """Run a scenario and return it as it is when it has ended, or when `seconds` are over."""
        session.post("scenarios", scenario_id, "run")
        self.wait(lambda: self.has_ended(session, scenario_id), seconds)
        found = session.get("scenarios", scenario_id).json()
        return found if isinstance(found, dict) else {}

    def completed(self, session: Session, tag: str | None = None) -> dict[str, Any]:
        """A scenario that has been run to its end by the fast algorithm.

        Raises:
            Untried: It did not complete.
        """
        found = self.end_of(session, self.scenario(session, tag=tag))
        if found.get("status") != "complete":
            raise Untried(f"the scenario did not complete but is {found.get('status')!r}")
        return found

    def status(self, session: Session, scenario_id: str) -> dict[str, Any]:
        """The status object of a scenario."""
        found = session.get("scenarios", scenario_id, "status").json()
        return found if isinstance(found, dict) else {}

    def has_ended(self, session: Session, scenario_id: str) -> bool:
        """Whether nothing more is to be waited for: a run has ended, or its status is none there is."""
        status = self.state_of(session, scenario_id)
        return status in ENDED or status not in UNDER_WAY

    def state_of(self, session: Session, scenario_id: str) -> str:
        """The status a scenario has now; a route that answers slowly is left for the other one that says it."""
        began = time.monotonic()
        found = session.get("scenarios", scenario_id, *self._asked).json()
        if time.monotonic() - began > SLOW_ANSWER:
            self._asked = () if self._asked else ("status",)
        return str(found.get("status")) if isinstance(found, dict) else ""

    def becomes(self, session: Session, scenario_id: str, *statuses: str, seconds: float = 10) -> bool:
        """Whether a scenario comes to have one of these statuses within so many seconds."""
        return self.wait(lambda: self.state_of(session, scenario_id) in statuses, seconds)

    def wait(self, condition: Callable[[], bool], seconds: float = 10) -> bool:
        """Poll `condition` until it holds; False when it does not within `seconds`.

        What has been waited for in vain a few times is a fault that has been seen: later waits are short.
        """
        if self._vain >= PATIENCE:
            seconds = min(seconds, IMPATIENT)
        deadline = time.monotonic() + seconds
        pause = 0.002
        while not condition():
            if time.monotonic() > deadline:
                self._vain += seconds >= 2
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)
        return True


def small_payload(key: str) -> dict[str, Any]:
    """A dataset of two rows in the shape of ``DataSource.to_json()``."""
    rows = [{"item": "a", "volume": 1.5, "count": 2}, {"item": "b", "volume": None, "count": 3}]
    table = {
        "data": rows,
        "columns": ["item", "volume", "count"],
        "dtypes": {"item": "str", "volume": "float64", "count": "int64"},
        "index": [0, 1],
    }
    metadata = {
        "id": str(uuid.uuid4()),
        "name": key,
        "type": "master_data",
        "creation_datetime": "2025-01-01T00:00:00",
        "tables": ["items"],
    }
    return {"metadata": metadata, "tables": {"items": table}}
