"""A project with telling algorithms; `python hardened_project.py OVERRIDES` serves it and prints its port."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from algomancy_api import ApiConfiguration, ApiLauncher
from algomancy_data import Column, DataSource, DataType, FileExtension, Schema, SchemaType, SimpleETLFactory
from algomancy_scenario import BaseAlgorithm, BaseKPI, BaseScenarioResult, ImprovementDirection
from algomancy_utils import QUANTITIES, BaseMeasurement
from algomancy_utils.baseparameterset import BaseParameterSet, EmptyParameters, FloatParameter, IntegerParameter

RUNS_VARIABLE = "HARDENED_RUNS"
"""The environment's variable that names a folder, where runs note when they are done twice."""


class Items(Schema):
    """One csv table: an id and a weight."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    ID = Column("id", DataType.INTEGER, primary_key=True)
    WEIGHT = Column("weight", DataType.FLOAT)


class Sheet(Items):
    """The same table from a workbook."""

    _FILENAME = "sheet"
    _EXTENSION = FileExtension.XLSX


class Records(Items):
    """The same table from a json file."""

    _FILENAME = "records"
    _EXTENSION = FileExtension.JSON


class Answer(BaseScenarioResult):
    """A result that names the data it was made from."""

    def to_dict(self) -> dict[str, Any]:
        """The result's members."""
        return {"data_id": self.data_id, "answer": 42}


class NapParameters(BaseParameterSet):
    """How long to nap, and which nap it is."""

    def __init__(self, name: str = "nap") -> None:
        super().__init__(name)
        self.add_parameters(
            [
                FloatParameter("seconds", minvalue=0, maxvalue=600, default=0.05),
                IntegerParameter("number", minvalue=0, default=0),
            ]
        )

    def validate(self) -> None:
        """Every nap is fine."""


class _NoParameters(BaseAlgorithm):
    label = ""

    def __init__(self, params: BaseParameterSet) -> None:
        super().__init__(name=self.label, params=params)

    @staticmethod
    def initialize_parameters() -> BaseParameterSet:
        """No parameters."""
        return EmptyParameters()


class Instant(_NoParameters):
    """Answers at once."""

    label = "Instant"

    def run(self, data: Any) -> Answer:
        """The answer."""
        return Answer(data.id)


class Exits(_NoParameters):
    """Tries to end the process."""

    label = "Exits"

    def run(self, data: Any) -> Answer:
        """Never returns."""
        sys.exit(3)


class Stubborn(_NoParameters):
    """Ignores every request to stop until the module's `release` is set."""

    isolated = False

    label = "Stubborn"
    started = threading.Event()
    release = threading.Event()
    thread: int | None = None

    def run(self, data: Any) -> Answer:
        """The answer, when it is let go."""
        Stubborn.thread = threading.get_ident()
        Stubborn.started.set()
        Stubborn.release.wait(60)
        return Answer(data.id)


@contextmanager
def alone(number: int) -> Iterator[None]:
    """Note a nap that another process takes at this moment, where the test wants to know."""
    folder = os.environ.get(RUNS_VARIABLE)
    if not folder or not number:
        yield
        return
    with (Path(folder) / str(number)).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # It ends with the process.
        except BlockingIOError:
            (Path(folder) / f"twice {number}").touch()
        yield


class Nap(BaseAlgorithm):
    """Sleeps, reporting its progress."""

    def __init__(self, params: BaseParameterSet) -> None:
        super().__init__(name="Nap", params=params)

    @staticmethod
    def initialize_parameters() -> NapParameters:
        """One parameter, `seconds`."""
        return NapParameters()

    def run(self, data: Any) -> Answer:
        """The answer, after the nap."""
        with alone(self.params["number"]):
            for step in range(100):
                self.set_progress(step)
                time.sleep(self.params["seconds"] / 100)
        return Answer(data.id)


class AnswerKPI(BaseKPI):
    """The answer itself."""

    def __init__(self) -> None:
        super().__init__("Answer", ImprovementDirection.HIGHER, BaseMeasurement(QUANTITIES["count"][""]))

    def compute(self, result: Any) -> float:
        """The number in the result."""
        return float(result.to_dict()["answer"])


def build_config(schema: type[Schema] = Items, **overrides: Any) -> ApiConfiguration:
    """The configuration of this file's project, in memory unless told otherwise."""
    fields: dict[str, Any] = {
        "etl_factory": SimpleETLFactory,
        "schemas": [schema],
        "data_object_type": DataSource,
        "algorithms": {"Instant": Instant, "Nap": Nap, "Exits": Exits, "Stubborn": Stubborn},
        "kpis": {"Answer": AnswerKPI},
    }
    return ApiConfiguration(**{**fields, **overrides})


def main() -> None:
    """Serve on a free port with the overrides given as a JSON object, and print the port."""
    overrides = json.loads(sys.argv[1])
    schema = {"items": Items, "sheet": Sheet, "records": Records}[overrides.pop("schema", "items")]
    app = ApiLauncher.build(build_config(schema, **overrides))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
