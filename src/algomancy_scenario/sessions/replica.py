"""A server among others on one database: it follows what they change, and they what it runs.

Every second it tells that it lives, by the runs it has. A run of which nothing is heard for six seconds is lost: it is
queued again, by whoever sees that first. A server that cannot tell for five seconds stops its runs, so that none is
under way twice. Clocks are compared with themselves alone, never with those of another machine.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import Any

from sqlalchemy import select, update

from algomancy_scenario.persistence.database.database import Watch, reason_of, watch
from algomancy_scenario.persistence.database.store import DatabaseStore
from algomancy_scenario.persistence.database.tables import Changes, SessionChanges, scenarios
from algomancy_scenario.persistence.port import StoredSession
from algomancy_scenario.persistence.scenario_record import ScenarioStatus
from algomancy_scenario.sessions.building import Session, SessionBuilder, SessionIndex

TELL_SECONDS = 1.0
"""How often a server tells that its runs are under way."""

STOP_SECONDS = 5.0
"""After how long without telling it stops them."""

LOST_SECONDS = 6.0
"""After how long without hearing of a run others take it to be lost."""

PROGRESS_SECONDS = 0.25
"""How often the progress of a run is stored."""

_log = logging.getLogger(__name__)


class Replica:
    """Keeps the sessions in memory what the database says, and this server's runs alive in the eyes of others.

    Args:
        store: The store.
        sessions: The sessions of this server.
        builder: Makes sessions.
    """

    def __init__(self, store: DatabaseStore, sessions: SessionIndex, builder: SessionBuilder) -> None:
        self._store = store
        self._sessions = sessions
        self._builder = builder
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_up, name="algomancy-replica", daemon=True)
        self._told = time.monotonic()
        self._heard: dict[str, tuple[tuple[Any, ...], float]] = {}
        store.on_change = self._take_in

    def start(self) -> None:
        """Load everything, and follow from now on."""
        self.catch_up()
        self._thread.start()

    def catch_up(self) -> None:
        """Have memory be what every server has acknowledged before this is called."""
        self._store.catch_up()

    def close(self) -> None:
        """Follow no more, and tell nothing any more."""
        self._closed.set()
        self._store.close()

    # ------------------------------------------------------------------ what others have changed

    def _take_in(self, changes: Changes) -> None:
        if changes.everything:
            for session in self._sessions.all():
                if session.id not in changes.sessions:
                    self._end(session)
        for session_id, changed in changes.sessions.items():
            known = self._sessions.get(session_id)
            if changed.removed:
                if known is not None:
                    self._end(known)
                continue
            if known is None:
                if changed.display_name is None:
                    continue
                stored = StoredSession(session_id, changed.display_name, self._store.session(session_id))
                known = self._builder.open(stored)
                self._sessions.replace(None, known)
            elif changed.display_name not in (None, known.display_name):
                self._sessions.rename(known, changed.display_name or "")
                known.tell_listeners(deleted=False)
            self._take_in_session(known, changed, everything=changes.everything)

    def _take_in_session(self, session: Session, changed: SessionChanges, *, everything: bool) -> None:
        datasets = [self._store.dataset(session.id, row) for row in changed.datasets]
        foreign = {
            scenario_id for scenario_id, server in changed.servers.items() if server != self._store.database.server
        }
        session.manager.take_in(changed, datasets, foreign, everything=everything)

    def _end(self, session: Session) -> None:
        self._sessions.replace(session, None)
        session.manager.retire()
        session.tell_listeners(deleted=True)

    # ------------------------------------------------------------------ what this server runs, and what is lost

    def _keep_up(self) -> None:
        changes: Watch | None = None
        troubled = False
        while not self._closed.is_set():
            try:
                changes = changes or watch(self._store.database)
                changes.wait(PROGRESS_SECONDS)
                self._store.catch_up()
                self._tend()
                if troubled:
                    _log.warning("The database answers again.")
                troubled = False
            except Exception as error:
                if self._closed.is_set():
                    break
                if not troubled:
                    _log.warning("The database does not answer: %s", reason_of(error))
                troubled = True
                self._stop_untold()
                self._closed.wait(PROGRESS_SECONDS)
        if changes is not None:
            changes.close()

    def _tend(self) -> None:
        managers = [session.manager for session in self._sessions.all()]
        self._stop_untold()
        for manager in managers:
            manager.processor.save_progress()
            manager.processor.go_on()
        if time.monotonic() >= self._told + TELL_SECONDS:
            self._tell([run.scenario.id for manager in managers if (run := manager.processor.begun)])
            self._look_for_lost()

    def _tell(self, runs: list[str]) -> None:
        now = time.monotonic()
        if runs:
            mine = update(scenarios).where(scenarios.c.server == self._store.database.server, scenarios.c.id.in_(runs))
            with self._store.database.engine.begin() as connection:
                connection.execute(mine.values(beat=scenarios.c.beat + 1))
        self._told = now

    def _stop_untold(self) -> None:
        if time.monotonic() < self._told + STOP_SECONDS:
            return
        for session in self._sessions.all():
            run = session.manager.processor.begun
            if run is not None:
                session.manager.processor.lose(run)

    def _look_for_lost(self) -> None:
        """Queue again what another server was running that has not been heard of for too long."""
        watched = {
            scenario.id: session
            for session in self._sessions.all()
            if (scenario := session.manager.processor.elsewhere) is not None
        }
        if not watched:
            self._heard = {}
            return
        query = select(scenarios.c.id, scenarios.c.server, scenarios.c.beat).where(
            scenarios.c.status == ScenarioStatus.PROCESSING
        )
        with self._store.database.reading() as connection:
            signs = {row.id: (row.server, row.beat) for row in connection.execute(query) if row.id in watched}
        now = time.monotonic()
        before = self._heard
        self._heard = {
            scenario_id: before[scenario_id] if before.get(scenario_id, (None,))[0] == sign else (sign, now)
            for scenario_id, sign in signs.items()
        }
        for scenario_id, (sign, heard) in self._heard.items():
            if now >= heard + LOST_SECONDS:
                watched[scenario_id].manager.take_back(scenario_id, partial(self._is_last_sign, scenario_id, sign))

    def _is_last_sign(self, scenario_id: str, sign: tuple[Any, ...]) -> bool:
        return self._store.sign_of(scenario_id) == sign
