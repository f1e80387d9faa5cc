"""What the checks of one run share: target, options, client, findings; opened before them and closed after."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..options import Options
from ..outcomes import CheckResult, KitError
from ..target.client import Api
from ..target.residue import clean_up
from ..target.servers import Target
from ..target.world import World
from .watching import Watcher


@dataclass
class Run:
    """What the checks of one run share.

    Attributes:
        target: What is under test.
        options: What the run was asked to do.
        api: Requests to the target.
        world: What the target offers.
        watcher: What it saw in all the answers of the run.
        results: What became of the checks so far.
        residue: What the run could not clean up, or an empty string.
        on_result: Told of each result as it comes.
    """

    target: Target
    options: Options
    on_result: Callable[[CheckResult], None] = lambda _: None
    results: list[CheckResult] = field(default_factory=list)
    residue: str = ""

    def __post_init__(self) -> None:
        self.api = self.client(self.target.url)
        self.world = World(self.api, self.options)
        self.watcher = Watcher(self.api.prefix, self.options.crashing)
        self.api.watchers.append(self.watcher.watch)

    def client(self, url: str) -> Api:
        """A client for another server of the same kind."""
        return Api(url, self.options.prefix, token=self.options.token, read_only=self.options.read_only)

    def add(self, result: CheckResult) -> None:
        """Keep a result and tell whoever listens."""
        self.results.append(result)
        self.on_result(result)

    def open(self) -> None:
        """Reach the target and note what is there.

        Raises:
            KitError: It cannot be reached, or wants a token other than the one it is shown.
        """
        try:
            self.api.root("GET", "/health")
            wants_token = self.api.get("/sessions").status == 401
            self.world.open()
        except AssertionError as error:
            raise KitError(f"{self.target.url} does not talk HTTP: {error}") from None
        if wants_token:
            given = "another token than the one given" if self.options.token else "a token"
            raise KitError(f"{self.target.url} wants {given}: name it with --token.")

    def close(self) -> None:
        """Leave the target as it was, whatever happened; a second Ctrl-C does not break this off."""
        with held_signals():
            if self.world.ledger.names and not self.options.read_only:
                self.residue = clean_up(self.api, self.world.ledger)
            self.api.close()


@contextlib.contextmanager
def held_signals() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM for a moment; they can be handled in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: dict[int, Any] = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
