"""The reports of a run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from algomancy_conformance.clauses import Profile
from algomancy_conformance.document import operation_ids, operations, published_document
from algomancy_conformance.judging.coverage import UNSHOWN, coverage_rows
from algomancy_conformance.judging.report import WRITERS, prose, write_reports
from algomancy_conformance.judging.verdict import Coverage, Verdict, judge
from algomancy_conformance.messages import Exchange, readable, strict_json, worth_showing
from algomancy_conformance.options import Options
from algomancy_conformance.outcomes import CheckResult, Outcome

TOKEN = "s3cret-token"


@pytest.fixture
def verdict() -> Verdict:
    """A verdict with every outcome, hostile texts, and a target that echoes the token."""
    exchange = Exchange(
        method="POST",
        url="http://127.0.0.1:1/api/v1/sessions",
        headers=worth_showing([("Authorization", f"Bearer {TOKEN}"), ("Content-Type", "application/json")]),
        content=b'{"display_name": "it\'s"}',
        status=500,
        answer_headers={"x-echo": TOKEN},
        answer_content=f"<script>alert('{TOKEN}')</script>\x0b".encode(),
        token=TOKEN,
    )
    checks = [
        CheckResult("a", "It is so.", ("SES-1",), "clauses", Outcome.PASSED),
        CheckResult("b", "It is so.", ("SES-3",), "clauses", Outcome.FAILED, "<b>broken</b> \x00", (exchange,)),
        CheckResult("c", "It is so.", ("SES-4",), "clauses", Outcome.ERROR, "the kit broke", (exchange,)),
        CheckResult("d", "It is so.", ("SES-5",), "clauses", Outcome.UNTESTED, "no session"),
        CheckResult("e", "It is so.", ("SES-13",), "clauses", Outcome.NOT_OFFERED, "not there"),
    ]
    options = Options(
        profile=Profile.REFERENCE, seed=7, token=TOKEN, only=("SES-1", "SES-3", "SES-4", "SES-5", "SES-13", "SES-7")
    )
    return judge("http://127.0.0.1:1", options, checks, baseline={"SES-5": "A known gap."}, residue="one session")


@pytest.fixture
def reports(verdict: Verdict, tmp_path: Path) -> dict[str, str]:
    """What was written, by file name."""
    return {path.name: path.read_text(encoding="utf-8") for path in write_reports(verdict, tmp_path / "new" / "report")}


def test_reports_are_all_written(reports: dict[str, str]) -> None:
    """The folder is made and holds the six reports."""
    assert sorted(reports) == ["badge.svg", "junit.xml", "report.html", "report.json", "report.md", "report.sarif"]


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_report_holds_no_token(reports: dict[str, str], name: str) -> None:
    """No report holds the token, although the target has echoed it."""
    assert TOKEN not in reports[name]


def test_html_is_one_page_without_any_network(reports: dict[str, str]) -> None:
    """The page loads nothing, escapes what the target said, and shows failures first."""
    page = reports["report.html"]

    assert not re.search(r"<(script|link|img|iframe)\b", page)
    assert "url(" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;broken" in page
    assert page.index("1 distinct cause") < page.index('id="SES-3"')
    assert page.index('id="SES-3"') < page.index('id="SES-4"') < page.index('id="SES-5"') < page.index('id="SES-1"')
    assert "curl -i -g --path-as-is -X POST" in page
    assert "A known gap." in page


def test_html_renders_clauses_and_says_what_each_folded_row_is_about(reports: dict[str, str]) -> None:
    """The code and the emphasis of a clause are rendered, and a folded row has a sentence of its own."""
    page = reports["report.html"]

    assert "<code>display_name</code>" in prose("a `display_name` & **bold**")
    assert "&amp; <strong>bold</strong>" in prose("a `display_name` & **bold**")
    assert prose("an odd ` <tick>") == "an odd ` &lt;tick&gt;"
    assert "<code>POST {p}/sessions {&#34;display_name&#34;}</code>" in page
    assert re.search(r'<strong>SES-5</strong> MUST\s+<span class="note">no session</span>', page)


def test_html_shows_what_was_exercised(verdict: Verdict) -> None:
    """Every operation has a row; a documented status never seen is told, and for which clauses the others were."""
    seen = {("GET /sessions", 200): 3, ("GET /sessions", 418): 1}
    tried = {("GET /sessions", 200): {"SES-3", "SES-1"}}
    rows = {row.operation: row for row in coverage_rows(replace(verdict, coverage=Coverage(seen, tried)))}

    assert set(rows) == set(operation_ids())
    cells = {cell.status: cell for cell in rows["list_sessions"].cells}
    assert (cells[200].count, cells[200].clauses) == (3, ("SES-1", "SES-3"))
    assert not cells[418].documented
    assert 200 not in rows["list_sessions"].unseen
    assert rows["delete_session"].gist.startswith("never seen: 200")
    assert 500 not in rows["delete_session"].unseen


@pytest.mark.parametrize(("operation", "status"), UNSHOWN, ids=str)
def test_status_that_no_request_brings_about_is_documented(operation: str, status: int) -> None:
    """What the matrix does not ask for is something that the document knows, or any operation may do."""
    responses = next(o["responses"] for _, _, o in operations(published_document()) if o["operationId"] == operation)
    assert status == 500 or str(status) in responses


def test_sarif_has_a_rule_per_clause_and_a_result_per_cause(reports: dict[str, str]) -> None:
    """The log names the clauses as rules, and each cause under the clauses it fails."""
    (run,) = json.loads(reports["report.sarif"])["runs"]

    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {
        "SES-1", "SES-3", "SES-4", "SES-5", "SES-7", "SES-13",
    }  # fmt: skip
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [("SES-3", "error")]


def test_junit_keeps_failures_errors_and_the_rest_apart(reports: dict[str, str]) -> None:
    """A broken MUST is a failure, what the kit broke an error, and what is known or absent skipped."""
    root = ElementTree.fromstring(reports["junit.xml"])
    kinds = {case.get("name", "").split()[0]: [child.tag for child in case] for case in root.iter("testcase")}

    assert kinds == {
        "SES-1": [],
        "SES-3": ["failure"],
        "SES-4": ["error"],
        "SES-5": ["skipped"],
        "SES-7": ["skipped"],
        "SES-13": ["skipped"],
    }
    suite = next(root.iter("testsuite"))
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["6", "1", "1", "3"]


def test_json_report_tells_verdict_and_clauses(reports: dict[str, str]) -> None:
    """The report for programs is JSON with the verdict, the seed and an entry per clause."""
    report = json.loads(reports["report.json"])

    assert (report["conformant"], report["exit_code"], report["seed"]) == (False, 1, 7)
    outcomes = {clause["id"]: clause["outcome"] for clause in report["clauses"]}
    assert outcomes["SES-3"] == "FAIL"
    assert outcomes["SES-13"] == "not offered"
    failed = next(clause for clause in report["clauses"] if clause["id"] == "SES-3")
    assert failed["checks"][0]["exchanges"][0]["response"]["status"] == 500


def test_markdown_leads_with_the_verdict(reports: dict[str, str]) -> None:
    """The Markdown report has the verdict as its title and a row per clause."""
    text = reports["report.md"]

    assert text.startswith("# NOT CONFORMANT")
    assert "| ✗ | SES-3 | MUST | FAIL |" in text
    assert "**Left behind:** one session" in text


def test_badge_is_a_picture_of_the_verdict(reports: dict[str, str]) -> None:
    """The badge is well-formed and says the verdict."""
    root = ElementTree.fromstring(reports["badge.svg"])

    assert root.get("aria-label") == "algomancy api: not conformant · 1/6"


def sent(content: bytes, **headers: str) -> Exchange:
    """A request with this body."""
    return Exchange("POST", "http://h/x?a=1&b", headers, content, 200, {}, size=len(content))


def test_curl_line_reads_the_token_from_the_environment() -> None:
    """The line that replays a request quotes its body and holds no secret."""
    exchange = sent(b"it's", Authorization="***", Cookie="***", **{"Content-Type": "text/plain"})

    assert exchange.curl == (
        'curl -i -g --path-as-is -X POST -H "Authorization: Bearer $TOKEN" '
        "-H 'Content-Type: text/plain' --data-raw 'it'\"'\"'s' 'http://h/x?a=1&b'"
    )


@pytest.mark.parametrize(
    "content",
    [b"@/etc/hosts", b"a\r\nb", b"\xff\x00", "Größe\n".encode(), b"-", b"x" * 20_000],
    ids=["at sign", "line ends", "binary", "text", "dash", "long"],
)
def test_curl_line_repeats_the_request_to_the_byte(tmp_path: Path, content: bytes) -> None:
    """What a shell makes of the line is the request as it was, its body and its headers alike."""
    (tmp_path / "curl").write_text(f'#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n'
                                   'sys.stdout.flush()\nif "@-" in sys.argv:\n'
                                   "    sys.stdout.buffer.write(sys.stdin.buffer.read())\n")  # fmt: skip
    (tmp_path / "curl").chmod(0o755)
    shell = subprocess.run(
        ["sh", "-c", sent(content).curl], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, check=True
    )
    line, _, piped = shell.stdout.partition(b"\n")
    arguments = json.loads(line)

    assert arguments[5:7] == ["-H", "Content-Type:"], "curl would add a Content-Type of its own"
    given = arguments[arguments.index("--data-raw") + 1].encode() if "--data-raw" in arguments else piped
    assert given == content


def test_line_repeats_a_head_that_curl_would_not_send(tmp_path: Path) -> None:
    """A line without a colon and one of 70,000 characters go out as they went, and no token is in it."""
    program = "import sys; print(*sys.argv[1:], flush=True); sys.stdout.buffer.write(sys.stdin.buffer.read())"
    (tmp_path / "curl").write_text(f"#!{sys.executable}\n{program}\n")
    (tmp_path / "curl").chmod(0o755)
    head = ("GET /health HTTP/1.1", "Host: h:8051", "no colon, but it's said", f"X-Long: {'x' * 70_000}")
    exchange = Exchange("GET", "http://h:8051/health", {}, b"", 200, {}, head=head, token="secret")

    assert len(exchange.curl) < 400
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TOKEN": "mine"}
    shell = subprocess.run(["sh", "-c", exchange.curl], env=environment, capture_output=True, check=True)
    asked, _, sent_lines = shell.stdout.decode().partition("\n")
    assert asked == "-s telnet://h:8051"
    first, *others = head
    assert sent_lines.split("\r\n") == [first, "Authorization: Bearer mine", *others, "Connection: close", "", ""]


def test_curl_line_says_when_a_body_is_too_long() -> None:
    """A body that is too long for a command line is named as a file, with its length."""
    assert "--data-binary @body" in sent(b"x" * 50_000).curl
    assert "50000 bytes" in sent(b"x" * 50_000).curl


def test_long_or_binary_bodies_are_cut() -> None:
    """A body is shown up to a readable length, without control characters."""
    shown = readable(b"\x00" + b"x" * 10_000)

    assert shown.startswith("\N{REPLACEMENT CHARACTER}xxx")
    assert shown.endswith("(10001 bytes)")
    assert len(shown) < 2100


@pytest.mark.parametrize(
    "content",
    [b'{"a": NaN}', b"[Infinity]", b"[-Infinity]", b'"\\ud800"', b'"\xff"', b"{", b""],
    ids=["NaN", "Infinity", "minus Infinity", "lone surrogate", "invalid UTF-8", "cut off", "empty"],
)
def test_body_that_is_not_strict_json_is_noticed(content: bytes) -> None:
    """What RFC 8259 does not know is no JSON."""
    with pytest.raises(ValueError, match=r"."):
        strict_json(content)
