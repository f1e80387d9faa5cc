"""Schemathesis finds no request that makes the server contradict its document."""

from __future__ import annotations

from typing import Any

import pytest

STEPS = ("create_scenario", "run_scenario", "get_scenario", "get_scenario_status", "delete_scenario")


def refutation(findings: Any, fuzzer: Any, test: str) -> str:
    """What was found, and how to see it again."""
    replay = f"make fuzz EXAMPLES={fuzzer.examples} SEED={fuzzer.seed} ARGS='-k \"{test}\"'"
    return "\n\n".join([*findings.failures.values(), f"Replay: {replay}"])


@pytest.mark.parametrize("live_leaf", [True, False], ids=["all_live", "parent_live"])
def test_operation_keeps_to_the_document(operation_id: str, live_leaf: bool, fuzzer: Any) -> None:
    """Whatever is asked of an operation, its answer is one that the document allows."""
    findings = fuzzer.fuzz_operation(operation_id, live_leaf=live_leaf)

    feed = "all_live" if live_leaf else "parent_live"
    assert not findings.failures, refutation(findings, fuzzer, f"{operation_id} and {feed}")
    if live_leaf:
        assert findings.successes(operation_id), f"Never successful: {dict(findings.statuses)}"


def test_links_keep_to_the_document(fuzzer: Any) -> None:
    """Operations that follow one another along the document's links keep to it too, and each step works."""
    findings = fuzzer.follow_links(STEPS)

    assert not findings.failures, refutation(findings, fuzzer, "links")
    missed = [step for step in STEPS if not findings.successes(step)]
    assert not missed, f"Never successful: {missed} of {dict(findings.statuses)}"
