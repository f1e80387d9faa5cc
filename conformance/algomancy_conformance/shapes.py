"""What objects and answers of the contract look like, each as a function that says what is wrong; and races."""

from __future__ import annotations

import json
import math
import re
import threading
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import pairwise

from .clauses import Profile
from .messages import Json, strict_json
from .outcomes import Broken, Fault
from .target.client import Session
from .target.wire import Answer, wrong_status

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
STATUSES = ("created", "queued", "processing", "complete", "failed")
DIRECTIONS = ("HIGHER", "LOWER", "AT_LEAST", "AT_MOST")
PARAMETER_TYPES = ("string", "integer", "float", "boolean", "enum", "multi_enum", "time", "interval")
SCENARIO_MEMBERS = ("id", "tag", "input_data_id", "kpis", "algorithm", "data_parameters", "status", "result")
KPI_MEMBERS = ("name", "better_when", "unit", "value", "threshold")
ABSURD_LENGTH = 2**40
"""A body that nobody takes: it is announced, and never sent."""
RACERS = 8
RACES = 12
"""Rounds. A server that checks and then acts loses one round in two or three on an idle machine."""
EXTRA_MEMBERS = {
    "string": ("default",),
    "boolean": ("default",),
    "time": ("default",),
    "interval": ("default",),
    "integer": ("default", "min", "max"),
    "float": ("default", "min", "max"),
    "enum": ("choices",),
    "multi_enum": ("choices",),
}


def demand(holds: object, message: str) -> None:
    """Raise AssertionError with `message` unless `holds`."""
    if not holds:
        raise AssertionError(message)


def is_uuid(value: object) -> bool:
    """Whether `value` is a UUID in its canonical spelling."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def is_iso(value: object) -> bool:
    """Whether `value` is an ISO 8601 time."""
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def is_utc(value: object) -> bool:
    """Whether `value` is an RFC 3339 time in UTC, written with Z."""
    return isinstance(value, str) and RFC_3339_UTC.fullmatch(value) is not None and is_iso(value)


def is_number(value: object) -> bool:
    """Whether `value` is a finite JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def same_json(one: Json, other: Json) -> bool:
    """Whether two JSON values are the same: unlike Python's ``==``, this tells true from 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def check_members(thing: Json, members: Iterable[str], what: str) -> None:
    """`thing` is an object with at least these members."""
    demand(isinstance(thing, dict), f"{what} is not an object: {thing!r}")
    missing = [m for m in members if m not in thing]
    demand(not missing, f"{what} lacks {', '.join(missing)}")


def check_error(answer: Answer) -> None:
    """The body is exactly ``{"detail": "<message>"}``."""
    sent = f"{answer.exchange.method} {answer.exchange.url} answered {answer.status}"
    demand(400 <= answer.status < 600, f"{sent}, which is no error")
    flaw = flaw_of_error(answer.content)
    if flaw:
        said = f'{sent} with {answer.exchange.answer[:200] or "nothing"} instead of {{"detail": "<message>"}}'
        raise Broken(said, fault=misshapen(answer.status, flaw))


def check_unknown(session: Session, scenario_id: str) -> None:
    """Every route of a scenario that is not in the session is answered 404."""
    for answer in (
        session.get("scenarios", scenario_id),
        session.get("scenarios", scenario_id, "status"),
        session.post("scenarios", scenario_id, "run"),
        session.delete("scenarios", scenario_id),
    ):
        check_error(answer.expect(404))


def flaw_of_error(content: bytes) -> str:
    """What is wrong with the body of an error, or an empty string."""
    try:
        body = strict_json(content)
    except ValueError:
        return "a body that is not JSON" if content else "no body"
    if not isinstance(body, dict) or "detail" not in body:
        return "no `detail`"
    detail = body["detail"]
    if not isinstance(detail, str):
        kinds = {list: "a list", dict: "an object", type(None): "null"}
        return f"{kinds.get(type(detail), 'a value that is no text')} as `detail`"
    if not detail:
        return "an empty `detail`"
    return "" if len(body) == 1 else "members beside `detail`"


def misshapen(status: int, flaw: str) -> Fault:
    """The fault of errors whose body is not the one shape."""
    return Fault(("shape", str(status), flaw), f"a {status} has {flaw}")


NO_STATUS = Fault(("status value",), "a status is none of the five")
UNREACHABLE = Fault(("unreachable key",), "a dataset key is acknowledged, and the dataset cannot be had by it")


def check_survived(answer: Answer, what: str = "") -> Answer:
    """`answer`, when it is no server error.

    Args:
        answer: What came back.
        what: What was sent, for the message.
    """
    if answer.status >= 500:
        sent = f"{answer.exchange.method} {answer.exchange.url}{f', {what},' if what else ''}"
        raise Broken(
            f"{sent} is answered {answer.status}: {answer.exchange.answer[:200]}",
            fault=wrong_status(answer.exchange.route, answer.status, ""),
        )
    return answer


def check_names(answer: Answer, *words: str) -> None:
    """The message of an error, which must be one, names each of `words`."""
    check_error(answer)
    missing = [word for word in words if word not in answer.detail]
    if missing:
        fault = Fault(
            ("unnamed", answer.exchange.route, str(answer.status)),
            f"the message of a {answer.status} of `{answer.exchange.route}` does not name what is wrong",
        )
        raise Broken(f"the message {answer.detail!r} does not name {', '.join(map(repr, missing))}", fault=fault)


def check_no_sentinel(scenario: Json, when: str) -> None:
    """No KPI of a scenario that has none has a value."""
    values = {name: kpi["value"] for name, kpi in scenario["kpis"].items()}
    if any(value is not None for value in values.values()):
        fault = Fault(("sentinel",), "a KPI that has no value shows a sentinel instead of null")
        raise Broken(f"{when} the KPI values are {values}", fault=fault)


def check_empty(answer: Answer) -> None:
    """The answer has no body and announces none: a client does not read that of a 204, and it would stay behind."""
    announced = answer.headers.get("content-length", "0")
    demand(answer.content == b"" and announced == "0", f"the {answer.status} has a body of {announced} bytes")


def check_json(answer: Answer) -> None:
    """The body is strict JSON, and the header says that it is JSON."""
    route = answer.exchange.route
    content_type = answer.headers.get("content-type", "").split(";")[0].strip()
    if content_type != "application/json":
        said = f"is answered as {content_type or 'nothing'}, not as application/json"
        fault = Fault(("media type", route, content_type), f"`{route}` {said}")
        if answer.status >= 400 and (flaw := flaw_of_error(answer.content)):
            fault = misshapen(answer.status, flaw)  # what wrote the body wrote the header
        raise Broken(f"{answer.exchange.method} {answer.exchange.url}, {answer.status}, {said}", fault=fault)
    answer.json()


def session_list(answer: Answer) -> dict[str, str]:
    """Check a list of sessions; returns display name by id."""
    body = answer.json()
    check_members(body, ("sessions", "default"), "the list of sessions")
    demand(isinstance(body["sessions"], list) and body["sessions"], "the list of sessions is empty")
    names: dict[str, str] = {}
    for entry in body["sessions"]:
        check_members(entry, ("id", "display_name"), "a session")
        demand(is_uuid(entry["id"]), f"the session id {entry['id']!r} is not a UUID")
        demand(isinstance(entry["display_name"], str), "a display_name is not a string")
        names[entry["id"]] = entry["display_name"]
    demand(len(names) == len(body["sessions"]), "two sessions share an id")
    demand(body["default"] in names, f"the default session {body['default']!r} is not in the list")
    return names


def check_scenario(scenario: Json) -> None:
    """A scenario object with all the members the seed names."""
    check_members(scenario, SCENARIO_MEMBERS, "the scenario")
    demand(isinstance(scenario["id"], str) and scenario["id"], "the scenario's id is not a string")
    demand(isinstance(scenario["tag"], str), "the scenario's tag is not a string")
    if scenario["status"] not in STATUSES:
        raise Broken(f"the scenario's status is {scenario['status']!r}", "SCN-9", fault=NO_STATUS)
    check_members(scenario["algorithm"], ("name", "parameters"), "the scenario's algorithm")
    demand(isinstance(scenario["kpis"], dict), "the scenario's kpis are not an object")
    for name, kpi in scenario["kpis"].items():
        check_members(kpi, KPI_MEMBERS, f"the KPI {name!r}")
        demand(isinstance(kpi["name"], str) and kpi["name"], f"the KPI {name!r} carries the name {kpi['name']!r}")
        demand(kpi["better_when"] in DIRECTIONS, f"the KPI {name!r} is better when {kpi['better_when']!r}")
        demand(kpi["value"] is None or is_number(kpi["value"]), f"the KPI {name!r} has the value {kpi['value']!r}")


def check_parameters(scenario: Json, profile: Profile) -> None:
    """The parameters of a scenario's algorithm are an object; for others also the JSON text of one."""
    given = scenario["algorithm"]["parameters"]
    if isinstance(given, str) and profile is Profile.SEED:
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, dict):
        fault = Fault(("parameters",), "`algorithm.parameters` is no object of plain values")
        raise Broken(f"the parameters of the algorithm are {scenario['algorithm']['parameters']!r}", fault=fault)


def check_descriptor(parameter: Json) -> None:
    """A parameter descriptor with the members its type asks for."""
    check_members(parameter, ("name", "type", "required", "value"), "the parameter")
    name, kind = parameter["name"], parameter["type"]
    demand(kind in PARAMETER_TYPES, f"the parameter {name!r} has the type {kind!r}")
    demand(isinstance(parameter["required"], bool), f"the parameter {name!r} has a 'required' that is no boolean")
    check_members(parameter, EXTRA_MEMBERS[kind], f"the {kind} parameter {name!r}")
    limits = [parameter[bound] for bound in ("min", "max") if bound in EXTRA_MEMBERS[kind]]
    demand(all(v is None or is_number(v) for v in limits), f"the parameter {name!r} has the bounds {limits}")
    for member in ("value", "default"):
        given = parameter.get(member)
        demand(given is None or fits(kind, given), f"the {kind} {name!r} has the {member} {given!r}")
        low, high = (parameter.get(bound) if is_number(given) else None for bound in ("min", "max"))
        within = (low is None or given >= low) and (high is None or given <= high)
        demand(within, f"the {member} of {name!r}, {given!r}, is outside its bounds {low!r} and {high!r}")
    if kind in ("enum", "multi_enum"):
        demand(isinstance(parameter["choices"], list) and parameter["choices"], f"{name!r} has no choices")
        chosen = parameter["value"] if kind == "multi_enum" else [parameter["value"]]
        wrong = [c for c in chosen or () if c is not None and c not in parameter["choices"]]
        demand(not wrong, f"the value of {name!r} is none of its choices")
    if kind == "interval":
        demand(isinstance(parameter["default"], list), f"the interval {name!r} has no pair as default")


def fits(kind: str, value: Json) -> bool:
    """Whether `value` is one that a parameter of this type can have."""
    if kind in ("integer", "float"):
        return is_number(value) and (kind == "float" or value == int(value))
    if kind == "interval":
        return isinstance(value, list) and len(value) == 2 and all(v is None or is_iso(v) for v in value)
    if kind == "time":
        return is_iso(value)
    wanted = {"string": str, "boolean": bool, "multi_enum": list}.get(kind, object)
    return isinstance(value, wanted)


def check_dataset(body: Json) -> None:
    """A dataset in the shape of ``DataSource.to_json()``."""
    check_members(body, ("metadata", "tables"), "the dataset")
    check_members(body["metadata"], ("id", "name", "type", "creation_datetime", "tables"), "the metadata")
    for member in ("id", "name", "type", "creation_datetime"):
        demand(isinstance(body["metadata"][member], str), f"metadata.{member} is {body['metadata'][member]!r}")
    demand(isinstance(body["tables"], dict), "the tables are not an object")
    demand(sorted(body["metadata"]["tables"]) == sorted(body["tables"]), "metadata.tables and tables do not agree")
    for name, table in body["tables"].items():
        check_members(table, ("data", "columns", "dtypes", "index"), f"the table {name!r}")
        for member in ("data", "columns", "index"):
            demand(isinstance(table[member], list), f"the {member} of {name!r} is not an array")
        demand(isinstance(table["dtypes"], dict), f"the dtypes of {name!r} are not an object")
        demand(all(isinstance(row, dict) for row in table["data"]), f"a row of {name!r} is not an object")
        demand(len(table["index"]) == len(table["data"]), f"the index of {name!r} does not fit its rows")
        unlisted = {str(column) for row in table["data"] for column in row} - {str(c) for c in table["columns"]}
        demand(not unlisted, f"rows of {name!r} have columns that are not listed: {sorted(unlisted)}")


def check_queue(statuses: list[str]) -> None:
    """Scenarios queued in this order have these statuses: none has begun before the one ahead of it has ended."""
    for ahead, behind in pairwise(statuses):
        begun = behind in ("processing", "complete", "failed")
        demand(not begun or ahead in ("complete", "failed"), f"in the order of the queue they are {statuses}")


def race(ask: Callable[[], int]) -> list[int]:
    """The sorted statuses of what `ask` is answered by eight clients at one moment."""
    barrier = threading.Barrier(RACERS)

    def start() -> int:
        barrier.wait(10)
        return ask()

    with ThreadPoolExecutor(RACERS) as pool:
        return sorted(future.result() for future in [pool.submit(start) for _ in range(RACERS)])


def check_one_winner(statuses: list[int], route: str, won: int = 201) -> None:
    """Exactly one of the racers was answered `won`, the others 409."""
    if statuses != [won] + [409] * (RACERS - 1):
        fault = Fault(("race", route), f"of several simultaneous `{route}` of one thing not just one wins")
        raise Broken(f"the answers are {statuses}", fault=fault)
