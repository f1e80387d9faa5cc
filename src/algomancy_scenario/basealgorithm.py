"""The algorithm a user writes: parameters in, data in, a result out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from algomancy_scenario.result import BaseScenarioResult
from algomancy_utils import BaseParameterSet, EmptyParameters, Logger, PreconditionError


class RunCancelled(BaseException):
    """Raised inside an algorithm by `set_progress` once its run has been cancelled.

    It is no `Exception`, so that an algorithm which catches its own errors does not catch this by accident.
    """


class BaseAlgorithm(ABC):
    """Something that turns a dataset into a result.

    A subclass offers its parameters in `initialize_parameters` and does its work in `run`, calling
    `set_progress` now and then. Every run gets an instance of its own, made by `cls(params)` when the
    subclass has its own `__init__`, by `cls(name, params)` when it has not.

    An algorithm may have a method `cancel()`, called from another thread when its run is cancelled;
    use it to interrupt a solver, say. Without one, the next `set_progress` ends the run.

    Args:
        name: What the algorithm is called.
        params: Its parameters, with values.
    """

    result_class: ClassVar[type[BaseScenarioResult] | None] = None
    """The class whose `from_json` rebuilds a stored result; without one a stored result is plain JSON data."""

    isolated: ClassVar[bool] = True
    """Whether a run may have a process of its own; an algorithm that needs something of the server's memory says no."""

    _name: str = ""
    _params: BaseParameterSet | None = None
    _data_params: BaseParameterSet | None = None
    _description: str | None = None
    _progress: float = 0.0
    _on_progress: Callable[[float], None] | None = None
    _logger: Logger | None = None

    def __init__(self, name: str, params: BaseParameterSet) -> None:
        self._name = name
        self._params = params

    @staticmethod
    @abstractmethod
    def initialize_parameters() -> BaseParameterSet:
        """Return a new set of this algorithm's parameters, each with its default."""

    @abstractmethod
    def run(self, data: Any) -> BaseScenarioResult:  # noqa: ANN401 - the user's own data source class
        """Do the work.

        Args:
            data: The data source of the scenario. Changes made to a `DataSource` stay within the run; those made to one
                of another class stay where its `view` sees to it.

        Returns:
            The result, from which the KPIs are computed.
        """

    @property
    def name(self) -> str:
        """What the algorithm is called."""
        return self._name or type(self).__name__

    @property
    def params(self) -> BaseParameterSet:
        """The algorithm's parameters."""
        if self._params is None:
            self._params = EmptyParameters()
        return self._params

    @property
    def data_params(self) -> BaseParameterSet:
        """The parameters the scenario gives to its data source."""
        if self._data_params is None:
            self._data_params = EmptyParameters()
        return self._data_params

    def set_data_params(self, data_params: BaseParameterSet) -> None:
        """Say what the scenario gives to its data source."""
        self._data_params = data_params

    @property
    def description(self) -> str:
        """The parameters as text, as they are now; a subclass may say something else."""
        return self.params.serialize() if self._description is None else self._description

    @description.setter
    def description(self, description: str) -> None:
        self._description = description

    def set_logger(self, logger: Logger) -> None:
        """Say where the algorithm is to report to, as `self._logger`."""
        self._logger = logger

    @property
    def get_progress(self) -> float:
        """How far the run is, from 0 to 100."""
        return self._progress

    def set_progress(self, progress: float) -> None:
        """Report how far the run is.

        Within a run, what lies outside 0 to 100 is kept within, and what is no number at all changes nothing: a long
        run is not lost over it.

        Args:
            progress: A percentage. One below that reported before changes nothing (contract SCN-18).

        Raises:
            PreconditionError: It is not between 0 and 100, and no run is under way.
            RunCancelled: The run has been cancelled. Let it pass.
        """
        value = float(progress)
        if not 0 <= value <= 100:
            if self._on_progress is None:
                raise PreconditionError(f"Progress must be between 0 and 100, got {progress}.")
            value = self._progress if math.isnan(value) else min(100.0, max(0.0, value))
        self._progress = max(self._progress, value)
        if self._on_progress is not None:
            self._on_progress(self._progress)

    def is_complete(self) -> bool:
        """Tell whether the algorithm reported 100 percent."""
        return self._progress >= 100

    def healthcheck(self) -> bool:
        """Tell whether the algorithm can run here; a subclass may look, say, whether its solver is installed."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """Return the algorithm's name and the values of its parameters, as JSON can hold them."""
        return {"name": self.name, "parameters": self.params.get_json_values()}

    def __str__(self) -> str:
        return f"{self.name} [{self.get_progress:.0f}%]: {self.description}"


ALGORITHM = TypeVar("ALGORITHM", bound=BaseAlgorithm)
