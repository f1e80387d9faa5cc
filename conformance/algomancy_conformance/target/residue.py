"""What a run leaves behind: nothing. The sessions the kit makes are noted as they come and deleted at the end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ..outcomes import KitError, Untried
from .client import Api, path_of
from .wire import Answer


@dataclass
class Ledger:
    """The sessions of this run, and those that were there before it.

    Attributes:
        before: Display name and dataset keys by session id, as they were at the start.
        made: Ids of the sessions this run made.
        names: Display names this run asked for, known even where the answer was broken.
    """

    before: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    @property
    def protected(self) -> frozenset[str]:
        """Ids and names no write may touch."""
        return frozenset(self.before) | {name for name, _ in self.before.values()}

    def watch(self, answer: Answer) -> None:
        """Note the session a POST has made."""
        sent = answer.exchange
        path = sent.url.split("?")[0]
        if sent.method != "POST" or not (path.endswith(("/sessions", "/copy"))):
            return
        try:
            body = json.loads(answer.sent)
            name = body.get("display_name") or body.get("new_display_name")
            if not isinstance(name, str):
                return
            self.names.add(name)
            for entry in json.loads(answer.content)["sessions"]:
                if entry["display_name"] == name and entry["id"] not in self.before:
                    self.made.add(entry["id"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return  # a broken answer, or a body made to break the server: the names above still find the session


def sessions_of(api: Api) -> list[dict[str, Any]]:
    """The target's sessions, or an empty list where it cannot say."""
    return listed_in(api.get("/sessions"))


def listed_in(answer: Answer) -> list[dict[str, Any]]:
    """The sessions a refreshed list holds, or an empty list where it is none."""
    try:
        entries = answer.json()["sessions"]
    except (AssertionError, KeyError, TypeError):
        return []
    return [e for e in entries if isinstance(e, dict) and {"id", "display_name"} <= set(e)] if entries else []


def snapshot(api: Api) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Display name and dataset keys of every session."""
    found = {}
    for entry in sessions_of(api):
        try:
            keys = tuple(api.get(path_of("sessions", entry["id"], "data")).json()["keys"])
        except (AssertionError, KeyError, TypeError):
            keys = ()
        found[str(entry["id"])] = (str(entry["display_name"]), keys)
    return found


def delete_made(api: Api, ledger: Ledger) -> None:
    """Delete the sessions in the ledger that were not there before."""
    for entry in sessions_of(api):
        mine = entry["id"] in ledger.made or entry["display_name"] in ledger.names
        if mine and entry["id"] not in ledger.before:
            api.delete(path_of("sessions", str(entry["id"])))


def clean_up(api: Api, ledger: Ledger) -> str:
    """Delete the sessions of this run; returns what is different from before, or an empty string.

    Ends quietly where the target has gone: there is nothing left to clean then. A disposable target had nothing to be
    kept.
    """
    try:
        delete_made(api, ledger)
        after = snapshot(api)
    except (KitError, Untried, AssertionError) as error:
        return f"The clean-up broke off: {error}"
    left = [name for key, (name, _) in after.items() if key not in ledger.before and name in ledger.names]
    kept = ledger.before.items() if api.protected else ()
    changed = [name for key, (name, keys) in kept if after.get(key) != (name, keys)]
    parts = []
    if left:
        parts.append("sessions left over: " + ", ".join(repr(name[:40]) for name in left[:5]))
    if changed:
        parts.append("sessions changed: " + ", ".join(repr(name[:40]) for name in changed[:5]))
    return "; ".join(parts)
