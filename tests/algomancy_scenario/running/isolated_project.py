"""Algorithms that a worker process imports, steered by files, for it shares no object with the test."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd

from algomancy_data import DataClassification, DataSource
from algomancy_scenario import BaseAlgorithm, CoreConfig, Scenario, ScenarioManager
from algomancy_utils import BaseParameterSet, StringParameter
from tests.algomancy_scenario.scenario_project import WAIT, Answer, AnswerKPI, ItemsFactory


class FolderParameters(BaseParameterSet):
    """The folder in which test and algorithm leave files for each other."""

    def __init__(self) -> None:
        super().__init__("folder")
        self.add_parameters([StringParameter("folder", default="")])

    def validate(self) -> None:
        """Any folder will do."""


class Steered(BaseAlgorithm):
    """Has a folder."""

    @staticmethod
    def initialize_parameters() -> BaseParameterSet:
        return FolderParameters()

    def file(self, name: str) -> Path:
        return Path(self.params["folder"]) / name


class WhichProcess(Steered):
    """Tells in which process it runs."""

    result_class = Answer

    def run(self, data: Any) -> Answer:
        return Answer(data.id, os.getpid())


class AtHome(WhichProcess):
    """Wants to stay in the server's process."""

    isolated = False


class Untransportable(WhichProcess):
    """Holds what cannot be pickled once its module is unknown."""

    lock = threading.Lock()


Untransportable.__module__ = "__main__"  # As in a script: the class itself has to travel, and its lock cannot.


class Segfault(Steered):
    """Dies as a native solver does."""

    def run(self, data: Any) -> Answer:
        os.kill(os.getpid(), signal.SIGSEGV)
        return Answer(data.id)


class Exiting(Steered):
    """Ends its process."""

    def run(self, data: Any) -> Answer:
        os._exit(3)


class Deaf(Steered):
    """Notes its process, then works for ever without a word."""

    def run(self, data: Any) -> Answer:
        self.file("pid.part").write_text(str(os.getpid()))
        self.file("pid.part").rename(self.file("pid"))
        while True:
            pass


class Calling(Steered):
    """Calls a solver that is a program of its own; dies before it has answered if there is a file `die`."""

    def run(self, data: Any) -> Answer:
        solver = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        self.file("pid.part").write_text(str(solver.pid))
        self.file("pid.part").rename(self.file("pid"))
        if self.file("die").exists():
            os.abort()
        solver.wait()
        return Answer(data.id)


class Reporting(Steered):
    """Reports 40 until the file `go` is there."""

    def run(self, data: Any) -> Answer:
        end = time.monotonic() + WAIT
        while not self.file("go").exists() and time.monotonic() < end:
            self.set_progress(40)
        return Answer(data.id, os.getpid())


class Interruptible(Steered):
    """Ends when its `cancel()` is called."""

    def run(self, data: Any) -> Answer:
        self.event = threading.Event()
        self.file("running").touch()
        self.event.wait(WAIT)
        self.file("cancelled").touch()
        return Answer(data.id)

    def cancel(self) -> None:
        self.event.set()


class Hungry(Steered):
    """Wants a gigabyte."""

    def run(self, data: Any) -> Answer:
        return Answer(data.id, len(bytearray(1 << 30)))


class Spoiling(Steered):
    """Empties its data, and tells how much there was."""

    def run(self, data: Any) -> Answer:
        rows = len(data.tables["items"])
        data.tables["items"] = data.tables["items"].iloc[:0]
        return Answer(data.id, rows)


class Talking(Steered):
    """Logs."""

    def run(self, data: Any) -> Answer:
        logging.getLogger("planner").warning("Solver says %s", "hello")
        return Answer(data.id)


class Wandering(Steered):
    """Changes the working directory and the environment; fails where another run has done so before it."""

    result_class = Answer

    def run(self, data: Any) -> Answer:
        if Path.cwd() == Path("/") or "SOLVER_SEED" in os.environ:
            raise ValueError("I have been here before.")
        os.chdir("/")
        os.environ["SOLVER_SEED"] = "7"
        return Answer(data.id, os.getpid())


class CountedSource(DataSource):
    """Tells how often it was packed to travel."""

    packed = 0

    def __reduce_ex__(self, protocol: Any) -> Any:
        type(self).packed += 1
        return super().__reduce_ex__(protocol)


_CLASSES: list[type[Steered]] = [WhichProcess, AtHome, Untransportable, Segfault, Exiting, Deaf]
_CLASSES += [Calling, Reporting, Interruptible, Hungry, Spoiling, Talking, Wandering]
ALGORITHMS = {each.__name__: each for each in _CLASSES}


def config(**overrides: Any) -> CoreConfig:
    """A configuration whose runs have processes of their own."""
    fields: dict[str, Any] = {
        "etl_factory": ItemsFactory,
        "schemas": [],
        "data_object_type": DataSource,
        "algorithms": ALGORITHMS,
        "kpis": {"Answer": AnswerKPI},
        "executor": "processes",
        "workers": 1,
    }
    return CoreConfig(**{**fields, **overrides})


def source(rows: int = 3) -> CountedSource:
    """A dataset."""
    made = CountedSource(DataClassification.MASTER_DATA, "data")
    made.add_table("items", pd.DataFrame({"id": range(rows)}))
    return made


def begin(
    manager: ScenarioManager, algo_name: str, tag: str = "one", folder: Path | str | None = None
) -> Scenario[Any]:
    """Create a scenario and queue it."""
    scenario = manager.create_scenario(tag, "data", algo_name, {"folder": str(folder or "")})
    manager.process_scenario_async(scenario)
    return scenario


def finish(
    manager: ScenarioManager, algo_name: str, tag: str = "one", folder: Path | str | None = None, seconds: float = WAIT
) -> Scenario[Any]:
    """Create a scenario, run it, and wait until the queue is empty."""
    scenario = begin(manager, algo_name, tag, folder)
    assert manager.wait_for_processing(seconds)
    return scenario
