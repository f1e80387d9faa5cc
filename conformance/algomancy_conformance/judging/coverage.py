"""What a run exercised: the operations of the document, the statuses that answered them, and for which clauses."""

from __future__ import annotations

from dataclasses import dataclass

from ..clauses import all_clauses
from ..document import PUBLISHED_PREFIX, operations, published_document
from .verdict import Verdict


@dataclass(frozen=True)
class Cell:
    """One status of one operation.

    Attributes:
        status: The status.
        documented: Whether the published document has it for this operation.
        count: How often it was seen.
        clauses: The clauses whose checks were answered so.
    """

    status: int
    documented: bool
    count: int
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One operation of the published document, with a cell for every status of the matrix."""

    operation: str
    route: str
    cells: tuple[Cell, ...]

    @property
    def unseen(self) -> tuple[int, ...]:
        """The documented statuses that were never seen."""
        return tuple(cell.status for cell in self.cells if cell.documented and not cell.count)

    @property
    def gist(self) -> str:
        """The row in a few words."""
        if not self.unseen:
            return "every documented status was seen"
        return f"never seen: {', '.join(map(str, self.unseen))}"


def coverage_rows(verdict: Verdict) -> tuple[Row, ...]:
    """A row per operation of the published document, in its order."""
    documented = {
        (f"{method.upper()} {path.removeprefix(PUBLISHED_PREFIX)}", operation["operationId"]): {
            int(status) for status in operation["responses"] if status.isdigit()
        }
        for path, method, operation in operations(published_document())
    }
    seen, order = verdict.coverage.seen, list(all_clauses())
    statuses = sorted({s for of in documented.values() for s in of} | {s for _, s in seen})

    def cell(route: str, status: int, of: set[int]) -> Cell:
        clauses = set(verdict.coverage.tried_for.get((route, status), ()))
        return Cell(status, status in of, seen.get((route, status), 0), tuple(c for c in order if c in clauses))

    return tuple(
        Row(name, route, tuple(cell(route, status, of) for status in statuses))
        for (route, name), of in documented.items()
    )
