"""What a run exercised: the operations of the document, the statuses that answered them, and for which clauses."""

from __future__ import annotations

from dataclasses import dataclass

from ..clauses import all_clauses
from ..document import PUBLISHED_PREFIX, operation_ids, operations, published_document
from .verdict import Verdict

STORAGE = "the storage fails, or a class of the user's project does otherwise than by its parameters"
DATABASE = "the server's database does not answer"
CLOSING = "the server is being stopped"
PROJECT = "a class of the user's project refuses with an AssertionError"
UNSHOWN = {
    **dict.fromkeys(((name, 500) for name in operation_ids()), STORAGE),
    **{(op["operationId"], 503): DATABASE for _, _, op in operations(published_document()) if "503" in op["responses"]},
    **dict.fromkeys((("delete_session", 409), ("delete_scenario", 409)), CLOSING),
    **dict.fromkeys((("get_algorithm_parameters", 409), ("get_dataset", 409), ("get_data_parameters", 409)), PROJECT),
    ("get_runs", 404): "the backend does not offer it",
}
"""Documented statuses that no request brings about by itself, and when they come."""


@dataclass(frozen=True)
class Cell:
    """One status of one operation.

    Attributes:
        status: The status.
        documented: Whether the published document has it for this operation.
        count: How often it was seen.
        clauses: The clauses whose checks were answered so.
        only_when: For a status that no request brings about by itself: when it comes.
    """

    status: int
    documented: bool
    count: int
    clauses: tuple[str, ...]
    only_when: str = ""

    @property
    def unseen(self) -> bool:
        """Whether it is documented, could have been seen, and was not."""
        return self.documented and not self.count and not self.only_when


@dataclass(frozen=True)
class Row:
    """One operation of the published document, with a cell for every status of the matrix."""

    operation: str
    route: str
    cells: tuple[Cell, ...]

    @property
    def unseen(self) -> tuple[int, ...]:
        """The documented statuses that were never seen, and could have been."""
        return tuple(cell.status for cell in self.cells if cell.unseen)

    @property
    def gist(self) -> str:
        """The row in a few words."""
        if not self.unseen:
            return "every documented status was seen that a request can bring about"
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

    def cell(route: str, name: str, status: int, of: set[int]) -> Cell:
        clauses = set(verdict.coverage.tried_for.get((route, status), ()))
        told = tuple(clause for clause in order if clause in clauses)
        return Cell(status, status in of, seen.get((route, status), 0), told, UNSHOWN.get((name, status), ""))

    return tuple(
        Row(name, route, tuple(cell(route, name, status, of) for status in statuses))
        for (route, name), of in documented.items()
    )
