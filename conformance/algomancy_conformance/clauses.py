"""The clauses of the contract, as data: what each says, how binding it is and which operations it speaks of."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Profile(StrEnum):
    """By whose yardstick a target is judged: the seed's words, or all that the reference promises."""

    SEED = "seed"
    REFERENCE = "reference"


class Level(StrEnum):
    """How binding a clause is within a profile, the strictest first."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"

    @property
    def rank(self) -> int:
        """0 for MUST, 1 for SHOULD, 2 for MAY."""
        return list(Level).index(self)


@dataclass(frozen=True)
class Clause:
    """One numbered sentence of the contract.

    Attributes:
        id: Its number, never reused.
        level: The level as the contract writes it; ``MUST*`` binds the reference alone.
        seed: The level it has for other backends.
        resource: The chapter it stands in.
        operations: The operationIds it speaks of; ``("*",)`` means every one.
        sentence: What it says.
    """

    id: str
    level: str
    seed: Level
    resource: str
    operations: tuple[str, ...]
    sentence: str

    def level_in(self, profile: Profile) -> Level:
        """The level this clause has in `profile`."""
        return Level(self.level.rstrip("*")) if profile is Profile.REFERENCE else self.seed


@cache
def all_clauses() -> dict[str, Clause]:
    """Every clause by its id, in the order of the contract."""
    text = files("algomancy_conformance").joinpath("clauses.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["clause"]
    return {
        row["id"]: Clause(
            id=row["id"],
            level=row["level"],
            seed=Level(row["seed"]),
            resource=row["resource"],
            operations=tuple(row["operations"]),
            sentence=row["sentence"],
        )
        for row in rows
    }


def clause_table(profile: Profile | None = None) -> str:
    """The clauses as a Markdown table: the one in the README, and the one `algomancy-conformance clauses` prints."""
    lines = ["| Clause | Level | Others | What it says |", "|---|---|---|---|"]
    for clause in all_clauses().values():
        level = clause.level if profile is None else clause.level_in(profile).value
        sentence = clause.sentence.replace("|", "\\|")
        lines.append(f"| {clause.id} | {level.replace('*', chr(92) + '*')} | {clause.seed} | {sentence} |")
    return "\n".join(lines) + "\n"
