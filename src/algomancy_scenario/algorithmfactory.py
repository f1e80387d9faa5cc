"""Makes algorithm instances from the classes a configuration names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Generic

import orjson

from algomancy_data import BaseDataSource
from algomancy_scenario.basealgorithm import ALGORITHM
from algomancy_scenario.persistence.scenario_record import keep_json
from algomancy_utils import BaseParameterSet, Logger, ParameterError, ParameterType, UnknownNameError

_OF_THE_MOMENT = (ParameterType.TIME, ParameterType.INTERVAL)


class AlgorithmFactory(Generic[ALGORITHM]):
    """The algorithms on offer, by name.

    Args:
        templates: Algorithm classes by the name they are offered under.
        logger: Where the algorithms made report to.
    """

    def __init__(self, templates: Mapping[str, type[ALGORITHM]], logger: Logger | None = None) -> None:
        self._templates = dict(templates)
        self._logger = logger
        self._defaults: dict[str, BaseParameterSet] = {}

    @property
    def templates(self) -> dict[str, type[ALGORITHM]]:
        """The classes by name."""
        return self._templates

    @property
    def available_algorithms(self) -> list[str]:
        """The names on offer, in the order of the configuration."""
        return list(self._templates)

    def get_class(self, name: str) -> type[ALGORITHM]:
        """Return the class offered under a name.

        Raises:
            UnknownNameError: There is none.
        """
        try:
            return self._templates[name]
        except KeyError:
            raise UnknownNameError.among("Algorithm", name, self._templates) from None

    def get_parameters(self, algo_name: str) -> BaseParameterSet:
        """Return a new set of an algorithm's parameters, each with its default.

        Args:
            algo_name: The algorithm's name.

        Raises:
            UnknownNameError: There is no such algorithm.
        """
        template = self._defaults.get(algo_name)
        if template is None:
            template = self.get_class(algo_name).initialize_parameters()
            # The defaults of times follow the moment at which their set was made: such sets are made anew each time.
            if not any(p.parameter_type in _OF_THE_MOMENT for p in template.get_parameters().values()):
                self._defaults[algo_name] = template
        return template.copy()

    def restore_parameters(self, name: str, document: bytes) -> BaseParameterSet:
        """Return a new set of an algorithm's parameters with the values that were stored.

        Args:
            name: The algorithm's name.
            document: The values, as JSON.

        Raises:
            UnknownNameError: There is no such algorithm.
            ParameterError: The values are not valid for the algorithm as it is now.
        """
        params = self.get_parameters(name)
        params.set_validated_values(orjson.loads(document))
        return params

    def restore_data_parameters(self, source: BaseDataSource, document: bytes) -> BaseParameterSet:
        """Return a new set of a data source's own parameters with the values that were stored.

        Args:
            source: The data source.
            document: The values, as JSON.

        Raises:
            ParameterError: The values are not valid for the data source as it is now.
        """
        params = source.initialize_data_parameters()
        params.set_validated_values(orjson.loads(document))
        return params

    def create(self, input_name: str, input_params: Mapping[str, Any]) -> ALGORITHM:
        """Return a new instance of an algorithm.

        Args:
            input_name: The algorithm's name.
            input_params: Values of its parameters; the others keep their defaults.

        Raises:
            UnknownNameError: There is no such algorithm.
            ParameterError: A parameter is unknown or its value not allowed.
        """
        params = self.get_parameters(input_name)
        params.set_validated_values(input_params)
        return self.make(input_name, params)

    def make(self, name: str, params: BaseParameterSet, data_params: BaseParameterSet | None = None) -> ALGORITHM:
        """Return a new instance of an algorithm with parameters that have their values.

        Args:
            name: The algorithm's name.
            params: Its parameters.
            data_params: The parameters the scenario gives to its data source.

        Raises:
            UnknownNameError: There is no such algorithm.
        """
        algorithm: ALGORITHM = _make(self.get_class(name), name, params)
        if data_params is not None:
            algorithm.set_data_params(data_params)
        if self._logger is not None:
            algorithm.set_logger(self._logger)
        return algorithm


def stored_params(values: BaseParameterSet) -> bytes:
    """Return the values of a parameter set as a scenario keeps them.

    Raises:
        ParameterError: A value cannot be said in JSON.
    """
    try:
        return keep_json(values.get_json_values())
    except ValueError as error:
        raise ParameterError(str(error)) from error


def _make(cls: Any, name: str, params: BaseParameterSet) -> Any:  # noqa: ANN401 - its constructor is the user's
    """Call a constructor, whichever way it takes the parameters and, if it wants it, the name."""
    accepted = list(inspect.signature(cls.__init__).parameters.values())[1:]
    needed = [p for p in accepted if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    known = {"name": name, "params": params}
    named = any(p.name == "params" and p.kind is not p.POSITIONAL_ONLY for p in accepted)
    if named and all(p.name in known for p in needed):
        return cls(**{each: known[each] for each in {"params", *(p.name for p in needed)}})
    # A constructor that hands everything on, `(*args, **kwargs)`, is the base class's in disguise.
    both = len(needed) > 1 or (not needed and any(p.kind is p.VAR_POSITIONAL for p in accepted))
    return cls(name, params) if both else cls(params)
