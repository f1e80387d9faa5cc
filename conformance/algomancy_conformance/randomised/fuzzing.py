"""Random requests, good and bad, made by schemathesis from the published document and judged by it.

Every check of schemathesis is mapped to a clause, so that level and verdict follow from the clause.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeAlias

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response

from ..clauses import Profile
from ..document import OPTIONAL, document_for_all, operations, published_document, with_prefix
from ..messages import Json
from ..outcomes import Broken, KitError, Untried, leaves_of
from ..target.client import Session, as_json
from ..target.etl_sample import EtlSample
from ..target.wire import Answer, wrong_status
from ..target.world import World
from . import ShrinkBudget
from .wording import OPERATION_CLAUSE, worded

Operation: TypeAlias = "APIOperation[Any, Any, Any, Any]"
RandomCase: TypeAlias = "Case[Any]"

REFUSED_BY_RULES = {
    "create_scenario": 400,  # ERR-2: parameters are checked by the algorithm's own rules
    "derive_dataset": 400,  # DAT-9: keys with a slash or a control character
    "add_dataset_from_json": 400,  # DAT-5: rows and columns that contradict each other
    "run_etl": 400,  # ETL-3, ETL-6: random bytes are no files
    "create_session": 422,  # SES-11: blank names and control characters
    "copy_session": 422,
    "rename_session": 422,
}
"""What else may answer data that fits the document, where the contract has rules the document cannot hold."""

STREAMED = ("get_events",)
"""Operations whose answer does not end: hand-written checks listen to them."""
IGNORED_QUERY = "list_scenarios"
"""Its query is an optional capability: a target without it may ignore what it is sent there."""
UNSENT = ("content-length", "connection", "user-agent", "x-schemathesis-testcaseid")
"""Headers of schemathesis that nobody needs to repeat a request."""
CELL = {"type": ["null", "boolean", "integer", "number", "string"]}
"""A cell of a table as it is made up: any JSON in each, which the document allows, takes most of the time of a run."""
GENERAL = ("GEN-1", "GEN-2", "GEN-3", "GEN-5", "ERR-4", "ERR-6")
SHRINK_SECONDS = 1
SECONDS_A_CASE = 1.0
"""What a random case may wait on average; of a route that takes longer fewer are tried, and the report says so."""
RESERVED_KEY = "from-json"  # no dataset has it (DAT-9): a path with it is that of another operation
UNBREAKABLE_BODIES = ("run_etl",)  # schemathesis cannot break a multipart body in a way that is surely wrong


@dataclass
class Live:
    """Things that exist on the target, for the requests that want one.

    Attributes:
        world: The target.
        session: A session with a dataset and a scenario.
        scenario_id: That scenario.
    """

    world: World
    session: Session
    scenario_id: str

    @cached_property
    def occupied(self) -> Session:
        """A session in which a run is under way, for the moment: what is queued behind it costs no worker its life."""
        session = self.world.with_data()
        session.post("scenarios", self.world.scenario(session, self.world.slow(3)), "run")
        return session

    @classmethod
    def on(cls, world: World) -> Live:
        """Make them."""
        session = world.with_data()
        return cls(world, session, world.scenario(session))

    def ids(self, operation_id: str) -> dict[str, str]:
        """A value for each path parameter; what the operation uses up is made for it."""
        session, key, scenario = self.session, self.session.key, self.scenario_id
        if operation_id in ("delete_session", "rename_session"):
            session = self.world.new_session()
        if operation_id == "delete_dataset":
            key = self.world.fresh_name("doomed-")
            session.post("data", session.key, "derive", json={"new_key": key})
        if operation_id in ("delete_scenario", "run_scenario"):
            scenario = self.world.scenario(session)
        if operation_id == "cancel_scenario":
            session = self.occupied  # another one: what is not cancelled after all keeps nobody waiting
            scenario = self.world.scenario(session, self.world.slow(2))
            session.post("scenarios", scenario, "run")
        if operation_id == "reset_scenario":
            scenario = str(self.world.completed(session)["id"])
        name = self.world.fast.name
        return {"session_id": session.id, "algorithm_name": name, "data_key": key, "scenario_id": scenario}

    def good_body(self, operation_id: str) -> Json:
        """A body the operation accepts, or None where it wants none."""
        fresh = self.world.fresh_name()
        bodies: dict[str, Any] = {
            "create_session": {"display_name": fresh},
            "copy_session": {"new_display_name": fresh},
            "rename_session": {"display_name": fresh},
            "derive_dataset": {"new_key": fresh},
            "create_scenario": {"tag": fresh, "dataset_key": self.session.key, "algo_name": self.world.fast.name},
        }
        return self.world.payload(fresh) if operation_id == "add_dataset_from_json" else bodies.get(operation_id)


@dataclass(frozen=True)
class Fuzzer:
    """Sends what schemathesis makes to the target, and judges the answers by the published document.

    Attributes:
        world: The target.
        live: Things that exist on it.
        examples: Random cases per operation.
        seed: What they start from.
    """

    world: World
    live: Live
    examples: int
    seed: int
    operations: dict[str, Operation]

    @classmethod
    def on(cls, world: World) -> Fuzzer:
        """A fuzzer for the target."""
        operations = load_operations(world.api.url, world.api.prefix)
        return cls(world, Live.on(world), world.options.examples, world.options.seed, operations)

    def operation(self, operation_id: str) -> Operation:
        """An operation of the document."""
        if operation_id not in self.operations:
            raise KitError(f"The published document has no operation {operation_id}.")
        return self.operations[operation_id]

    def try_good(self, operation_id: str, sample: Callable[[], EtlSample]) -> None:
        """Make one good request and judge the answer.

        Raises:
            Broken: It is refused, or does not fit the document.
            NotOffered: An optional operation is not there.
        """
        operation = self.operation(operation_id)
        names = [p.name for p in operation.path_parameters]
        ids = self.live.ids(operation_id)
        body = self.live.good_body(operation_id)
        case = operation.Case(path_parameters={n: ids[n] for n in names}, **({} if body is None else {"body": body}))
        files = sample().files if operation_id == "run_etl" else None
        answer, request = self.send(case, files)
        if operation_id in OPTIONAL:
            answer.offered("the operation")
        if not 200 <= answer.status < 300:
            said = f"a good request is answered {answer.status}: {answer.exchange.answer[:300]}"
            raise Broken(said, fault=wrong_status(answer.exchange.route, answer.status, "2xx"))
        self.judge(operation_id, case, answer, request)

    def try_random(self, operation_id: str, *, good: bool) -> None:
        """Make random requests and judge the answers: each of something random, and once more of what exists.

        Args:
            operation_id: What to ask for.
            good: Whether the data fits the document.

        Raises:
            Broken: An answer does not fit the document.
            Untried: The target answers so slowly that not all of them were made.
        """
        operation = self.operation(operation_id)
        if not good and operation_id == "add_dataset_from_json":
            operation = load_operations(self.world.api.url, self.world.api.prefix, plain_cells=False)[operation_id]
        names = [p.name for p in operation.path_parameters]
        ids = self.live.ids(operation_id)
        fixed = {name: ids[name] for name in names}
        if operation_id in OPTIONAL:
            self.send(operation.Case(path_parameters=fixed))[0].offered("the operation")
        mode = GenerationMode.POSITIVE if good else GenerationMode.NEGATIVE
        strategy = operation.as_strategy(mode, path_parameters={name: ids[name] for name in names[:-1]} or None)

        @seed(self.seed)
        @settings(
            max_examples=self.examples,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @given(case=strategy)
        def fuzz(case: RandomCase) -> None:
            if case.path_parameters.get("data_key") == RESERVED_KEY:
                reject()
            budget.check()
            (tried if time.monotonic() < slow else left).append(case)
            if left:
                return
            try:
                self.judge(operation_id, case, *self.send(case))
                if names:
                    self.aim_at_living(case, operation_id, fixed, good=good)
                    self.judge(operation_id, case, *self.send(case))
            except Broken as error:
                budget.failed(error, len(self.world.api.recent[-1].body))
                raise

        budget = ShrinkBudget(SHRINK_SECONDS)
        tried: list[RandomCase] = []
        left: list[RandomCase] = []
        slow = time.monotonic() + self.examples * SECONDS_A_CASE
        try:
            with budget.kept():
                fuzz()
        except Unsatisfiable:
            raise Untried("schemathesis can make no such request") from None
        if left:
            made = f"of {len(tried) + len(left)} random requests {len(tried)} were made"
            raise Untried(f"{made}: `{operation.label}` answers slowly", clauses=(OPERATION_CLAUSE[operation_id],))

    def aim_at_living(self, case: RandomCase, operation_id: str, fixed: dict[str, str], *, good: bool) -> None:
        """Have a request ask for things that exist: new ones where the operation uses them up."""
        if operation_id.startswith(("delete_", "run_", "cancel_", "reset_", "rename_")) and operation_id != "run_etl":
            ids = self.live.ids(operation_id)
            fixed = {name: ids[name] for name in fixed}
        case.path_parameters = fixed
        if good and operation_id == "create_scenario" and isinstance(case.body, dict):
            case.body = {**case.body, "dataset_key": self.live.session.key, "algo_name": self.world.fast.name}

    def send(self, case: RandomCase, files: dict[str, bytes] | None = None) -> tuple[Answer, requests.PreparedRequest]:
        """Send a case through the kit's own client; returns the answer and what was sent."""
        arguments = case.as_transport_kwargs(base_url=self.world.api.url)
        if files is not None:
            arguments["data"] = {"dataset_name": self.world.fresh_name()}
            arguments["files"] = [("files", (name, content)) for name, content in files.items()]
        arguments.pop("json_encoder", None)
        prepared = requests.Request(**arguments).prepare()
        content = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
        if not isinstance(content, bytes):
            raise KitError("A body is a stream, and cannot be kept for the report.")
        headers = [(n, str(v)) for n, v in prepared.headers.items() if n.lower() not in UNSENT]
        answer = self.world.api.root(str(prepared.method), str(prepared.url), content=content, headers=headers)
        return answer, prepared

    def judge(self, operation_id: str, case: RandomCase, answer: Answer, request: requests.PreparedRequest) -> None:
        """Compare the answer to a request with the document.

        Raises:
            Broken: It does not fit.
        """
        if operation_id in OPTIONAL and answer.status == 405:
            return  # the operation is not offered, as its good request has shown
        try:
            headers = {name: [value] for name, value in answer.headers.items()}
            judged = Response(answer.status, headers, self.as_judged(answer), request, elapsed=0.0, verify=True)
            case.validate_response(judged)
        except FailureGroup as group:
            failures = [failure for failure in leaves_of(group) if not self.allows(operation_id, failure, answer)]
            if failures:
                raise worded(operation_id, failures, answer) from None

    @staticmethod
    def allows(operation_id: str, failure: Failure, answer: Answer) -> bool:
        """Whether the contract allows what schemathesis takes for a failure.

        Said here and not in its configuration, which it puts together anew for every case and every answer.
        """
        match type(failure).__name__:
            case "RejectedPositiveData":
                return answer.status == REFUSED_BY_RULES.get(operation_id)
            case "AcceptedNegativeData":
                return operation_id == IGNORED_QUERY
        return False

    def as_judged(self, answer: Answer) -> bytes:
        """The body of an answer as the document is to judge it.

        In the profile ``seed`` the parameters of a scenario's algorithm may be the JSON text of an object.
        """
        body = answer.parsed
        if self.world.options.profile is not Profile.SEED or b'"parameters"' not in answer.content:
            return answer.content
        changed = [with_parsed_parameters(s) for s in body] if isinstance(body, list) else with_parsed_parameters(body)
        return answer.content if changed == body else as_json(changed)


def with_parsed_parameters(scenario: Json) -> Json:
    """A scenario with the parameters of its algorithm as the object they are the text of, where they are one."""
    try:
        parameters = json.loads(scenario["algorithm"]["parameters"])
        if isinstance(parameters, dict):
            return {**scenario, "algorithm": {**scenario["algorithm"], "parameters": parameters}}
    except (LookupError, TypeError, ValueError):
        pass
    return scenario


@cache
def load_operations(url: str, prefix: str, *, plain_cells: bool = True) -> dict[str, Operation]:
    """The operations of the published document by their id, as schemathesis has them for a target at `url`.

    Args:
        url: Where it is.
        prefix: What its routes begin with.
        plain_cells: Whether cells of datasets that are sent are to be scalars. The document leaves cells open: an
            object in one may be refused, so good requests have none, and may be taken, so it makes no request bad.
    """
    config = {"base-url": url, "generation": {"database": "none"}}
    document = copy.deepcopy(with_prefix(document_for_all(), prefix))
    if plain_cells:
        table = document["components"]["schemas"]["TablePayload"]["properties"]
        table["data"]["items"]["additionalProperties"] = table["index"]["items"] = CELL
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(config))
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {operation.definition.raw["operationId"]: operation for operation in found}


def can_be_bad(operation_id: str) -> bool:
    """Whether there is something in a request of an operation of the published document that can be surely wrong."""
    operation = next(o for _, _, o in operations(published_document()) if o["operationId"] == operation_id)
    asks = "requestBody" in operation or any(p["in"] == "query" for p in operation.get("parameters", ()))
    return asks and operation_id not in UNBREAKABLE_BODIES
