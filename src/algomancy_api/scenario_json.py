"""Scenarios as JSON: the bytes a backend keeps, or those made from `to_dict()` where it keeps none."""

from __future__ import annotations

from typing import Any

from algomancy_api.backend import ScenarioBackend, ScenarioLike, optional_member
from algomancy_api.schemas import ScenarioListQuery, ScenarioView
from algomancy_data.encoding import EncodingError, encode_json


class UnencodableError(Exception):
    """A backend handed over something that cannot be said in JSON: its mistake, not the caller's."""


def status_json(scenario: ScenarioLike) -> bytes:
    """Return the status of a scenario as JSON (contract SCN-8)."""
    kept = optional_member(scenario, "status_json_bytes")
    if kept is not None:
        return bytes(kept())
    return _encoded(
        {
            "id": scenario.id,
            "tag": scenario.tag,
            "status": str(scenario.status),
            "progress": scenario.progress,
        }
    )


def scenario_json(scenario: ScenarioLike) -> bytes:
    """Return a scenario as JSON."""
    kept = optional_member(scenario, "to_json_bytes")
    return _encoded(scenario.to_dict()) if kept is None else bytes(kept())


def summary_json(scenario: ScenarioLike) -> bytes:
    """Return a scenario without its result as JSON."""
    kept = optional_member(scenario, "summary_json_bytes")
    if kept is not None:
        return bytes(kept())
    return _encoded({name: value for name, value in scenario.to_dict().items() if name != "result"})


def scenario_list_json(scenarios: ScenarioBackend, query: ScenarioListQuery) -> tuple[bytes, int]:
    """Return the part of the list that a query asks for as JSON, and how many scenarios there are in all."""
    everything = query.view is ScenarioView.FULL and query.limit is None and query.offset == 0
    kept = optional_member(scenarios, "scenarios_as_bytes") if everything else None
    if kept is not None:
        return bytes(kept()), 0
    listed = list(scenarios.list_scenarios())
    end = None if query.limit is None else query.offset + query.limit
    encode = summary_json if query.view is ScenarioView.SUMMARY else scenario_json
    return b"[" + b",".join([encode(each) for each in listed[query.offset : end]]) + b"]", len(listed)


def _encoded(value: dict[str, Any]) -> bytes:
    try:
        return encode_json(value)
    except EncodingError as error:
        raise UnencodableError(str(error)) from error
