"""A user's project whose algorithms do what a test tells them, when it tells them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from algomancy_data import CSVFile, DataClassification, DataSource, ETLResult
from algomancy_scenario import (
    BaseAlgorithm,
    BaseKPI,
    BaseScenarioResult,
    CoreConfig,
    ImprovementDirection,
    Scenario,
    ScenarioManager,
)
from algomancy_utils import (
    QUANTITIES,
    BaseMeasurement,
    BaseParameterSet,
    EmptyParameters,
    EnumParameter,
    IntegerParameter,
)

WAIT = 60
SHOWN_AT_ONCE = pytest.mark.parametrize("sessions", ["memory", "durable"], indirect=True)
"""A test of progress that shows when it is reported; in a database it is stored first, four times a second at most."""

COUNT = BaseMeasurement(QUANTITIES["count"][""])


class Control:
    """What a test and the algorithms it runs say to each other."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.release = threading.Event()
        self.cancelled = threading.Event()
        self.ended = threading.Event()
        self.labels: list[int] = []
        self.action: Callable[[Any], Any] = lambda algorithm: None


class Answer(BaseScenarioResult):
    """A result with a number in it."""

    def __init__(self, data_id: str, answer: Any = 42) -> None:
        super().__init__(data_id)
        self.answer = answer

    def to_dict(self) -> dict[str, Any]:
        return {"data_id": self.data_id, "answer": self.answer}

    @classmethod
    def from_json(cls, json_string: str) -> Answer:
        content = json.loads(json_string)
        return cls(content["data_id"], content["answer"])


class AnswerKPI(BaseKPI):
    """The number in the result."""

    def __init__(self) -> None:
        super().__init__("The answer", ImprovementDirection.AT_MOST, COUNT, threshold=50)

    def compute(self, result: Any) -> Any:
        return result.answer


class LabelParameters(BaseParameterSet):
    """One integer."""

    def __init__(self) -> None:
        super().__init__("label")
        self.add_parameters(
            [IntegerParameter("label", minvalue=0, maxvalue=1000, default=7), EnumParameter("colour", ["red", "blue"])]
        )

    def validate(self) -> None:
        """Every label is fine."""


class _WithoutParameters(BaseAlgorithm):
    control: Control

    @staticmethod
    def initialize_parameters() -> BaseParameterSet:
        return EmptyParameters()


def algorithms(control: Control) -> dict[str, type[BaseAlgorithm]]:
    """Algorithm classes that talk to `control`."""

    class Instant(_WithoutParameters):
        """Answers at once."""

        result_class = Answer

        def run(self, data: Any) -> Answer:
            return Answer(data.id)

    class Labelled(BaseAlgorithm):
        """Notes its label, then spoils its parameters."""

        def __init__(self, params: BaseParameterSet) -> None:
            super().__init__(name="A label", params=params)

        @staticmethod
        def initialize_parameters() -> BaseParameterSet:
            return LabelParameters()

        def run(self, data: Any) -> Answer:
            label = self.params["label"]
            control.labels.append(label)
            self.params.set_values({"label": 0, "colour": "blue"})
            return Answer(data.id, label)

    class Blocking(_WithoutParameters):
        """Runs until it is released, whatever it is told."""

        def run(self, data: Any) -> Answer:
            control.started.set()
            try:
                if not control.release.wait(WAIT):
                    raise TimeoutError("Nobody released the algorithm.")
                return Answer(data.id)
            finally:
                control.ended.set()

    class Polite(_WithoutParameters):
        """Reports progress when it is released."""

        def run(self, data: Any) -> Answer:
            control.started.set()
            control.release.wait(WAIT)
            try:
                self.set_progress(50)
            finally:
                control.ended.set()
            return Answer(data.id)

    class Cancellable(_WithoutParameters):
        """Can be cancelled from outside."""

        def run(self, data: Any) -> Answer:
            control.started.set()
            control.cancelled.wait(WAIT)
            control.ended.set()
            return Answer(data.id)

        def cancel(self) -> None:
            control.cancelled.set()
            raise RuntimeError("Cancelling has its problems.")

    class Acting(_WithoutParameters):
        """Does what the test says."""

        def run(self, data: Any) -> Any:
            self.data = data
            return control.action(self)

    return {
        "Instant": Instant,
        "Labelled": Labelled,
        "Blocking": Blocking,
        "Polite": Polite,
        "Cancellable": Cancellable,
        "Acting": Acting,
    }


class ItemsFactory:
    """Reads one csv file `items` with the columns id and weight; a file with the text `bad` does not pass."""

    def __init__(self, schemas: Any, logger: Any = None) -> None:
        self.schemas = schemas

    def build_pipeline(self, name: str, files: Any, logger: Any = None) -> ItemsPipeline:
        return ItemsPipeline(name, files)


class ItemsPipeline:
    """Makes a table of ids."""

    def __init__(self, name: str, files: Any) -> None:
        self.name = name
        self.files = files

    def run(self) -> ETLResult:
        import pandas as pd

        if "items" not in self.files:
            raise ValueError("File 'items.csv' is missing.")
        text = self.files["items"].read_bytes().decode()
        if "bad" in text:
            return ETLResult("failed")
        source = DataSource(DataClassification.MASTER_DATA, self.name)
        source.add_table("items", pd.DataFrame({"id": [int(line) for line in text.split()[1:]]}))
        return ETLResult("success", source)


def config(control: Control | None = None, **overrides: Any) -> CoreConfig:
    """The project's configuration, in memory unless told otherwise."""
    fields: dict[str, Any] = {
        "etl_factory": ItemsFactory,
        "schemas": [],
        "data_object_type": DataSource,
        "algorithms": algorithms(control or Control()),
        "kpis": {"Answer": AnswerKPI},
    }
    return CoreConfig(**{**fields, **overrides})


def payload(key: str, number: int = 1) -> str:
    """A dataset in `to_json()` form."""
    return json.dumps(
        {
            "metadata": {
                "id": f"id-{number}",
                "name": key,
                "type": "master_data",
                "creation_datetime": "2026-01-01T00:00:00",
                "tables": ["items"],
            },
            "tables": {"items": {"data": [{"id": number}], "columns": ["id"], "dtypes": {"id": "int64"}, "index": [0]}},
        }
    )


class Checked(AnswerKPI):
    """Cannot be computed for some answers."""

    def compute(self, result: Any) -> Any:
        if result.answer == 13:
            raise ValueError("unlucky")
        return super().compute(result)


def scenario(label: int = 3, **options: Any) -> Scenario[Any]:
    """A scenario made of its parts, which belongs to no session."""
    params = LabelParameters()
    params.set_values({"label": label})
    labelled: Any = algorithms(Control())["Labelled"]
    return Scenario("one", DataSource.from_json(payload("data")), {"Answer": Checked()}, labelled(params), **options)


def dataset_of(manager: ScenarioManager, key: str) -> DataSource:
    """The dataset that is stored under a key."""
    source = manager.get_data(key)
    assert isinstance(source, DataSource)
    return source


def items(*ids: int) -> dict[str, CSVFile]:
    """A csv file of items."""
    return {"items": CSVFile("items", content="id\n" + "\n".join(map(str, ids)))}


def until(condition: Callable[[], object], seconds: float = WAIT) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not come true in time."
        time.sleep(0.005)
