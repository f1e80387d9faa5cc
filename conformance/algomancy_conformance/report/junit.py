"""The report for build servers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from ..outcomes import Outcome
from ..verdict import ClauseVerdict, Verdict

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """`text` without the characters XML cannot hold."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def junit(verdict: Verdict) -> str:
    """One test case per clause: a broken MUST is a failure, what the kit broke on an error, the rest skipped."""
    root = ElementTree.Element("testsuites", name="algomancy-conformance")
    failing = {entry.clause.id for entry in (*verdict.obstacles, *verdict.stale)}
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
            skipped=str(sum(_skipped(entry, failing) for entry in entries)),
            time=f"{sum(check.seconds for entry in entries for check in entry.checks):.3f}",
        )
        for entry in entries:
            _case(suite, entry, failing)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _skipped(entry: ClauseVerdict, failing: set[str]) -> bool:
    return entry.outcome not in (Outcome.PASSED, Outcome.ERROR) and entry.clause.id not in failing


def _case(suite: ElementTree.Element, entry: ClauseVerdict, failing: set[str]) -> None:
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
