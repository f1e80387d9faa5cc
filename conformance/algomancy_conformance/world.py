"""What the target offers, found through its public API alone: algorithms, datasets, and sessions of the kit's own."""

from __future__ import annotations

import copy
import itertools
import re
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .api import Api, Session, path_of
from .options import Options
from .outcomes import Untried
from .residue import Ledger, listed_in, sessions_of, snapshot

SLOW_PARAMETER = re.compile(r"duration|second|sleep|delay|wait|time", re.IGNORECASE)
FAILING_NAME = re.compile(r"fail|error|broken|crash", re.IGNORECASE)
ENDED = ("complete", "failed")
DATASET = "conformance data"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


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
        api.watchers.append(self.ledger.watch)

    def open(self) -> None:
        """Note what is there before the run, and keep the client off it."""
        self.ledger.before = snapshot(self.api)
        if not self.options.disposable:
            self.api.protected = self.ledger.protected

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
            for entry in [*listed_in(answer), *sessions_of(api)]:
                if entry["display_name"] == name:
                    return Session(api, str(entry["id"]), name)
        raise Untried(f"no session could be made: POST /sessions answered {answer.status}")

    def with_data(self, display_name: str | None = None) -> Session:
        """Make a session that holds one dataset; its key is the session's ``key``.

        Raises:
            Untried: The target would take neither the session nor the dataset.
        """
        session = self.new_session(display_name)
        try:
            self.upload(session, DATASET)
        except Untried as refused:
            return self._copied(display_name, session, refused)
        return replace(session, key=DATASET)

    def _copied(self, display_name: str | None, empty: Session, refused: Untried) -> Session:
        """A copy of a session that has data, for a target that does not take the kit's upload."""
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
        made = copy.deepcopy(self._original)
        made["metadata"] = {**made["metadata"], "name": key, "id": str(uuid.uuid4())}
        return made

    @cached_property
    def _original(self) -> dict[str, Any]:
        """A dataset of the target, or a small one of the kit's where it has none."""
        for session_id, (_, keys) in self.ledger.before.items():
            for key in sorted(keys, key=lambda key: key != self.options.dataset):
                answer = self.api.get(path_of("sessions", session_id, "data", key))
                body = answer.json() if answer.status == 200 else None
                if isinstance(body, dict) and isinstance(body.get("metadata"), dict) and body.get("tables"):
                    return body
        return small_payload(DATASET)

    @cached_property
    def reading_session(self) -> str:
        """The id of a session to read from: one of the kit's own, or the default one in a read-only run."""
        if not self.options.read_only:
            return self.new_session().id
        if not self.ledger.before:
            raise Untried("the target lists no session to read from")
        return next(iter(self.ledger.before))

    @cached_property
    def algorithms(self) -> dict[str, list[dict[str, Any]]]:
        """The parameter descriptors of every algorithm, by its name.

        Raises:
            Untried: The target does not say.
        """
        path = path_of("sessions", self.reading_session, "algorithms")
        answer = self.api.get(path)
        if answer.status != 200:
            raise Untried(f"the algorithms are not known: GET {path} answered {answer.status}")
        found = {}
        for name in answer.json()["algorithms"]:
            if name != self.options.crashing:
                described = self.api.get(path + path_of(name, "parameters"))
                found[name] = described.json()["parameters"] if described.status == 200 else []
        return found

    @cached_property
    def fast(self) -> Algorithm:
        """An algorithm that completes at once.

        Raises:
            Untried: None of them does.
        """
        if self.options.fast:
            return Algorithm(self.options.fast)
        doubtful = re.compile(r"slow|" + FAILING_NAME.pattern, re.IGNORECASE)
        session = self.with_data()
        for name in sorted(self.algorithms, key=lambda name: (bool(doubtful.search(name)), name)):
            answer = self.create(session, Algorithm(name))
            if answer.get("id") and self.end_of(session, str(answer["id"]), seconds=5).get("status") == "complete":
                session.delete()
                return Algorithm(name)
        raise Untried("no algorithm completes within 5 seconds with its defaults: name one with --fast")

    def slow(self, seconds: int) -> Algorithm:
        """An algorithm that takes about `seconds`.

        Raises:
            Untried: None is known to.
        """
        names = (
            [self.options.slow] if self.options.slow else sorted(self.algorithms, key=lambda n: "slow" not in n.lower())
        )
        for name in names:
            for parameter in self.algorithms.get(name, []):
                if parameter["type"] in ("integer", "float") and SLOW_PARAMETER.search(parameter["name"]):
                    low, high = parameter.get("min"), parameter.get("max")
                    value = max(seconds, low) if low is not None else seconds
                    return Algorithm(name, {parameter["name"]: min(value, high) if high is not None else value})
        if self.options.slow:
            return Algorithm(self.options.slow)
        raise Untried("no algorithm has a parameter that looks like a duration: name one with --slow")

    @cached_property
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
                made = self.create(session, Algorithm(name, params))
                if made.get("id") and self.end_of(session, str(made["id"])).get("status") == "failed":
                    session.delete()
                    return Algorithm(name, params)
        raise Untried("no algorithm is known to fail: name one with --failing")

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
        self.wait(lambda: self.status(session, scenario_id).get("status") in ENDED, seconds)
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

    def wait(self, condition: Callable[[], bool], seconds: float = 10) -> bool:
        """Poll `condition` until it holds; False when it does not within `seconds`."""
        deadline = time.monotonic() + seconds
        pause = 0.002
        while not condition():
            if time.monotonic() > deadline:
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
