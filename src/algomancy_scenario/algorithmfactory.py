"""Makes algorithm instances from the classes a configuration names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, cast

import orjson

from algomancy_scenario.basealgorithm import BaseAlgorithm
from algomancy_utils import BaseParameterSet, NotFoundError, ParameterType

_OF_THE_MOMENT = (ParameterType.TIME, ParameterType.INTERVAL)


class AlgorithmFactory:
    """The algorithms on offer, by name.

    Args:
        algorithms: Algorithm classes by the name they are offered under.
    """

    def __init__(self, algorithms: Mapping[str, type[BaseAlgorithm]]) -> None:
        self._algorithms = dict(algorithms)
        self._templates: dict[str, BaseParameterSet] = {}

    @property
    def available_algorithms(self) -> list[str]:
        """The names on offer, in the order of the configuration."""
        return list(self._algorithms)

    def get_class(self, name: str) -> type[BaseAlgorithm]:
        """Return the class offered under a name.

        Raises:
            NotFoundError: There is none.
        """
        try:
            return self._algorithms[name]
        except KeyError:
            raise NotFoundError.among("Algorithm", name, self._algorithms) from None

    def get_parameters(self, name: str) -> BaseParameterSet:
        """Return a new set of an algorithm's parameters, each with its default.

        Args:
            name: The algorithm's name.

        Raises:
            NotFoundError: There is no such algorithm.
        """
        template = self._templates.get(name)
        if template is None:
            template = self.get_class(name).initialize_parameters()
            # The defaults of times follow the moment at which their set was made: such sets are made anew each time.
            if not any(p.parameter_type in _OF_THE_MOMENT for p in template.get_parameters().values()):
                self._templates[name] = template
        return template.copy()

    def restore_parameters(self, name: str, document: bytes) -> BaseParameterSet:
        """Return a new set of an algorithm's parameters with the values that were stored.

        Args:
            name: The algorithm's name.
            document: The values, as JSON.

        Raises:
            NotFoundError: There is no such algorithm.
            ParameterError: The values are not valid for the algorithm as it is now.
        """
        params = self.get_parameters(name)
        params.set_validated_values(orjson.loads(document))
        return params

    def create(self, name: str, params: BaseParameterSet, data_params: BaseParameterSet | None = None) -> BaseAlgorithm:
        """Return a new instance of an algorithm.

        Args:
            name: The algorithm's name.
            params: Its parameters, with values.
            data_params: The parameters the scenario gives to its data source.

        Raises:
            NotFoundError: There is no such algorithm.
        """
        algorithm = _make(self.get_class(name), name, params)
        if data_params is not None:
            algorithm.data_params = data_params
        return algorithm


def _make(cls: Any, name: str, params: BaseParameterSet) -> BaseAlgorithm:  # noqa: ANN401 - its constructor is the user's
    """Call a constructor, whichever way it takes the parameters and, if it wants it, the name."""
    accepted = list(inspect.signature(cls.__init__).parameters.values())[1:]
    needed = [p for p in accepted if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    known = {"name": name, "params": params}
    named = any(p.name == "params" and p.kind is not p.POSITIONAL_ONLY for p in accepted)
    if named and all(p.name in known for p in needed):
        return cast("BaseAlgorithm", cls(**{each: known[each] for each in {"params", *(p.name for p in needed)}}))
    # A constructor that hands everything on, `(*args, **kwargs)`, is the base class's in disguise.
    both = len(needed) > 1 or (not needed and any(p.kind is p.VAR_POSITIONAL for p in accepted))
    return cast("BaseAlgorithm", cls(name, params) if both else cls(params))
