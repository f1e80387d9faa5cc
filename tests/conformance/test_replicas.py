"""Several servers of one state: requests take turns, and what one acknowledged the others show."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import urlsplit

import pytest

from algomancy_conformance.mutants.reference import reference_app
from algomancy_conformance.options import Options
from algomancy_conformance.outcomes import KitError, Outcome
from algomancy_conformance.running.plugin import check_target
from algomancy_conformance.selftest import AppTarget
from algomancy_conformance.target.client import Api
from algomancy_conformance.target.servers import find_target

SPEAK_OF_ALL = ("GEN-9", "SES-4", "SCN-4", "SCN-16")


def test_requests_take_turns(reference: AppTarget) -> None:
    """Each next request goes to another server, one that names a server by its whole URL too."""
    with closing(AppTarget(reference_app)) as other, closing(Api(reference.url, replicas=[other.url])) as api:
        asked = [api.get("/sessions"), api.get("/sessions"), api.root("GET", f"{reference.url}/health")]
        asked.append(api.root("GET", f"{reference.url}/health"))

        servers = ["http://" + urlsplit(answer.exchange.url).netloc for answer in asked]
        assert servers == [reference.url, other.url, reference.url, other.url]
        assert {answer.exchange.route for answer in asked} == {"GET /sessions", "GET /health"}


def test_servers_on_one_database_are_one_target(database_url: str) -> None:
    """Two servers of one database pass the clauses that speak of replicas, and the model."""

    def server() -> AppTarget:
        return AppTarget(lambda: reference_app(persistence_backend="database", database_url=database_url))

    with closing(server()) as one, closing(server()) as other:
        options = Options(
            only=SPEAK_OF_ALL,
            layers=("clauses", "model"),
            examples=4,
            seed=1,
            replicas=(other.url,),
            fast="Greedy slotting",
        )
        verdict = check_target(one, options)

    assert {entry.clause.id: entry.reasons for entry in verdict.clauses if entry.outcome is not Outcome.PASSED} == {}
    assert f"--replica {other.url}" in verdict.again


def test_servers_with_a_state_each_are_told_apart(reference: AppTarget) -> None:
    """What one acknowledged is unknown to the other: that breaks GEN-9."""
    with closing(AppTarget(reference_app)) as other:
        options = Options(only=("GEN-9",), layers=("clauses",), seed=1, replicas=(other.url,), fast="Greedy slotting")
        verdict = check_target(reference, options)

    assert [entry.clause.id for entry in verdict.broken] == ["GEN-9"]


def test_replica_on_another_machine_is_not_tested() -> None:
    """A replica is held to the rules of the target itself."""
    with pytest.raises(KitError, match="not this machine"):
        find_target("http://127.0.0.1:1", None, None, ["http://planner.example:8051"])
