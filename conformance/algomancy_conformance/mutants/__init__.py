"""Deliberately broken servers: the reference with one rule bent in each. The selftest demands that each is caught.

To add one, write a line into the module of its resource; see the README for an example.
"""

from __future__ import annotations

from . import data, events, general, runs, scenarios, servers, sessions
from .wire import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *general.MUTANTS,
    *sessions.MUTANTS,
    *scenarios.MUTANTS,
    *runs.MUTANTS,
    *data.MUTANTS,
    *events.MUTANTS,
    *servers.MUTANTS,
)
