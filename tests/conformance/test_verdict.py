"""From outcomes to verdict and exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from algomancy_conformance.clauses import Level, Profile, all_clauses
from algomancy_conformance.judging.verdict import Verdict, combined, judge, read_baseline
from algomancy_conformance.options import Options, command_line
from algomancy_conformance.outcomes import CheckResult, KitError, Outcome

PASSED, FAILED, ERROR = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR
UNTESTED, NOT_OFFERED = Outcome.UNTESTED, Outcome.NOT_OFFERED


def verdict_on(
    outcomes: dict[str, Outcome], profile: Profile = Profile.REFERENCE, baseline: dict[str, str] | None = None
) -> Verdict:
    """The verdict when every clause passes but those named."""
    checks = [
        CheckResult(f"check::{clause}", "It is so.", (clause,), "clauses", outcomes.get(clause, PASSED), "said")
        for clause in all_clauses()
    ]
    return judge("http://127.0.0.1:1", Options(profile=profile, seed=1), checks, baseline=baseline)


@pytest.mark.parametrize(
    ("outcomes", "profile", "exit_code"),
    [
        ({}, Profile.REFERENCE, 0),
        ({"SES-1": FAILED}, Profile.REFERENCE, 1),
        ({"SES-1": UNTESTED}, Profile.REFERENCE, 2),
        ({"SES-1": UNTESTED, "SES-3": FAILED}, Profile.REFERENCE, 1),
        ({"SES-1": NOT_OFFERED}, Profile.REFERENCE, 2),
        ({"SCN-19": NOT_OFFERED}, Profile.REFERENCE, 0),
        ({"SES-1": ERROR}, Profile.REFERENCE, 2),
        ({"SES-1": ERROR, "SES-3": FAILED}, Profile.REFERENCE, 1),
        ({"DUR-1": UNTESTED}, Profile.REFERENCE, 2),
        ({"DUR-1": UNTESTED}, Profile.SEED, 0),
        ({"SES-12": FAILED}, Profile.SEED, 0),
        ({"SES-12": FAILED}, Profile.REFERENCE, 1),
        ({"GEN-7": FAILED}, Profile.REFERENCE, 0),
        ({"SCN-12": NOT_OFFERED}, Profile.REFERENCE, 0),
    ],
    ids=[
        "all passed",
        "a MUST failed",
        "a MUST untested",
        "a MUST untested and another failed",
        "a MUST not offered",
        "a MUST* not offered by the reference",
        "the kit broke",
        "the kit broke and a MUST failed",
        "a MUST* untested for the reference",
        "a MUST* untested for others",
        "a MUST* failed for others",
        "a MUST* failed for the reference",
        "a SHOULD failed",
        "a MAY not offered",
    ],
)
def test_verdict_follows_from_outcomes(outcomes: dict[str, Outcome], profile: Profile, exit_code: int) -> None:
    """What fails decides; what is untested or broke the kit leaves the answer incomplete, and never says it is not."""
    verdict = verdict_on(outcomes, profile)

    assert verdict.exit_code == exit_code
    assert verdict.conformant is (exit_code == 0)


def test_verdict_on_nothing_is_no_pass() -> None:
    """A run without a single check has tested nothing: every MUST is untested, and the answer is incomplete."""
    verdict = judge("http://127.0.0.1:1", Options(seed=1), [])

    assert verdict.exit_code == 2
    assert verdict.sentence == "INCOMPLETE (profile seed): 51 MUST clauses untested"


def test_verdict_of_chosen_clauses_is_about_them_alone() -> None:
    """With --only, clauses that were not asked for are not untested."""
    checks = [CheckResult("check::x", "It is so.", ("SES-1",), "clauses", PASSED)]
    verdict = judge("http://127.0.0.1:1", Options(seed=1, only=("SES-1",)), checks)

    assert verdict.conformant
    assert "in SES-1" in verdict.sentence


def test_verdict_of_a_level_leaves_out_the_others() -> None:
    """With --level must, SHOULD and MAY clauses are not judged."""
    verdict = judge("http://127.0.0.1:1", Options(seed=1, level=Level.MUST), [])

    assert {c.level for c in verdict.clauses} == {Level.MUST}


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], UNTESTED),
        ([PASSED, UNTESTED], PASSED),
        ([PASSED, FAILED], FAILED),
        ([FAILED, ERROR], FAILED),
        ([PASSED, ERROR], ERROR),
        ([NOT_OFFERED, UNTESTED], NOT_OFFERED),
        ([PASSED, NOT_OFFERED], PASSED),
    ],
    ids=lambda value: str(value),
)
def test_gravest_outcome_counts(outcomes: list[Outcome], expected: Outcome) -> None:
    """A clause has the gravest outcome of its checks; a part that was not tried does not hide one that passed."""
    assert combined(outcomes) is expected


def test_optional_capability_that_is_absent_never_passes() -> None:
    """A MAY of which one check passed and another found nothing is not offered."""
    checks = [
        CheckResult("a", "It is so.", ("SCN-12",), "clauses", PASSED),
        CheckResult("b", "It is so.", ("SCN-12",), "clauses", NOT_OFFERED),
    ]

    assert judge("x", Options(seed=1, only=("SCN-12",)), checks).clauses[0].outcome is NOT_OFFERED


def test_known_failure_does_not_fail_the_run() -> None:
    """A failure the baseline lists is forgiven, and one it does not list is not."""
    assert verdict_on({"SES-1": FAILED}, baseline={"SES-1": "A known gap."}).exit_code == 0
    assert verdict_on({"SES-1": FAILED, "SES-3": FAILED}, baseline={"SES-1": "A known gap."}).exit_code == 1


def test_stale_baseline_fails_the_run() -> None:
    """A clause that is listed as broken and passes fails the run."""
    verdict = verdict_on({}, baseline={"SES-1": "A known gap."})

    assert verdict.exit_code == 1
    assert "SES-1" in verdict.sentence


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[known]]\nclause = "SES-1"\n', "no reason"),
        ('[[known]]\nclause = "SES-1"\nreason = "  "\n', "no reason"),
        ('[[known]]\nclause = "SES-99"\nreason = "x"\n', "no clause"),
        ('[[known]]\nclause = "SES-1"\nreason = "x"\n' * 2, "twice"),
        ("[[known", "cannot be read"),
    ],
    ids=["no reason", "blank reason", "unknown clause", "listed twice", "no TOML"],
)
def test_bad_baseline_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """A baseline with an entry that is unclear is refused whole."""
    path = tmp_path / "baseline.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(KitError, match=complaint):
        read_baseline(path)


def test_good_baseline_is_read(tmp_path: Path) -> None:
    """A baseline gives the reason by clause."""
    path = tmp_path / "baseline.toml"
    path.write_text('[[known]]\nclause = "SES-1"\nreason = "A known gap."\n', encoding="utf-8")

    assert read_baseline(path) == {"SES-1": "A known gap."}


def starred(outcome: Outcome, profile: Profile) -> Verdict:
    """The verdict on a MUST clause of which a part that binds the reference alone has this outcome."""
    checks = [
        CheckResult("a", "It is so.", ("SES-9",), "clauses", PASSED),
        CheckResult("b", "It is so.", ("SES-9",), "clauses", outcome, starred=True),
    ]
    return judge("x", Options(seed=1, only=("SES-9",), profile=profile), checks)


def test_starred_part_of_a_must_is_a_warning_for_others() -> None:
    """What is MUST* within a MUST clause fails the reference, and is a warning with a cause of its own for others."""
    assert starred(FAILED, Profile.REFERENCE).exit_code == 1
    others = starred(FAILED, Profile.SEED)

    assert others.exit_code == 0
    assert [check.name for check in others.clauses[0].warnings] == ["b"]
    assert len(others.causes) == 1


def test_command_repeats_the_run_with_what_is_missing() -> None:
    """The command has what was given but the token, what was found out, and in capitals what would be needed."""
    checks = [
        CheckResult("a", "It is so.", ("GEN-8",), "clauses", UNTESTED, "none known", needs="--cors-origin ORIGIN"),
        CheckResult("b", "It is so.", ("GEN-5",), "clauses", UNTESTED, "none known", needs="--crashing NAME"),
    ]
    options = Options(seed=7, token="s3cret", slow="Slow one", only=("GEN-5", "GEN-8"))
    verdict = judge("http://127.0.0.1:1", options, checks, found={"fast": "Fast", "slow": "another"})

    assert verdict.again == (
        "algomancy-conformance run http://127.0.0.1:1 --only GEN-5 --only GEN-8 --seed 7 --slow 'Slow one' --fast Fast "
        "--crashing NAME --cors-origin ORIGIN"
    )


def test_next_command_names_one_target() -> None:
    """What must be served by a command of its own is no longer named as an application."""
    line = command_line(("--app", "m:f"), Options(seed=1), needs=("--serve COMMAND", "--cors-origin ORIGIN"))

    assert line == "algomancy-conformance run --seed 1 --serve COMMAND --cors-origin ORIGIN"
