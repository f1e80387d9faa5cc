"""What a run was asked to do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from .clauses import Level, Profile

LAYERS = ("clauses", "fuzzing", "model", "document")


@dataclass(frozen=True)
class Options:
    """The settings of one run; each is an option of ``algomancy-conformance run``.

    Attributes:
        prefix: What all routes but the meta ones start with.
        profile: By whose yardstick to judge.
        level: Leave out clauses less binding than this.
        only: Check these clauses alone; empty means all.
        examples: Random cases per operation in the fuzzing layer, and per run of the model.
        seed: What the random layers start from.
        read_only: Send GETs only.
        token: A bearer token.
        slow: The algorithm that takes time, where the kit should not find it itself.
        fast: The algorithm that ends at once.
        failing: The algorithm that fails.
        crashing: An algorithm whose parameters cannot even be described: it raises within the request.
        dataset: The dataset to work with.
        etl_files: A folder with files the target's ETL accepts.
        cors_origin: An origin the target allows.
        restart_command: A shell command that kills the target with SIGKILL and starts it again.
        disposable: The target is the kit's to wipe.
        layers: Which layers to run.
    """

    prefix: str = "/api/v1"
    profile: Profile = Profile.SEED
    level: Level = Level.MAY
    only: tuple[str, ...] = ()
    examples: int = 20
    seed: int = field(default_factory=lambda: secrets.randbelow(2**32))
    read_only: bool = False
    token: str | None = None
    slow: str | None = None
    fast: str | None = None
    failing: str | None = None
    crashing: str | None = None
    dataset: str | None = None
    etl_files: Path | None = None
    cors_origin: str | None = None
    restart_command: str | None = None
    disposable: bool = False
    layers: tuple[str, ...] = LAYERS
