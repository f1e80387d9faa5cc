"""The set of parameters of an algorithm or of a data source; every name of the parameter surface is found here."""

from __future__ import annotations

import copy
import json
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeVar

from algomancy_utils.choice_parameters import EnumParameter, MultiEnumParameter
from algomancy_utils.scalar_parameters import (
    BooleanParameter,
    FloatParameter,
    IntegerParameter,
    NumericParameter,
    StringParameter,
)
from algomancy_utils.time_parameters import IntervalParameter, TimeParameter
from algomancy_utils.typed_parameter import ParameterError, ParameterType, TypedParameter, shown

__all__ = [
    "BASE_PARAMS_BOUND",
    "BaseParameterSet",
    "BooleanParameter",
    "EmptyParameters",
    "EnumParameter",
    "FloatParameter",
    "IntegerParameter",
    "IntervalParameter",
    "MultiEnumParameter",
    "NumericParameter",
    "ParameterError",
    "ParameterType",
    "StringParameter",
    "TimeParameter",
    "TypedParameter",
]


class _LockedAfterInit(ABCMeta):
    """Locks a set once the outermost `__init__` has returned, whatever the subclass does in its own."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as `type.__call__`
        instance = super().__call__(*args, **kwargs)
        instance._locked = True
        return instance


class BaseParameterSet(ABC, metaclass=_LockedAfterInit):
    """Named parameters that are given values together.

    A subclass adds its parameters in `__init__` and states in `validate` what must hold between them:

        class SlowParameters(BaseParameterSet):
            def __init__(self, name="Slow"):
                super().__init__(name)
                self.add_parameters([IntegerParameter("duration", minvalue=1, maxvalue=60)])

            def validate(self):
                pass

    Args:
        name: What the set is called.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._parameters: dict[str, TypedParameter] = {}
        self._locked = False

    @abstractmethod
    def validate(self) -> None:
        """Check what must hold between the values.

        Raises:
            ParameterError: The values do not go together.
        """

    @property
    def name(self) -> str:
        """What the set is called."""
        return self._name

    def add_parameters(self, parameters: Iterable[TypedParameter]) -> None:
        """Add parameters to a set that is being constructed.

        Args:
            parameters: The parameters, in the order in which they are listed.

        Raises:
            ParameterError: The set is complete already, or a name is taken.
        """
        if self._locked:
            raise ParameterError("Parameters can only be added while the set is being constructed.")
        for parameter in parameters:
            if parameter.name in self._parameters:
                raise ParameterError(f"Parameter {shown(parameter.name)} is in the set already.")
            self._parameters[parameter.name] = parameter

    def get_parameters(self) -> dict[str, TypedParameter]:
        """Return the parameters by name, in the order in which they were added."""
        return dict(self._parameters)

    def contains(self, name: str) -> bool:
        """Tell whether there is a parameter of this name."""
        return name in self._parameters

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - each kind has its own
        return self._parameter(name).value

    def has_inputs(self) -> bool:
        """Tell whether there is anything to set."""
        return bool(self._parameters)

    def get_values(self) -> dict[str, Any]:
        """Return the value of each parameter, as Python holds it."""
        return {name: parameter.value for name, parameter in self._parameters.items()}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Give some parameters values, each checked by itself; a refused call changes nothing.

        Args:
            values: Values by parameter name; a parameter not named keeps its value.

        Raises:
            ParameterError: A name is unknown or a value is not valid.
        """
        self._set_all(values, and_validate=False)

    def set_validated_values(self, values: Mapping[str, Any]) -> None:
        """Give some parameters values and check the set as a whole; a refused call changes nothing.

        Args:
            values: Values by parameter name; a parameter not named keeps its value.

        Raises:
            ParameterError: A name is unknown, a value is not valid, or `validate` objects.
        """
        self._set_all(values, and_validate=True)

    def serialize(self) -> dict[str, Any]:
        """Return the values as JSON can hold them: times as ISO 8601 text, an interval as a pair of such."""
        return {name: parameter.to_json_value() for name, parameter in self._parameters.items()}

    def deserialize(self, values: Mapping[str, Any] | str) -> None:
        """Set the values that `serialize` gave, as an object or as JSON text.

        Args:
            values: Values by parameter name.

        Raises:
            ParameterError: The text is no JSON object, or the values are not valid.
        """
        if isinstance(values, str):
            try:
                values = json.loads(values)
            except (ValueError, RecursionError):
                raise ParameterError("Parameters must be given as a JSON object.") from None
        self.set_validated_values(values)  # type: ignore[arg-type]

    def copy(self) -> Self:
        """Return a set with the same values that can be changed independently."""
        twin = copy.copy(self)
        twin._parameters = {name: copy.copy(parameter) for name, parameter in self._parameters.items()}
        # A subclass may keep its parameters, or anything else, as attributes of its own: they belong to the copy too.
        known = {id(parameter): twin._parameters[name] for name, parameter in self._parameters.items()}
        own = {name: value for name, value in vars(self).items() if name not in ("_name", "_parameters", "_locked")}
        vars(twin).update(copy.deepcopy(own, known))
        return twin

    def _set_all(self, values: Mapping[str, Any], *, and_validate: bool) -> None:
        if not isinstance(values, Mapping):
            raise ParameterError(f"Parameters must be given as an object of names and values, got {shown(values)}.")
        before = {name: copy.copy(parameter) for name, parameter in self._parameters.items()}
        try:
            for name, value in values.items():
                self._parameter(name).set_validated_value(value)
            if and_validate:
                self._validate()
        except BaseException:
            for name, parameter in self._parameters.items():
                vars(parameter).update(vars(before[name]))
            raise

    def _validate(self) -> None:
        try:
            self.validate()
        except AssertionError as error:
            # To a subclass that checks with `assert`, what failed is its input.
            raise ParameterError(str(error) or f"The values of {shown(self._name)} do not go together.") from error

    def _parameter(self, name: str) -> TypedParameter:
        try:
            return self._parameters[name]
        except (KeyError, TypeError):
            allowed = ", ".join(shown(known) for known in self._parameters) or "none"
            raise ParameterError(f"Parameter {shown(name)} does not exist, allowed are: {allowed}.") from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r}, {self.get_values()!r})"


class EmptyParameters(BaseParameterSet):
    """The set of something that takes no parameters.

    Args:
        name: What the set is called.
    """

    def __init__(self, name: str = "Empty") -> None:
        super().__init__(name)

    def validate(self) -> None:
        """Nothing can be wrong."""


BASE_PARAMS_BOUND = TypeVar("BASE_PARAMS_BOUND", bound=BaseParameterSet)
