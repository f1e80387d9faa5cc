"""From many failed checks to few distinct causes."""

from __future__ import annotations

import pytest

from algomancy_conformance.clauses import all_clauses
from algomancy_conformance.judging.causes import find_causes
from algomancy_conformance.messages import Exchange
from algomancy_conformance.outcomes import Broken, CheckResult, Fault, Outcome
from algomancy_conformance.shapes import check_json, misshapen
from algomancy_conformance.target.wire import Answer, wrong_status

EVERY = list(all_clauses())


def failed(name: str, clause: str, fault: Fault | None = None, message: str = "said") -> CheckResult:
    """A check that failed."""
    return CheckResult(name, "It is so.", (clause,), "clauses", Outcome.FAILED, message, fault=fault)


def test_misshapen_errors_are_one_cause_of_all_the_clauses_they_fail() -> None:
    """However many checks and clauses a 422 with a list fails, it is told once, and that it is every 422."""
    fault = misshapen(422, "a list as `detail`")
    checks = [failed("a::x", "GEN-1", fault), failed("b::y", "SES-4", fault), failed("c::z", "SES-4", fault)]
    (cause,) = find_causes(checks, EVERY, {(422, "a list as `detail`"): 9}, {422: 9})

    assert cause.sentence == "every 422 has a list as `detail`"
    assert cause.clauses == ("GEN-1", "SES-4")
    assert len(cause.checks) == 3


def test_refusal_in_plain_text_is_one_cause_on_every_route() -> None:
    """A server that refuses a head in plain text breaks GEN-1 by the body and GEN-2 by its type: one fault."""
    faults = []
    for path in ("/health", "/api/v1/sessions"):
        exchange = Exchange("GET", f"http://target{path}", {}, b"", 400, {}, route=f"GET {path}")
        with pytest.raises(Broken) as broken:
            check_json(Answer(400, {"content-type": "text/plain"}, b"Invalid HTTP request received.", exchange))
        faults.append(broken.value.fault)
    checks = [failed(f"a::x[{n}]", "GEN-2", fault) for n, fault in enumerate(faults)]
    checks.append(failed("b::y", "GEN-1", misshapen(400, "a body that is not JSON")))

    assert len(find_causes(checks, EVERY)) == 1


def test_fault_of_some_errors_is_counted() -> None:
    """What only some errors have wrong is told with figures."""
    fault = misshapen(404, "no `detail`")
    (cause,) = find_causes([failed("a::x", "GEN-1", fault)], EVERY, {(404, "no `detail`"): 2}, {404: 30})

    assert cause.sentence == "2 of 30 answers of 404 have no `detail`"


def test_one_error_for_another_is_one_cause_whatever_the_route() -> None:
    """A conflict that is 400 everywhere is one cause that names the routes."""
    checks = [
        failed("a::x", "SES-4", wrong_status("POST /sessions", 400, "409")),
        failed("b::y", "SCN-3", wrong_status("POST /sessions/{session_id}/scenarios", 400, "409")),
    ]
    (cause,) = find_causes(checks, EVERY)

    assert cause.sentence.startswith("`POST /sessions`, `POST …/scenarios` answer 400 instead of 409")


def test_inputs_that_should_be_refused_are_causes_of_their_own() -> None:
    """Two kinds of input accepted on one route are two causes; the rows of one test are one."""
    route = "POST /sessions/{session_id}/scenarios"
    checks = [
        failed("a::tags[blank]", "SCN-15", wrong_status(route, 201, "422")),
        failed("a::tags[NUL]", "SCN-15", wrong_status(route, 201, "422")),
        failed("b::parameters", "ERR-2", wrong_status(route, 201, "400")),
    ]
    causes = find_causes(checks, EVERY)

    assert [cause.clauses for cause in causes] == [("ERR-2",), ("SCN-15",)]
    assert causes[1].sentence == "`POST …/scenarios` answers 201 instead of 422 (NUL; blank)"


def test_crash_is_a_cause_per_route() -> None:
    """Whatever makes a route answer 500, the routes are told apart."""
    checks = [failed("a::x", "GEN-5", wrong_status(r, 500, "400")) for r in ("POST /sessions", "DELETE /sessions/{id}")]

    assert len(find_causes(checks, EVERY)) == 2


def test_check_without_a_known_fault_is_its_own_cause() -> None:
    """The rows of one test share a cause, told in the words of the first, without addresses and ids."""
    said = "GET http://127.0.0.1:5/api/v1/sessions/2d605e72-a769-4055-ae6a-81cd443496b9 is odd"
    checks = [failed("a::x[one]", "SES-1", message=said), failed("a::x[two]", "SES-1", message="other")]
    (cause,) = find_causes(checks, EVERY)

    assert cause.sentence == "GET /api/v1/sessions/… is odd (one; two)"


def test_clauses_that_are_not_judged_cause_nothing() -> None:
    """What fails a clause this run does not judge is left out."""
    assert find_causes([failed("a::x", "SES-1")], ["SES-2"]) == ()
