"""Copies a state from one store to another: folder to database, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from algomancy_data import Dataset
from algomancy_scenario.persistence.port import NewSession, SessionStore, StateStore, StoredSession
from algomancy_scenario.persistence.raw_datasets import Extract
from algomancy_scenario.persistence.scenario_record import UNFINISHED, ScenarioRecord, ScenarioStatus


def copy_state(
    source: StateStore, target: StateStore, extract: Extract | None, tell: Callable[[int, int], None]
) -> dict[str, int]:
    """Copy every session with its datasets and scenarios; ids, times and results stay, and what was queued is queued.

    Args:
        source: Where they are.
        target: Where they go; it must be empty.
        extract: Runs the ETL, for datasets that are there as raw files.
        tell: Called with how many datasets and scenarios were copied, and how many there are.

    Returns:
        How many `sessions`, `datasets` and `scenarios` were copied.

    Raises:
        ValueError: The source is empty, the target is not, or something cannot be copied; then nothing is.
    """
    if any(True for _ in target.load()):
        raise ValueError("The target is not empty: a state is copied to where there is none.")
    sessions = [(each, _datasets(each, extract), sorted(each.scenarios, key=_place)) for each in source.load()]
    if not sessions:
        raise ValueError("There is nothing to copy: the source is empty.")
    for stored, datasets, records in sessions:
        _check(stored, datasets, records)
    counts = {
        "sessions": len(sessions),
        "datasets": sum(len(datasets) for _, datasets, _ in sessions),
        "scenarios": sum(len(records) for _, _, records in sessions),
    }
    total, done = counts["datasets"] + counts["scenarios"], 0
    made: list[str] = []
    try:
        for stored, datasets, records in sessions:

            def told(so_far: int, before: int = done) -> None:
                tell(before + so_far, total)

            new = NewSession(stored.id, stored.display_name, datasets, _Whole(stored.store, records, told))
            with target.guard:
                target.create_session(new)
            made.append(stored.id)
            done += len(datasets) + len(records)
            tell(done, total)
    except BaseException:
        for session_id in made:
            with suppress(Exception), target.guard:
                target.delete_session(session_id)
        raise
    return counts


class _Whole:
    """Scenarios with their results, each read when its turn comes: all of them together may not fit into memory.

    Args:
        store: Where they are.
        records: The scenarios.
        told: Called with how many were read.
    """

    def __init__(self, store: SessionStore, records: list[ScenarioRecord], told: Callable[[int], None]) -> None:
        self._store = store
        self._records = records
        self._told = told

    def __iter__(self) -> Iterator[ScenarioRecord]:
        for number, record in enumerate(self._records, 1):
            if record.status is ScenarioStatus.COMPLETE and record.result is None:
                yield replace(record, result=self._store.read_result(record.id))
            elif record.status in UNFINISHED:
                yield replace(record, status=ScenarioStatus.QUEUED, progress=0.0)
            else:
                yield record
            self._told(number)


def _datasets(stored: StoredSession, extract: Extract | None) -> list[Dataset]:
    if extract is not None:
        return stored.all_datasets(extract)
    raw = stored.raw_datasets.keys() - {dataset.key for dataset in stored.datasets}
    if raw:
        raise ValueError(
            f"Dataset '{min(raw)}' of session '{stored.display_name}' is there as raw files: name the configuration "
            "that reads them."
        )
    return list(stored.datasets)


def _check(stored: StoredSession, datasets: list[Dataset], records: list[ScenarioRecord]) -> None:
    keys = {dataset.key for dataset in datasets}
    for record in records:
        if record.input_data_key not in keys:
            raise ValueError(
                f"Scenario '{record.tag}' of session '{stored.display_name}' uses dataset '{record.input_data_key}', "
                "which is not there: bring the dataset back, or delete the scenario."
            )


def _place(record: ScenarioRecord) -> int:
    return record.sequence
