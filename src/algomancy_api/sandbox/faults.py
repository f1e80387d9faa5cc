"""The faults of a world: which requests they are for, and how often they have happened."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Mapping

from starlette.types import Message

from algomancy_api.errors import FOREIGN_HOST, NO_TOKEN, UNAVAILABLE, InvalidRequestError, NotFoundError
from algomancy_api.http.names import listed, shown
from algomancy_api.routers.operation import Operation
from algomancy_api.sandbox.models import Fault, NewFault


class Armed:
    """A fault that waits for its requests.

    Args:
        fault_id: Its identifier.
        told: What it is.

    Attributes:
        kept: What the first GET of each URL was answered with, where reads are to be stale.
    """

    def __init__(self, fault_id: str, told: NewFault) -> None:
        self.id = fault_id
        self.told = told
        self.matched = 0
        self.happened = 0
        self.kept: dict[str, list[Message]] = {}

    def happens(self, chance: random.Random) -> bool:
        """Count a request that it is for; tell whether it happens to it."""
        told = self.told
        self.matched += 1
        times = told.times or (1 if told.nth else None)
        if self.matched < (told.nth or 1) or (times is not None and self.happened >= times):
            return False
        if told.probability < 1 and chance.random() >= told.probability:
            return False
        self.happened += 1
        return True

    def model(self) -> Fault:
        """Return it as the control API shows it."""
        return Fault(**self.told.model_dump(), id=self.id, matched=self.matched, happened=self.happened)


class Faults:
    """The faults of a world, in the order in which they are tried; called in the event loop.

    Args:
        seed: Where chance comes from; without one it is random.
    """

    def __init__(self, seed: int | None) -> None:
        self.chance = random.Random(seed)
        self._seed = seed
        self._armed: dict[str, Armed] = {}
        self._numbers = itertools.count(1)

    def all(self) -> list[Armed]:
        """Return the faults."""
        return list(self._armed.values())

    def add(self, told: NewFault, operations: Mapping[str, Operation]) -> Armed:
        """Add a fault.

        Args:
            told: What it is.
            operations: The operations by name.

        Raises:
            InvalidRequestError: There is no such operation, or the contract forbids such an answer.
        """
        if told.operation is not None and told.operation not in operations:
            known = ", ".join(operations)
            raise InvalidRequestError(f"Operation {shown(told.operation)} is unknown; known are: {known}.")
        _refuse_breach(told, list(operations.values()) if told.operation is None else [operations[told.operation]])
        armed = Armed(str(next(self._numbers)), told)
        self._armed[armed.id] = armed
        return armed

    def remove(self, fault_id: str) -> None:
        """Remove a fault.

        Raises:
            NotFoundError: There is none of this id.
        """
        if self._armed.pop(fault_id, None) is None:
            raise NotFoundError(f"The world has no fault {shown(fault_id)}; it has {listed(self._armed)}.")

    def clear(self) -> None:
        """Remove all; chance begins anew."""
        self._armed.clear()
        self._numbers = itertools.count(1)
        self.chance = random.Random(self._seed)

    def match(
        self, operation: str | None, session_names: Callable[[], Iterable[str]], *, event: bool = False, url: str = ""
    ) -> Armed | None:
        """Return the first fault that happens to a request, or to an event.

        Args:
            operation: What is asked for.
            session_names: Gives id and name of the session that it is about.
            event: Whether it is about an event that is to be sent.
            url: What is read, of a GET.
        """
        for armed in self._armed.values():
            told = armed.told
            if told.drop_events is not event or told.operation not in (None, operation):
                continue
            if told.session is not None and told.session not in session_names():
                continue
            if told.stale and url not in armed.kept:
                if url:
                    return armed  # What it is answered with is kept; nothing has happened to it yet.
                continue
            if armed.happens(self.chance):
                return armed
        return None


def _refuse_breach(told: NewFault, operations: list[Operation]) -> None:
    if told.allow_contract_breach:
        return
    way = "'allow_contract_breach': true lets it happen all the same."
    if told.stale or told.drop_events:
        what = "A stale read" if told.stale else "A lost event"
        raise InvalidRequestError(f"{what} is something that the contract forbids: {way}")
    if told.status is None:
        return
    for operation in operations:
        documented = {each.status for each in (*operation.failures, FOREIGN_HOST, NO_TOKEN, UNAVAILABLE)}
        if told.status not in documented:
            allowed = ", ".join(map(str, sorted(documented)))
            raise InvalidRequestError(
                f"Operation '{operation.name}' does not answer {told.status}; allowed are {allowed}. Or {way}"
            )
