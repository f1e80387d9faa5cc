"""What is stored of a scenario, and its form on disk."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, get_type_hints

import msgspec
import orjson

from algomancy_data.encoding import encode_json

_FORMAT = 1


class ScenarioStatus(StrEnum):
    """Where a scenario stands; it moves downwards only (contract SCN-9), except by a reset or when its server died."""

    CREATED = "created"
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETE = "complete"
    FAILED = "failed"


UNFINISHED = (ScenarioStatus.QUEUED, ScenarioStatus.PROCESSING)
"""Where a scenario stands whose run is still to come, or under way."""


@dataclass(frozen=True, slots=True)
class ScenarioRecord:
    """Everything about a scenario that outlives the server.

    Attributes:
        id: Its identifier.
        tag: Its tag.
        sequence: Its place among the scenarios of its session, in order of creation.
        queue_position: Its place among those waiting or running, `None` for any other.
        status: Where it stands. One that is processing is recorded as queued, to run again after a crash; what servers
            that share a store tell each other of it is not part of the record.
        progress: How far its last run was when it ended.
        input_data_key: The key of its dataset.
        input_data_id: The id its dataset had when the scenario was created.
        algo_name: The name of its algorithm.
        algo_params: The values of the algorithm's parameters, as JSON.
        data_params: The values of the dataset's parameters, as JSON.
        created_at: When it was created, in UTC.
        started_at: When its last run started.
        finished_at: When its last run ended.
        error: Why it failed.
        result: The result as JSON, `None` without one.
        kpis: The `kpis` member of the scenario object as JSON, `None` as long as there are no values.
    """

    id: str
    tag: str
    sequence: int
    queue_position: int | None
    status: ScenarioStatus
    input_data_key: str
    input_data_id: str
    algo_name: str
    algo_params: bytes
    data_params: bytes
    created_at: datetime
    progress: float = 0.0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    result: bytes | None = None
    kpis: bytes | None = None

    def encode(self) -> bytes:
        """Return the record as a JSON document."""
        document: dict[str, Any] = {"format": _FORMAT} | {name: getattr(self, name) for name in MEMBERS}
        for name in _JSON:
            # Results are bytes already: they are pasted in, not parsed again.
            document[name] = None if document[name] is None else orjson.Fragment(document[name])
        return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def decode(cls, document: bytes, *, with_result: bool = True) -> ScenarioRecord:
        """Rebuild a record from what `encode` gave.

        Args:
            document: The JSON document.
            with_result: Whether the record is to hold the result, which is often most of it.

        Raises:
            ValueError: It is no such document, or contradicts itself as no server writes it.
        """
        try:
            stored = _DECODER.decode(document)
        except msgspec.MsgspecError as error:
            raise ValueError(f"It is no scenario document: {error}.") from error
        if stored.format != _FORMAT:
            raise ValueError(f"Its format {stored.format} is unknown; this version reads {_FORMAT}.")
        members: dict[str, Any] = {name: getattr(stored, name) for name in MEMBERS}
        for name in _JSON:
            content = bytes(members[name])
            members[name] = None if content == b"null" else content
            if name != "result" and not content.startswith(b"{") and (name != "kpis" or members[name]):
                raise ValueError(f"It is no scenario document: its '{name}' is no object.")
        has_result = members["result"] is not None
        record = cls(**members if with_result else members | {"result": None})
        record._check(has_result=has_result)
        return record

    def _check(self, *, has_result: bool) -> None:
        done, failed = self.status is ScenarioStatus.COMPLETE, self.status is ScenarioStatus.FAILED
        if self.status is ScenarioStatus.PROCESSING:
            raise ValueError("Its status is one that no record has.")
        if done != has_result or done != (self.kpis is not None) or failed != bool(self.error):
            raise ValueError("Its status does not fit its result, KPI values and error.")
        if not 0 <= self.progress <= 100:
            raise ValueError("Its progress is not between 0 and 100.")
        for name, kpi in orjson.loads(self.kpis or b"{}").items():
            if not isinstance(kpi, dict) or type(kpi.get("value")) not in (int, float):
                raise ValueError(f"Its KPI '{name}' has no value.")


MEMBERS = [each.name for each in fields(ScenarioRecord)]
"""The names of what a record has."""

_JSON = ("algo_params", "data_params", "result", "kpis")
_TYPES = get_type_hints(ScenarioRecord)

# Of the document, what is JSON in the record stays as it is written.
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    msgspec.defstruct(
        "_Stored", [("format", int), *((name, msgspec.Raw if name in _JSON else _TYPES[name]) for name in MEMBERS)]
    )
)


def keep_json(value: object) -> bytes:
    """Encode a value as `encode_json` does, in memory of its own size.

    Raises:
        EncodingError: Something in the value cannot be said in JSON.
    """
    return compact(encode_json(value))


def compact(document: bytes) -> bytes:
    """Return a copy of what `orjson` made, whose bytes hold on to memory several times their length."""
    return bytes(memoryview(document))


def keep_plain_json(value: Any) -> bytes:  # noqa: ANN401 - any plain JSON value
    """Encode plain JSON values, moments in UTC (GEN-12) and fragments, in memory of their own size."""
    return compact(orjson.dumps(value, option=orjson.OPT_UTC_Z))
