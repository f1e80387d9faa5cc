"""Algorithms that note each time they are begun, and one whose process dies as it answers."""

from __future__ import annotations

import os
import signal
import struct
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from algomancy_data import DataClassification, DataSource, SimpleETLFactory
from algomancy_scenario import BaseAlgorithm, BaseKPI, BaseScenarioResult, CoreConfig, ImprovementDirection
from algomancy_utils import QUANTITIES, BaseMeasurement, BaseParameterSet, StringParameter


class NoteParameters(BaseParameterSet):
    """The file in which a run notes what it does."""

    def __init__(self) -> None:
        super().__init__("note")
        self.add_parameters([StringParameter("file", default="")])

    def validate(self) -> None:
        """Any file will do."""


class Answer(BaseScenarioResult):
    """A number."""

    def to_dict(self) -> dict[str, Any]:
        """The result's members."""
        return {"answer": 42}


class LongAnswer(Answer):
    """Too much for one go through a socket."""

    length = 1_000_000

    def to_dict(self) -> dict[str, Any]:
        """The result's members."""
        return {"answer": 42, "padding": "." * self.length}


class Noting(BaseAlgorithm):
    """Notes its process when it begins."""

    @staticmethod
    def initialize_parameters() -> BaseParameterSet:
        return NoteParameters()

    def run(self, data: Any) -> Answer:
        with Path(self.params["file"]).open("a", encoding="ascii") as note:
            note.write(f"{os.getpid()}\n")
        return self.answer(data.id)

    def answer(self, data_id: str) -> Answer:
        return Answer(data_id)


class Endless(Noting):
    """Has to be killed."""

    def answer(self, data_id: str) -> Answer:
        while True:
            pass


class DyingWords(Noting):
    """Its process is killed when half of the result is on the way."""

    def answer(self, data_id: str) -> Answer:
        whole = Connection.send_bytes

        def half(connection: Connection[Any, Any], content: bytes) -> None:
            if len(content) < LongAnswer.length:
                whole(connection, content)
                return
            with os.fdopen(connection.fileno(), "wb", closefd=False) as line:
                line.write(struct.pack("!i", len(content)) + content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

        Connection.send_bytes = half  # type: ignore[method-assign, assignment]  # of this process: it ends with this run
        return LongAnswer(data_id)


class AnswerKPI(BaseKPI):
    """The answer itself."""

    def __init__(self) -> None:
        super().__init__("Answer", ImprovementDirection.HIGHER, BaseMeasurement(QUANTITIES["count"][""]))

    def compute(self, result: Any) -> float:
        """The number in the result."""
        return float(result.to_dict()["answer"])


def config(folder: Path, executor: str = "processes", dask_address: str | None = None) -> CoreConfig:
    """The configuration of this file's project, with its state in a folder."""
    return CoreConfig(
        etl_factory=SimpleETLFactory,
        schemas=[],
        data_object_type=DataSource,
        algorithms={each.__name__: each for each in (Noting, Endless, DyingWords)},
        kpis={"Answer": AnswerKPI},
        executor=executor,
        workers=2,
        dask_address=dask_address,
        has_persistent_state=True,
        data_path=folder,
    )


def source() -> DataSource:
    """A dataset of which nothing is needed."""
    return DataSource(DataClassification.MASTER_DATA, "data")
