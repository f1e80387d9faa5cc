"""Looks at every answer of a run, whatever it was asked for: general rules, contradictions, and what was exercised.

What the kit meets while it prepares itself counts as much as what a check asks for: a 404 for what was acknowledged a
moment ago is a fault of the target, and no reason to leave anything untested.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from ..messages import Exchange, Json
from ..outcomes import Broken, Fault
from ..shapes import NO_STATUS, STATUSES, UNREACHABLE, check_json, flaw_of_error, misshapen
from ..target.wire import Answer

KEPT = 3
LARGE = 2_000_000
FIXED_MESSAGE = "Internal server error"
LISTED = {"data": ("datasets", "DAT-6"), "scenarios": ("scenarios", "GEN-9")}
STEADY = ("tag", "input_data_id")
"""Members of a scenario that stay as they are as long as it lives, as the name of its algorithm does."""
WRITES = re.compile(r"/sessions/[^/]+/(copy|etl|data/from-json)")
"""What answers 404 for an unknown session alone."""
READS = re.compile(r"/sessions/[^/]+/(algorithms|kpis|processing|data|scenarios|data/[^/]+|scenarios/[^/]+(/status)?)")


@dataclass
class Watcher:
    """What all the answers of a run showed; those of several processes can be added up.

    Attributes:
        prefix: What the routes start with.
        crashing: The algorithm that may be answered with a 500.
        answers: How many it has looked at.
        seen: How often each status answered each route.
        tried_for: The clauses whose checks were answered so.
        errors: How many errors had each status.
        flaws: How many errors of each status had each flaw.
        broken: What breaks a rule, a few per fault.
    """

    prefix: str
    crashing: str | None
    answers: int = 0
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    tried_for: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    errors: Counter[int] = field(default_factory=Counter)
    flaws: Counter[tuple[int, str]] = field(default_factory=Counter)
    broken: list[tuple[str, Fault, str, tuple[Exchange, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clauses: tuple[str, ...] = ()
        self._living: dict[str, Exchange] = {}
        self._steady: dict[str, tuple[Json, Exchange]] = {}

    def begin(self, clauses: Iterable[str]) -> None:
        """A check of `clauses` begins: what is answered now is answered for them."""
        self.clauses = tuple(clauses)

    def watch(self, answer: Answer) -> None:
        """Look at one answer."""
        sent = answer.exchange
        self.answers += 1
        self.seen[sent.route, answer.status] += 1
        self.tried_for.setdefault((sent.route, answer.status), set()).update(self.clauses)
        if answer.status >= 400 and sent.method != "HEAD":
            self._watch_error(answer)
        path = sent.url.split("?")[0]
        below = (
            path[path.find(self.prefix + "/sessions") + len(self.prefix) :] if self.prefix + "/sessions" in path else ""
        )
        if not below or len(answer.content) > LARGE:
            return
        if answer.content:
            try:
                check_json(answer)
            except Broken as error:
                self._keep("GEN-2", error.fault or Fault(("body",), str(error)), str(error), sent)
                return
        if isinstance(answer.parsed, ValueError) and answer.content:
            return
        self._watch_statuses(answer)
        self._remember(below, answer)
        self._compare(below, "?" in sent.url, answer)

    def _watch_error(self, answer: Answer) -> None:
        sent, said = answer.exchange, f"{answer.exchange.method} {answer.exchange.url} answered {answer.status}"
        self.errors[answer.status] += 1
        flaw = flaw_of_error(answer.content)
        if flaw:
            self.flaws[answer.status, flaw] += 1
            self._keep("GEN-1", misshapen(answer.status, flaw), f"{said}: {sent.answer[:200]}", sent)
        if answer.status < 500:
            return
        if not (self.crashing and f"/algorithms/{quote(self.crashing, safe='')}/" in sent.url):
            fault = Fault(("crash", sent.route), f"`{sent.route}` is answered {answer.status}")
            self._keep("GEN-5", fault, f"{said}: {sent.answer[:200]}", sent)
        if FIXED_MESSAGE not in sent.answer or "Traceback" in sent.answer:
            fault = Fault(("500",), f"a {answer.status} does not carry the one fixed message")
            self._keep("ERR-5", fault, f"{said}: {sent.answer[:200]}", sent)

    def _keep(self, clause: str, fault: Fault, said: str, *shown: Exchange) -> None:
        if sum(kept == fault and of == clause for of, kept, _, _ in self.broken) < KEPT:
            self.broken.append((clause, fault, said, shown))

    # What was acknowledged, by its path.

    def _remember(self, below: str, answer: Answer) -> None:
        """Note what a write has made or ended."""
        sent, parts = answer.exchange, below.split("/")[1:]
        if sent.method in ("DELETE", "PATCH") and len(parts) == 2 and below not in self._living:
            self._forget("")  # by its name: which session it was cannot be told here
        if sent.method == "DELETE":
            self._forget(below)
        if answer.status >= 300 or sent.method != "POST":
            return
        for made in self._made(parts, answer):
            self._living[made] = sent

    def _forget(self, path: str) -> None:
        for known in (self._living, self._steady):
            for gone in [p for p in known if p == path or p.startswith(path + "/")]:
                del known[gone]

    def _made(self, parts: list[str], answer: Answer) -> Iterator[str]:
        """The paths of what a successful POST says it has made."""
        try:
            asked = answer.asked
            if parts == ["sessions"] or parts[2:] == ["copy"]:
                name = asked["display_name" if parts == ["sessions"] else "new_display_name"]
                found = [s["id"] for s in answer.json()["sessions"] if s["display_name"] == name]
                yield from (f"/sessions/{i}" for i in found[:1])
            elif f"/sessions/{parts[1]}" not in self._living:
                return
            elif parts[2:] == ["scenarios"]:
                yield f"/sessions/{parts[1]}/scenarios/{answer.json()['id']}"
            elif parts[2:] == ["data", "from-json"]:
                yield f"/sessions/{parts[1]}/data/{quote(asked['metadata']['name'], safe='')}"
            elif parts[2] == "data" and parts[4:] == ["derive"]:
                yield f"/sessions/{parts[1]}/data/{quote(asked['new_key'], safe='')}"
            elif parts[2:] == ["etl"] and answer.json()["success"] is True:
                yield f"/sessions/{parts[1]}/data/{quote(answer.json()['dataset_name'], safe='')}"
        except (LookupError, TypeError, AttributeError, Broken):
            return

    def _compare(self, below: str, queried: bool, answer: Answer) -> None:
        """Compare what is read with what was acknowledged."""
        sent, parts = answer.exchange, below.split("/")[1:]
        if answer.status == 404:
            self._compare_missing(below, parts, answer)
        if sent.method == "POST" and parts[2:] == ["etl"] and answer.status < 300:
            self._compare_upload(answer)
        if sent.method != "GET":
            self._compare_scenarios(answer)
            return
        if answer.status == 200 and not queried:
            self._compare_scenarios(answer)
            if len(parts) == 3 and parts[2] in LISTED:
                self._compare_list(below, parts[2], answer)

    def _compare_missing(self, below: str, parts: list[str], answer: Answer) -> None:
        """What was acknowledged is not unknown to a request that names nothing else."""
        sent = answer.exchange
        if sent.method == "GET" and READS.fullmatch(below) and "prefer" not in sent.headers:
            # One that waited for a change may hear of a deletion before whoever asked for that does.
            thing = "/" + "/".join(parts[:4] if len(parts) > 3 and parts[2] in LISTED else parts[:2])
        elif sent.method == "POST" and WRITES.fullmatch(below):
            thing = "/" + "/".join(parts[:2])
        else:
            return
        if thing not in self._living:
            return
        made = self._living[thing]
        said = f"what `{made.route}` acknowledged is answered 404 by `{sent.route}`"
        if thing.count("/") > 2 and parts[2] == "data":
            self._keep("DAT-6", UNREACHABLE, f"{said}: {unquote(below)}", made, sent)
        else:
            self._keep("GEN-9", Fault(("404", sent.route, made.route), said), f"{said}: {unquote(below)}", made, sent)

    def _compare_list(self, below: str, kind: str, answer: Answer) -> None:
        what, clause = LISTED[kind]
        body = answer.parsed
        try:
            listed = body["keys"] if kind == "data" else [s["id"] for s in body]
            paths = {f"{below}/{quote(str(name), safe='')}" for name in listed}
        except (LookupError, TypeError):
            return
        for path, made in self._living.items():
            if path.startswith(below + "/") and path not in paths:
                fault = Fault(("unlisted", kind, made.route), f"{what} that `{made.route}` acknowledged are not listed")
                self._keep(clause, fault, f"{fault.sentence}: {unquote(path)}", made, answer.exchange)

    def _compare_upload(self, answer: Answer) -> None:
        body = answer.parsed
        if isinstance(body, dict) and body.get("success") is True and isinstance(body.get("keys"), list):
            name = body.get("dataset_name")
            if name not in body["keys"]:
                fault = Fault(("etl keys",), "an upload is a success, and its dataset is not in the keys of the answer")
                self._keep("DAT-6", fault, f"{fault.sentence}: {name!r}", answer.exchange)

    def _watch_statuses(self, answer: Answer) -> None:
        """Every status is one of the five."""
        body = answer.parsed
        for thing in body if isinstance(body, list) else [body]:
            if isinstance(thing, dict) and "tag" in thing and "status" in thing and thing["status"] not in STATUSES:
                said = f"{answer.exchange.method} {answer.exchange.url} shows the status {thing['status']!r}"
                self._keep("SCN-9", NO_STATUS, said, answer.exchange)

    def _compare_scenarios(self, answer: Answer) -> None:
        """Two answers about one scenario agree on what never changes."""
        body = answer.parsed
        for scenario in body if isinstance(body, list) else [body]:
            if not isinstance(scenario, dict) or not isinstance(scenario.get("id"), str) or "kpis" not in scenario:
                continue
            now = {m: scenario[m] for m in STEADY if m in scenario}
            if isinstance(scenario.get("algorithm"), dict):
                now["algorithm"] = scenario["algorithm"].get("name")
            before, shown = self._steady.setdefault(scenario["id"], (now, answer.exchange))
            changed = [m for m in now if m in before and before[m] != now[m]]
            if changed:
                fault = Fault(
                    ("differs", *changed), f"the {', '.join(changed)} of a scenario differs between two answers"
                )
                self._keep("GEN-9", fault, f"{fault.sentence}: {before} and {now}", shown, answer.exchange)

    def failures(self, *clauses: str) -> list[Broken]:
        """What was found against these clauses."""
        return [
            Broken(said, clause, fault=fault, shown=shown)
            for clause, fault, said, shown in self.broken
            if clause in clauses
        ]

    def add(self, other: Watcher) -> None:
        """Take over what another process has seen."""
        self.answers += other.answers
        self.seen += other.seen
        self.errors += other.errors
        self.flaws += other.flaws
        for where, clauses in other.tried_for.items():
            self.tried_for.setdefault(where, set()).update(clauses)
        for clause, fault, said, shown in other.broken:
            self._keep(clause, fault, said, *shown)
