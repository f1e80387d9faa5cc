"""What the checks of one run share: target, options, client, findings; opened before them and closed after."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ..judging.verdict import Coverage, Verdict, judge
from ..options import Options
from ..outcomes import CheckResult, KitError, Untried
from ..target.client import Api
from ..target.etl_sample import EtlSample, find_sample
from ..target.residue import Ledger, clean_up, delete_made
from ..target.servers import Target
from ..target.world import World, once
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
        """Another client for the target, or one for another server of the same kind."""
        replicas = self.options.replicas if url == self.target.url else ()
        options = self.options
        return Api(url, options.prefix, replicas=replicas, token=options.token, read_only=options.read_only)

    @once
    def sample(self) -> EtlSample:
        """Files the target's ETL accepts.

        Raises:
            Untried: None are known.
        """
        return find_sample(self.world, self.world.new_session())

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
            for _ in self.api.urls:
                self.api.root("GET", "/health")
            wants_token = self.api.get("/sessions").status == 401
            self.world.open()
        except AssertionError as error:
            raise KitError(f"{self.target.url} does not talk HTTP: {error}") from None
        if wants_token:
            given = "another token than the one given" if self.options.token else "a token"
            raise KitError(f"{self.target.url} wants {given}: name it with --token.")

    def prepare(self, fuzzes: bool) -> None:
        """Find out now what several processes would each have to find out for themselves.

        What stands in the way of that is met again by the check that needs it.
        """
        with ThreadPoolExecutor(1) as meanwhile:  # the target is waited for, and the processor is free
            if fuzzes:
                from ..randomised.fuzzing import load_operations

                meanwhile.submit(load_operations, self.api.url, self.api.prefix)
            with contextlib.suppress(KitError, Untried, AssertionError):
                self.world.explore()
                _ = self.sample

    def begin_share(self, number: int, send: Callable[[CheckResult], None]) -> None:
        """Become one of several processes that make the checks of this run between them.

        Args:
            number: Which of them; the names it makes are its own.
            send: Passes a result on to the process that adds them up.
        """
        self.api.reconnect()
        self.api.watchers.remove(self.watcher.watch)
        self.watcher = Watcher(self.api.prefix, self.options.crashing)
        self.api.watchers.append(self.watcher.watch)
        self.world.run_name = f"{self.world.run_name}-{'abcdefghijklmnopqrstuvwxyz'[number % 26]}{number // 26 or ''}"
        self.on_result = send

    def take_over(self, watcher: Watcher, ledger: Ledger, requests: int) -> None:
        """Add what another process has seen and left behind."""
        self.watcher.add(watcher)
        self.world.ledger.made |= ledger.made
        self.world.ledger.names |= ledger.names
        self.api.sent += requests

    def delete_own(self) -> None:
        """Delete the sessions this process has made, as far as it can."""
        with contextlib.suppress(KitError, Untried, AssertionError):
            delete_made(self.api, self.world.ledger)

    def verdict(
        self,
        name: str,
        *,
        arguments: Sequence[str] = (),
        baseline: Mapping[str, str] | None = None,
        seconds: float = 0.0,
    ) -> Verdict:
        """What the run has found out so far."""
        seen = self.watcher
        return judge(
            name or self.target.url,
            self.options,
            self.results,
            baseline=baseline,
            coverage=Coverage(seen.seen, seen.tried_for, seen.errors, seen.flaws),
            arguments=arguments,
            found=self.world.found(),
            residue=self.residue,
            requests=self.api.sent,
            seconds=seconds,
        )

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
