"""Clauses, tests, mutants, operations and the README belong together, and none is alone."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import algomancy_conformance.suite
from algomancy_conformance.clauses import Level, Profile, all_clauses, clause_table
from algomancy_conformance.document import operation_ids
from algomancy_conformance.mutants import MUTANTS
from algomancy_conformance.randomised.fuzzing import STREAMED
from algomancy_conformance.randomised.wording import OPERATION_CLAUSE
from tests.repository import ROOT

README = ROOT / "conformance" / "README.md"

CONTRACT = {
    "MUST": (
        "GEN-1 GEN-2 GEN-3 GEN-4 GEN-5 GEN-6 GEN-9 ERR-1 ERR-2 ERR-3 ERR-4 ERR-5 ERR-6 MET-1 MET-2 MET-3 "
        "SES-1 SES-2 SES-3 SES-4 SES-5 SES-6 SES-7 SES-8 SES-9 SES-10 ALG-1 ALG-2 ALG-3 ALG-4 KPI-1 "
        "SCN-1 SCN-2 SCN-3 SCN-4 SCN-5 SCN-6 SCN-8 SCN-9 SCN-10 SCN-11 "
        "DAT-1 DAT-2 DAT-3 DAT-4 DAT-5 DAT-6 ETL-1 ETL-2 ETL-3 ETL-4"
    ),
    "MUST*": (
        "GEN-8 GEN-10 GEN-12 ERR-7 MET-4 MET-5 SES-11 SES-12 SCN-7 SCN-14 SCN-15 SCN-16 SCN-17 SCN-18 SCN-19 SCN-20 "
        "DAT-7 DAT-9 ETL-5 ETL-6 ETL-7 ETL-8 DUR-1 DUR-2 DUR-3 DUR-4"
    ),
    "SHOULD": "GEN-7 GEN-11 MET-6",
    "MAY": "ERR-8 SES-13 SCN-12 SCN-13 SCN-21 SCN-22 DAT-8 EVT-1 EVT-2 EVT-3 EVT-4 EVT-5",
}
"""The ids of the contract by level, written out: an expectation read from the subject cannot fail."""


def marks_of_the_suite() -> Iterator[dict[str, Any]]:
    """What the decorators of the suite's tests say, parametrized rows included."""
    for module_info in pkgutil.iter_modules(algomancy_conformance.suite.__path__):
        if not module_info.name.startswith("test_"):
            continue
        module = importlib.import_module(f"algomancy_conformance.suite.{module_info.name}")
        for name, test in vars(module).items():
            if not name.startswith("test_"):
                continue
            assert (test.__doc__ or "").strip(), f"{name} has no sentence"
            found = [m for m in getattr(test, "pytestmark", []) if m.name == "clause"]
            for mark in getattr(test, "pytestmark", []):
                if mark.name == "parametrize":
                    rows = [row for row in mark.args[1] if hasattr(row, "marks")]
                    found += [m for row in rows for m in row.marks if m.name == "clause"]
            assert found, f"{module_info.name}.{name} names no clause"
            yield from (m.kwargs for m in found)


def test_clauses_are_those_of_the_contract() -> None:
    """The kit knows each clause of the contract at its level, and no other."""
    levels = {level: {c.id for c in all_clauses().values() if c.level == level} for level in CONTRACT}

    assert levels == {level: set(ids.split()) for level, ids in CONTRACT.items()}
    assert len(all_clauses()) == 92


def test_profiles_differ_in_what_binds_the_reference_alone() -> None:
    """A MUST* is a MUST for the reference and a SHOULD for others; every other level is the same for both."""
    for clause in all_clauses().values():
        both = clause.level_in(Profile.REFERENCE), clause.level_in(Profile.SEED)
        starred = clause.level == "MUST*"
        assert both == ((Level.MUST, Level.SHOULD) if starred else (Level(clause.level),) * 2), clause.id


def test_clauses_all_have_hand_written_tests() -> None:
    """Every clause has a test of the suite that does not depend on chance."""
    tested = {i for mark in marks_of_the_suite() if mark["layer"] in ("clauses", "document") for i in mark["ids"]}

    assert tested == set(all_clauses())


def test_musts_all_have_mutants() -> None:
    """Every MUST clause is broken by a mutant, and every mutant breaks a clause there is."""
    broken = {mutant.clause for mutant in MUTANTS}
    must = {c.id for c in all_clauses().values() if c.level_in(Profile.REFERENCE) is Level.MUST}

    assert must <= broken
    assert broken <= set(all_clauses())
    assert len(MUTANTS) >= 40


def test_mutants_have_names_of_their_own() -> None:
    """No two mutants share name and clause, and each deviates in just one way."""
    assert not [key for key, count in Counter((m.name, m.clause) for m in MUTANTS).items() if count > 1]
    assert all((mutant.deviation is None) != (mutant.factory == "") for mutant in MUTANTS)


def test_operations_all_have_a_clause() -> None:
    """Every operation of the published document has the clause that says what it answers, and a mark can name it."""
    assert set(OPERATION_CLAUSE) | set(STREAMED) == set(operation_ids())
    assert set(OPERATION_CLAUSE.values()) <= set(all_clauses())
    named = {str(mark["operation"]) for mark in marks_of_the_suite()} - {""}
    spoken_of = {o for clause in all_clauses().values() for o in clause.operations} - {"*"}
    assert named | spoken_of <= set(operation_ids())


def test_readme_holds_the_clause_table() -> None:
    """The table in the README is the one the command prints."""
    assert README.read_text(encoding="utf-8").endswith(clause_table())


@pytest.mark.parametrize("layer", ["clauses", "fuzzing", "model", "document"])
def test_layers_all_have_mutants(layer: str) -> None:
    """Each layer must catch at least one mutant by itself."""
    assert [mutant for mutant in MUTANTS if mutant.layer == layer]
