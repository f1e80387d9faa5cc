"""The scenarios of a session that wait for their run, in order."""

from __future__ import annotations

from collections import OrderedDict
from contextvars import Context, copy_context
from typing import Any

from algomancy_scenario.running.turn import Run, RunListener
from algomancy_scenario.scenario import Scenario


class RunQueue:
    """First in, first out; with each scenario waits the context of whoever queued it. Whoever calls holds a lock."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, tuple[Scenario[Any], Context]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, scenario: Scenario[Any]) -> bool:
        return scenario.id in self._waiting

    def add(self, scenario: Scenario[Any]) -> None:
        """Put a scenario at the end."""
        self._waiting[scenario.id] = scenario, copy_context()

    def remove(self, scenario: Scenario[Any]) -> bool:
        """Take a scenario out; tell whether it was there."""
        return self._waiting.pop(scenario.id, None) is not None

    def take(self, listener: RunListener) -> Run:
        """Take the first scenario out; return its run, of which `listener` is to be told."""
        _, (scenario, context) = self._waiting.popitem(last=False)
        return Run(scenario, listener, context)

    def put_back(self, run: Run) -> None:
        """Put a run that has not begun back to where it was."""
        overtaken = self.overtakes(run)
        self._waiting[run.scenario.id] = run.scenario, run.context
        self._waiting.move_to_end(run.scenario.id, last=overtaken)

    def overtakes(self, run: Run) -> bool:
        """Tell whether the first scenario comes before one that has its turn, as one does that is queued again."""
        first = next(iter(self._waiting.values()), None)
        return first is not None and _position(first[0]) < _position(run.scenario)

    def sort(self) -> None:
        """Put all scenarios in the order in which they were queued."""
        self._waiting = OrderedDict(sorted(self._waiting.items(), key=lambda item: _position(item[1][0])))

    def clear(self) -> None:
        """Take all scenarios out."""
        self._waiting.clear()


def _position(scenario: Scenario[Any]) -> int:
    return scenario.state.queue_position or 0
