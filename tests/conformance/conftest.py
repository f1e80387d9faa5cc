"""The reference server, as the kit's own tests use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from algomancy_conformance.mutants.reference import reference_app
from algomancy_conformance.mutants.wire import Call, Deviant, Forward, Reply
from algomancy_conformance.selftest import AppTarget


def pytest_configure(config: pytest.Config) -> None:
    """Let the suite's modules be imported here, to look at their marks."""
    config.addinivalue_line("markers", "clause: the clauses of the contract a test checks")


@pytest.fixture
def calls() -> list[Call]:
    """The requests the reference has been sent."""
    return []


@pytest.fixture
def reference(calls: list[Call]) -> Iterator[AppTarget]:
    """The reference server, which notes what it is sent."""

    async def note(call: Call, forward: Forward) -> Reply:
        calls.append(call)
        return await forward(call)

    target = AppTarget(lambda: Deviant(reference_app(), note))
    yield target
    target.close()
