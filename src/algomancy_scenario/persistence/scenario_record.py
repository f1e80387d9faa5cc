"""What is stored of a scenario, and its form on disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from algomancy_scenario.persistence.kept_json import keep_plain_json

_FORMAT = 1


class ScenarioStatus(StrEnum):
    """Where a scenario stands; it moves downwards only, except by a reset (contract SCN-9)."""

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
        status: Where it stands. One that was processing is stored as queued: it is to run again.
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
        # Results are bytes already: they are pasted in, not parsed again.
        document = {
            "format": _FORMAT,
            "id": self.id,
            "tag": self.tag,
            "sequence": self.sequence,
            "queue_position": self.queue_position,
            "status": self.status.value,
            "input_data_key": self.input_data_key,
            "input_data_id": self.input_data_id,
            "algo_name": self.algo_name,
            "algo_params": orjson.Fragment(self.algo_params),
            "data_params": orjson.Fragment(self.data_params),
            "created_at": self.created_at,
            "progress": self.progress,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "error": self.error,
            "result": None if self.result is None else orjson.Fragment(self.result),
            "kpis": None if self.kpis is None else orjson.Fragment(self.kpis),
        }
        return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def decode(cls, document: bytes) -> ScenarioRecord:
        """Rebuild a record from what `encode` gave.

        Args:
            document: The JSON document.

        Raises:
            ValueError: It is no such document.
        """
        # Not `decode_json`: a result that was allowed to nest deeply must not be refused one level further down.
        content = orjson.loads(document)
        try:
            if content["format"] != _FORMAT:
                raise ValueError(f"Its format {content['format']} is unknown; this version reads {_FORMAT}.")
            return cls(
                id=_text(content["id"]),
                tag=_text(content["tag"]),
                sequence=int(content["sequence"]),
                queue_position=None if content["queue_position"] is None else int(content["queue_position"]),
                status=ScenarioStatus(content["status"]),
                input_data_key=_text(content["input_data_key"]),
                input_data_id=_text(content["input_data_id"]),
                algo_name=_text(content["algo_name"]),
                algo_params=keep_plain_json(dict(content["algo_params"])),
                data_params=keep_plain_json(dict(content["data_params"])),
                created_at=datetime.fromisoformat(content["created_at"]),
                progress=float(content["progress"]),
                started_at=_moment(content["started_at"]),
                finished_at=_moment(content["finished_at"]),
                error=None if content["error"] is None else _text(content["error"]),
                result=None if content["result"] is None else keep_plain_json(content["result"]),
                kpis=None if content["kpis"] is None else keep_plain_json(dict(content["kpis"])),
            )
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"It is no scenario document: {error}.") from error

    def check(self) -> None:
        """Refuse a record that contradicts itself, as no server writes it.

        Raises:
            ValueError: Its members cannot all be true.
        """
        done, failed = self.status is ScenarioStatus.COMPLETE, self.status is ScenarioStatus.FAILED
        if self.status is ScenarioStatus.PROCESSING:
            raise ValueError("Its status is one that is never stored.")
        if done != (self.result is not None) or done != (self.kpis is not None) or failed != bool(self.error):
            raise ValueError("Its status does not fit its result, KPI values and error.")
        if not 0 <= self.progress <= 100:
            raise ValueError("Its progress is not between 0 and 100.")
        for name, kpi in orjson.loads(self.kpis or b"{}").items():
            if not isinstance(kpi, dict) or type(kpi.get("value")) not in (int, float):
                raise ValueError(f"Its KPI '{name}' has no value.")


def _text(value: Any) -> str:  # noqa: ANN401 - whatever the document holds
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
