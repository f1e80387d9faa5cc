"""Algorithms on their own and as the factory makes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from algomancy_scenario import AlgorithmFactory, BaseAlgorithm
from algomancy_utils import (
    BaseParameterSet,
    EmptyParameters,
    IntervalParameter,
    Logger,
    NotFoundError,
    ParameterError,
    TimeParameter,
)
from tests.algomancy_scenario.scenario_project import Answer, LabelParameters


class Plain(BaseAlgorithm):
    """Without a constructor of its own."""

    @staticmethod
    def initialize_parameters() -> BaseParameterSet:
        return LabelParameters()

    def run(self, data: Any) -> Answer:
        return Answer(data)


class Own(Plain):
    """With a constructor that takes parameters."""

    def __init__(self, params: BaseParameterSet) -> None:
        super().__init__(name="own", params=params)


class Named(Plain):
    """With a constructor that takes both."""

    def __init__(self, name: str, params: BaseParameterSet) -> None:
        super().__init__(name, params)


class Passing(Plain):
    """With a constructor that hands everything on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class Optional(Plain):
    """With a constructor that has a parameter more."""

    def __init__(self, params: BaseParameterSet, verbose: bool = False) -> None:
        super().__init__("optional", params)


class Forgetful(Plain):
    """With a constructor that forgets its base class."""

    def __init__(self, params: BaseParameterSet) -> None:
        self.mine = params


class Defaulted(Plain):
    """Its constructor wants nothing."""

    def __init__(self, name: str = "defaulted", params: BaseParameterSet | None = None) -> None:
        super().__init__(name, params or LabelParameters())


class Keyword(Plain):
    """Its constructor wants both by name."""

    def __init__(self, *, name: str, params: BaseParameterSet) -> None:
        super().__init__(name, params)


class Abbreviated(Plain):
    """Its constructor has names of its own."""

    def __init__(self, n: str, p: BaseParameterSet) -> None:
        super().__init__(n, p)


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (Plain, "A"),
        (Own, "own"),
        (Named, "A"),
        (Passing, "A"),
        (Optional, "optional"),
        (Forgetful, "Forgetful"),
        (Defaulted, "defaulted"),
        (Keyword, "A"),
        (Abbreviated, "A"),
    ],
)
def test_algorithm_of_any_constructor_can_be_made(cls: type[BaseAlgorithm], name: str) -> None:
    """A class may have no constructor, or one that takes the parameters, and the name if it wants it, in any way."""
    factory = AlgorithmFactory({"A": cls})
    params, data_params = factory.get_parameters("A"), EmptyParameters()
    algorithm = factory.make("A", params, data_params)
    assert algorithm.name == name
    assert algorithm.data_params is data_params
    assert algorithm.params is params or cls is Forgetful
    algorithm.set_progress(5)
    assert algorithm.get_progress == 5


def test_progress_is_kept_within_its_bounds() -> None:
    """In a run progress is clamped to 0–100, never falls and ignores what is no number; elsewhere that is refused."""
    algorithm = Plain("A", LabelParameters())
    reported: list[float] = []
    algorithm._on_progress = reported.append
    seen = []
    for value in (-1, 20, 10, float("nan"), 300):
        algorithm.set_progress(value)
        seen.append(algorithm.get_progress)
    assert seen == reported == [0, 20, 20, 20, 100]
    assert algorithm.is_complete()
    alone = Plain("A", LabelParameters())
    for value in (-1, 101, float("nan")):
        with pytest.raises(AssertionError, match="between 0 and 100"):
            alone.set_progress(value)
    assert not alone.is_complete()
    assert alone.healthcheck()


def test_factory_creates_algorithms_with_values() -> None:
    """`create` takes values by name, checks them and hands on the logger."""
    factory = AlgorithmFactory({"A": Plain}, Logger())
    algorithm = factory.create("A", {"label": 3})
    assert (algorithm.params["label"], algorithm.params["colour"]) == (3, "red")
    assert algorithm._logger is Logger()
    assert algorithm.description == algorithm.params.serialize()
    assert factory.templates == {"A": Plain}
    with pytest.raises(ParameterError, match="'label'"):
        factory.create("A", {"label": "three"})
    with pytest.raises(NotFoundError, match="'B'"):
        factory.create("B", {})


def test_algorithm_tells_its_parameters() -> None:
    """`to_dict` has the name and plain values."""
    params = LabelParameters()
    params.set_values({"label": 3})
    assert Plain("A", params).to_dict() == {"name": "A", "parameters": {"label": 3, "colour": "red"}}
    assert isinstance(Plain("A", params).data_params, EmptyParameters)
    algorithm = Plain("A", params)
    algorithm.set_progress(33.4)
    assert str(algorithm) == 'A [33%]: {"name": "label", "parameters": {"label": 3, "colour": "red"}}'
    params.set_values({"label": 4})
    assert algorithm.description == params.serialize()
    algorithm.description = "fast"
    assert str(algorithm) == "A [33%]: fast"


def test_factory_makes_parameter_templates_once() -> None:
    """`initialize_parameters` is called once; every set given out is independent."""
    calls: list[int] = []

    class Counting(Plain):
        @staticmethod
        def initialize_parameters() -> BaseParameterSet:
            calls.append(1)
            return LabelParameters()

    factory = AlgorithmFactory({"A": Counting})
    sets = [factory.get_parameters("A") for _ in range(3)]
    sets[0].set_values({"label": 1})
    assert [each["label"] for each in sets] == [1, 7, 7]
    assert calls == [1]
    assert factory.available_algorithms == ["A"]


@pytest.mark.parametrize("kind", [TimeParameter, IntervalParameter])
def test_default_of_a_time_is_the_present(kind: type[TimeParameter | IntervalParameter]) -> None:
    """A set with a time or an interval is made anew each time, for its default follows the moment it was made."""
    moments = iter([datetime(2026, 1, 1), datetime(2027, 1, 1)])

    class _Timed(BaseParameterSet):
        def __init__(self) -> None:
            super().__init__("timed")
            now = next(moments)
            default: Any = now if kind is TimeParameter else (now, now)
            self.add_parameters([kind("start", default=default)])

        def validate(self) -> None:
            """Every time is fine."""

    class Timed(Plain):
        @staticmethod
        def initialize_parameters() -> BaseParameterSet:
            return _Timed()

    factory = AlgorithmFactory({"A": Timed})
    starts = [factory.get_parameters("A").get_json_values()["start"] for _ in range(2)]
    assert starts[0] != starts[1]


def test_unknown_algorithm_is_not_found() -> None:
    """The message names what was asked for."""
    factory: AlgorithmFactory[Any] = AlgorithmFactory({})
    for call in (factory.get_class, factory.get_parameters, lambda name: factory.create(name, {})):
        with pytest.raises(NotFoundError, match="Algorithm 'A' does not exist"):
            call("A")
