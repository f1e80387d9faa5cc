"""What is stored of a scenario, and its form on disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec
import orjson

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
            if stored.format != _FORMAT:
                raise ValueError(f"Its format {stored.format} is unknown; this version reads {_FORMAT}.")
            result, kpis = _unless_null(stored.result), _unless_null(stored.kpis)
            record = cls(
                id=stored.id,
                tag=stored.tag,
                sequence=stored.sequence,
                queue_position=stored.queue_position,
                status=ScenarioStatus(stored.status),
                input_data_key=stored.input_data_key,
                input_data_id=stored.input_data_id,
                algo_name=stored.algo_name,
                algo_params=_object(stored.algo_params),
                data_params=_object(stored.data_params),
                created_at=datetime.fromisoformat(stored.created_at),
                progress=stored.progress,
                started_at=_moment(stored.started_at),
                finished_at=_moment(stored.finished_at),
                error=stored.error,
                result=result if with_result else None,
                kpis=None if kpis is None else _object(kpis),
            )
        except msgspec.MsgspecError as error:
            raise ValueError(f"It is no scenario document: {error}.") from error
        record._check(has_result=result is not None)
        return record

    def _check(self, *, has_result: bool) -> None:
        done, failed = self.status is ScenarioStatus.COMPLETE, self.status is ScenarioStatus.FAILED
        if self.status is ScenarioStatus.PROCESSING:
            raise ValueError("Its status is one that is never stored.")
        if done != has_result or done != (self.kpis is not None) or failed != bool(self.error):
            raise ValueError("Its status does not fit its result, KPI values and error.")
        if not 0 <= self.progress <= 100:
            raise ValueError("Its progress is not between 0 and 100.")
        for name, kpi in orjson.loads(self.kpis or b"{}").items():
            if not isinstance(kpi, dict) or type(kpi.get("value")) not in (int, float):
                raise ValueError(f"Its KPI '{name}' has no value.")


class _Stored(msgspec.Struct):
    """The document, of which what is JSON in the record stays as it is written."""

    format: int
    id: str
    tag: str
    sequence: int
    queue_position: int | None
    status: str
    input_data_key: str
    input_data_id: str
    algo_name: str
    algo_params: msgspec.Raw
    data_params: msgspec.Raw
    created_at: str
    progress: float
    started_at: str | None
    finished_at: str | None
    error: str | None
    result: msgspec.Raw
    kpis: msgspec.Raw


_DECODER = msgspec.json.Decoder(_Stored)


def _object(document: bytes | msgspec.Raw) -> bytes:
    if not bytes(document).startswith(b"{"):
        raise ValueError("It is no scenario document: a member is no object.")
    return bytes(document)


def _unless_null(document: msgspec.Raw) -> bytes | None:
    return None if bytes(document) == b"null" else bytes(document)


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
