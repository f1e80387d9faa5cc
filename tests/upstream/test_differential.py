"""A project runs on ours as it does on Algomancy's own packages: the same datasets, messages, parameters and KPIs."""

from __future__ import annotations

import pytest
from differential import PROJECTS, REASONS, differences, explains, unexplained


@pytest.mark.parametrize("project", PROJECTS)
def test_project_gives_what_it_gives_on_algomancys_packages(project: str) -> None:
    """What was observed there is what ours gives, or the difference has its reason."""
    assert unexplained(project) == []


def test_reasons_have_something_to_explain() -> None:
    """A reason that nothing needs any more is deleted."""
    found = [(path, *both) for project in PROJECTS for path, both in differences(project).items()]
    assert [reason for reason in REASONS if not any(explains(reason, *one) for one in found)] == []
