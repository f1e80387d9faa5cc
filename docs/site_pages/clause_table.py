"""The page of clauses, each with the operations it speaks of and the checks that try it."""

from __future__ import annotations

import ast
from collections import defaultdict
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby

from algomancy_conformance.clauses import Clause, all_clauses
from site_pages.document import operation_links
from site_pages.markdown import GeneratedPage, table

_ABBREVIATIONS = {"kpis": "KPIs", "etl": "ETL"}
_INTRODUCTION = """# Clauses

The contract, sentence by sentence. An id is never used twice. Each clause has at least one check in the conformance
suite; hover over the name of a check to see what it says.

- **MUST** comes from the API's first description, from HTTP itself, or is needed to use the API safely.
- **MUST\\*** binds this server; for others it is what stands below it.
- **SHOULD** is a warning.
- **MAY** is an optional capability: tested when a backend offers it, and never counted as passed when it does not.
"""


def clauses_page() -> GeneratedPage:
    """One table per resource."""
    checks = checks_by_clause()
    links = operation_links()
    parts = [_INTRODUCTION]
    for resource, clauses in groupby(all_clauses().values(), key=lambda clause: clause.resource):
        parts.append(f"## {_ABBREVIATIONS.get(resource, resource.capitalize())} {{ #{resource} }}\n")
        rows = (
            (
                f"**{clause.id}**{{ #{clause.id.lower()} }}",
                _levels(clause),
                clause.sentence
                + _aside("Operations", _operations(clause, links))
                + _aside("Checks", _checks(clause, checks)),
            )
            for clause in clauses
        )
        parts.append(table(("clause", "level", "what it says"), rows))
    return GeneratedPage("reference/clauses.md", "Clauses", "\n".join(parts))


def checks_by_clause() -> dict[str, list[tuple[str, str]]]:
    """For each clause the names and docstrings of the suite's tests that carry it, read without running them."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    suite = files("algomancy_conformance").joinpath("suite")
    for module in sorted(_modules(suite), key=lambda entry: entry.name):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                says = (ast.get_docstring(node) or "").split("\n\n")[0]
                for clause_id in _clause_ids(node):
                    found[clause_id].append((node.name, says))
    return found


def _modules(folder: Traversable) -> list[Traversable]:
    return [entry for entry in folder.iterdir() if entry.name.endswith(".py")]


def _clause_ids(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The ids in the function's ``@clause(…)`` decorators."""
    return [
        argument.value
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "clause"
        for argument in decorator.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def _levels(clause: Clause) -> str:
    """The level, and that for other backends where it differs."""
    level = clause.level.replace("*", "\\*")
    return level if clause.level == clause.seed else f"{level}<br><small>others: {clause.seed}</small>"


def _aside(title: str, text: str) -> str:
    """A small line below a sentence."""
    return f'<br><small class="aside">{title}: {text}</small>' if text else ""


def _checks(clause: Clause, checks: dict[str, list[tuple[str, str]]]) -> str:
    return ", ".join(f'<code title="{_attribute(says)}">{name}</code>' for name, says in checks[clause.id])


def _operations(clause: Clause, links: dict[str, str]) -> str:
    if "*" in clause.operations:
        return "all"
    return ", ".join(f"[{name}]({links[name]})" if name in links else f"`{name}`" for name in clause.operations)


def _attribute(text: str) -> str:
    """`text` as the value of an HTML attribute in a table cell."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return plain.replace("`", "").replace("|", "&#124;").replace("*", "&#42;").replace("_", "&#95;")
