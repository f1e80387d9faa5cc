"""What the checks are given: the run, the target's offers, and sessions of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from algomancy_conformance.outcomes import Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import RUN
from algomancy_conformance.target.client import Api, Session
from algomancy_conformance.target.world import World


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    """The run these checks belong to."""
    return pytestconfig.stash[RUN]


@pytest.fixture
def api(run: Run) -> Api:
    """Requests to the target."""
    return run.api


@pytest.fixture
def world(run: Run) -> World:
    """What the target offers."""
    return run.world


@pytest.fixture
def session(world: World) -> Iterator[Session]:
    """A new, empty session; deleted afterwards, for the list of all of them answers every creation."""
    made = world.new_session()
    yield made
    made.delete()


@pytest.fixture(scope="session")
def shared(run: Run) -> Session:
    """One session with one dataset for all the checks that change nothing in it."""
    return run.world.with_data()


@pytest.fixture
def stocked(world: World) -> Iterator[Session]:
    """A new session with one dataset; deleted afterwards, so that no run in it outlives the check."""
    made = world.with_data()
    yield made
    made.delete()


@pytest.fixture(scope="session")
def fresh(run: Run) -> Iterator[Api]:
    """A brand-new server of the target's kind, which the check may wipe."""
    if run.options.read_only:
        raise Untried("the run is read-only")
    try:
        server = run.target.fresh()
    except Untried:
        if not run.options.disposable:
            raise
        yield run.api
        return
    api = run.client(server.url)
    try:
        yield api
    finally:
        api.close()
        server.stop()


@pytest.fixture
def busy(stocked: Session) -> Session:
    """A session with one dataset in which runs will take a while: such checks are made one after another."""
    return stocked
