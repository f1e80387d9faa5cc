"""The verdict in the formats that other programs show: JSON, JUnit, SARIF, Markdown and a badge."""

from __future__ import annotations

import json
import re
from html import escape
from xml.etree import ElementTree

from ..clauses import Level
from ..outcomes import CheckResult, Outcome
from .coverage import coverage_rows
from .verdict import HEADINGS, PROFILE_SENTENCE, ClauseVerdict, Verdict, plural, split_causes, summary_rows

BADGE_LABEL = "algomancy api"
BADGE_COLOURS = {0: "#2e7d32", 1: "#c62828", 2: "#757575"}
BADGE_WORDS = {0: "conformant", 1: "not conformant", 2: "incomplete"}
MARKS = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.ERROR: "!",
    Outcome.UNTESTED: "?",
    Outcome.NOT_OFFERED: "–",
}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def json_report(verdict: Verdict) -> str:
    """The verdict, every clause and every check as JSON."""
    report = {
        "target": verdict.target,
        "verdict": verdict.sentence,
        "conformant": verdict.conformant,
        "exit_code": verdict.exit_code,
        "profile": verdict.options.profile.value,
        "level": verdict.options.level.value,
        "seed": verdict.options.seed,
        "examples": verdict.options.examples,
        "finished": verdict.finished.isoformat(timespec="seconds"),
        "seconds": round(verdict.seconds, 2),
        "requests": verdict.requests,
        "residue": verdict.residue,
        "command": verdict.again,
        "causes": [
            {
                "sentence": cause.sentence,
                "clauses": list(cause.clauses),
                "checks": [check.name for check in cause.checks],
                "message": cause.checks[0].message,
            }
            for cause in verdict.causes
        ],
        "coverage": [
            {
                "operation": row.operation,
                "route": row.route,
                "statuses": {
                    str(cell.status): {
                        "seen": cell.count,
                        "documented": cell.documented,
                        "clauses": list(cell.clauses),
                        "only_when": cell.only_when,
                    }
                    for cell in row.cells
                    if cell.count or cell.documented
                },
            }
            for row in coverage_rows(verdict)
        ],
        "clauses": [
            {
                "id": entry.clause.id,
                "level": entry.level.value,
                "outcome": entry.outcome.value,
                "sentence": entry.clause.sentence,
                "known": entry.known,
                "untried_parts": list(entry.untried_parts),
                "checks": [_check_as_dict(check) for check in entry.checks],
            }
            for entry in verdict.clauses
        ],
    }
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


def _check_as_dict(check: CheckResult) -> dict[str, object]:
    return {
        "name": check.name,
        "sentence": check.sentence,
        "layer": check.layer,
        "outcome": check.outcome.value,
        "message": check.message,
        "seconds": round(check.seconds, 3),
        "exchanges": [exchange.as_dict() for exchange in check.exchanges],
    }


def clean(text: str) -> str:
    """`text` without the characters XML cannot hold."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def junit(verdict: Verdict) -> str:
    """One test case per clause: a broken MUST is a failure, what the kit broke on an error, the rest skipped."""
    root = ElementTree.Element("testsuites", name="algomancy-conformance")
    failing = {entry.clause.id for entry in (*verdict.broken, *verdict.stale)}
    resources = dict.fromkeys(entry.clause.resource for entry in verdict.clauses)
    for resource in resources:
        entries = [entry for entry in verdict.clauses if entry.clause.resource == resource]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=resource,
            tests=str(len(entries)),
            failures=str(sum(entry.clause.id in failing for entry in entries)),
            errors=str(sum(entry.outcome is Outcome.ERROR for entry in entries)),
            skipped=str(sum(_junit_skipped(entry, failing) for entry in entries)),
            time=f"{sum(check.seconds for entry in entries for check in entry.checks):.3f}",
        )
        for entry in entries:
            _junit_case(suite, entry, failing)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _junit_skipped(entry: ClauseVerdict, failing: set[str]) -> bool:
    return entry.outcome not in (Outcome.PASSED, Outcome.ERROR) and entry.clause.id not in failing


def _junit_case(suite: ElementTree.Element, entry: ClauseVerdict, failing: set[str]) -> None:
    seconds = sum(check.seconds for check in entry.checks)
    name = clean(f"{entry.clause.id} {entry.clause.sentence}")
    case = ElementTree.SubElement(suite, "testcase", classname=entry.clause.resource, name=name, time=f"{seconds:.3f}")
    said = clean("\n".join(entry.reasons) or entry.outcome.value)
    if entry.clause.id in failing:
        broken = ElementTree.SubElement(
            case, "failure", message=f"{entry.level} {entry.outcome}", type=entry.outcome.value
        )
        broken.text = said
    elif entry.outcome is Outcome.ERROR:
        ElementTree.SubElement(case, "error", message="the kit or the network broke").text = said
    elif entry.outcome is not Outcome.PASSED:
        ElementTree.SubElement(case, "skipped", message=clean(f"{entry.outcome}: {entry.known or said}"[:500]))


def markdown(verdict: Verdict) -> str:
    """The verdict, the numbers, what went wrong and every clause as Markdown."""
    lines = [
        f"# {verdict.sentence}",
        "",
        f"Target {verdict.target}, {PROFILE_SENTENCE[verdict.options.profile]}. "
        f"{verdict.requests} requests in {verdict.seconds:.0f} s, "
        f"random layers from seed {verdict.options.seed}.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---" * len(HEADINGS) + "|",
    ]
    for row in summary_rows(verdict):
        lines.append("| " + " | ".join([row.resource, *row.levels, *(str(n or "") for n in row.others)]) + " |")
    if verdict.residue:
        lines += ["", f"**Left behind:** {verdict.residue}"]
    for title, causes in zip(
        ("What breaks MUST clauses", "What else is not as it should be"), split_causes(verdict), strict=True
    ):
        if causes:
            lines += ["", f"## {title}: {len(causes)} distinct {plural('cause', causes)}", ""]
            lines += [f"{n}. {cause.sentence} ({', '.join(cause.clauses)})" for n, cause in enumerate(causes, 1)]
    bad = [e for e in verdict.clauses if e.outcome in (Outcome.FAILED, Outcome.ERROR)]
    if bad:
        lines += ["", "## What went wrong"]
    for entry in bad:
        lines += _markdown_failure(entry)
    lines += ["", "## Every clause", "", "| | Clause | Level | Outcome | Note |", "|---|---|---|---|---|"]
    for entry in verdict.clauses:
        note = entry.known or "; ".join(entry.untried_parts or (entry.reasons if entry not in bad else ()))
        cells = (MARKS[entry.outcome], entry.clause.id, entry.level.value, entry.outcome.value, one_line(note))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def one_line(text: str) -> str:
    """`text` fit for a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")[:200]


def fenced(text: str) -> str:
    """`text` in a code block no back-tick of its own can close."""
    fence = "`" * max(
        3, 1 + max((len(run) for run in text.replace("\n", " ").split(" ") if set(run) == {"`"}), default=0)
    )
    return f"{fence}\n{text}\n{fence}"


def _markdown_failure(entry: ClauseVerdict) -> list[str]:
    lines = ["", f"### {entry.clause.id} · {entry.level} · {entry.outcome}", "", f"> {entry.clause.sentence}"]
    if entry.known:
        lines += ["", f"Known: {entry.known}"]
    for check in entry.bad_checks:
        lines += ["", f"**{check.name}** — {check.sentence}", "", fenced(check.message)]
        if check.exchanges:
            last = check.exchanges[-1]
            lines += ["", f"Last answer: {last.status}", "", fenced(last.answer or "(empty)"), "", fenced(last.curl)]
    return lines


def badge(verdict: Verdict) -> str:
    """The verdict as SVG."""
    passed = len(verdict.of(Outcome.PASSED))
    text = f"{BADGE_WORDS[verdict.exit_code]} · {passed}/{len(verdict.clauses)}"
    left, right = 8 + 6.2 * len(BADGE_LABEL), 12 + 6.2 * len(text)
    title = escape(f"{BADGE_LABEL}: {text}")
    space = "http://www.w3.org/2000/svg"
    return f"""<svg xmlns="{space}" width="{left + right:.0f}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<rect width="{left:.0f}" height="20" fill="#444"/>
<rect x="{left:.0f}" width="{right:.0f}" height="20" fill="{BADGE_COLOURS[verdict.exit_code]}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{left / 2:.0f}" y="14">{escape(BADGE_LABEL)}</text>
<text x="{left + right / 2:.0f}" y="14">{escape(text)}</text>
</g>
</svg>
"""


def sarif(verdict: Verdict) -> str:
    """The distinct causes as SARIF 2.1.0, for code scanning: a rule per clause, a result per cause and clause."""
    entries = {entry.clause.id: entry for entry in verdict.clauses}
    levels = {Level.MUST: "error", Level.SHOULD: "warning", Level.MAY: "note"}
    rules = [
        {
            "id": entry.clause.id,
            "shortDescription": {"text": entry.clause.sentence},
            "defaultConfiguration": {"level": levels[entry.level]},
        }
        for entry in verdict.clauses
    ]
    results = []
    for cause in verdict.causes:
        for clause in cause.clauses:
            check = next(c for c in cause.checks if clause in c.clauses)
            warned = check in entries[clause].warnings
            results.append(
                {
                    "ruleId": clause,
                    "level": "warning" if warned else levels[entries[clause].level],
                    "message": {"text": f"{cause.sentence}. {check.message}"},
                    "locations": [{"physicalLocation": {"artifactLocation": {"uri": _sarif_place(check)}}}],
                    "partialFingerprints": {"cause": f"{clause}: {cause.sentence}"},
                    **({"suppressions": [{"kind": "external"}]} if entries[clause].known else {}),
                }
            )
    tool = {"driver": {"name": "algomancy-conformance", "rules": rules}}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": tool, "results": results}],
    }
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _sarif_place(check: CheckResult) -> str:
    """Where a result is: the path that was asked for, for there is no source to point at."""
    return check.exchanges[-1].route.partition(" ")[2].lstrip("/") if check.exchanges else "api"
