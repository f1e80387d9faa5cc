"""The set of parameters of an algorithm or of a data source; every name of the parameter surface is found here."""

from __future__ import annotations

import copy
import json
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeVar

from algomancy_utils.parameters import (
    BooleanParameter,
    EnumParameter,
    FloatParameter,
    IntegerParameter,
    IntervalParameter,
    MultiEnumParameter,
    NumericParameter,
    StringParameter,
    TimeParameter,
)
from algomancy_utils.typed_parameter import (
    ParameterError,
    ParameterType,
    TypedParameter,
    UnknownParameterError,
    shown,
)

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
    "PostInitMeta",
    "StringParameter",
    "TimeParameter",
    "TypedParameter",
]


_MOST_TOLD = 10


class PostInitMeta(ABCMeta):
    """Calls `_post_init` once the outermost `__init__` has returned, whatever the subclass does in its own."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as `type.__call__`
        """Make an instance and let it finish."""
        instance = super().__call__(*args, **kwargs)
        instance._post_init()
        return instance


class BaseParameterSet(ABC, metaclass=PostInitMeta):
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
        self.name = name
        self._parameters: dict[str, TypedParameter] = {}
        self._locked = False

    @abstractmethod
    def validate(self) -> None:
        """Check what must hold between the values.

        Raises:
            ParameterError: The values do not go together.
        """

    def _post_init(self) -> None:
        """Lock the set: its parameters are complete."""
        self._locked = True

    def add_parameters(self, parameters: Iterable[TypedParameter]) -> None:
        """Add parameters to a set that is being constructed.

        Args:
            parameters: The parameters, in the order in which they are listed. One takes the place of another of its
                name, which a base class may have added.

        Raises:
            ParameterError: The set is complete already.
        """
        if self._locked:
            raise ParameterError("Parameters can only be added while the set is being constructed.")
        self._parameters.update({parameter.name: parameter for parameter in parameters})

    def get_parameters(self) -> dict[str, TypedParameter]:
        """Return the parameters by name, in the order in which they were added."""
        return dict(self._parameters)

    def contains(self, param_name: str) -> bool:
        """Tell whether there is a parameter of this name."""
        return param_name in self._parameters

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - each kind has its own
        return _found(self._parameters, name).value

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

    def get_json_values(self) -> dict[str, Any]:
        """Return the values as JSON can hold them: times as ISO 8601 text, an interval as a pair of such."""
        return {name: parameter.to_json_value() for name, parameter in self._parameters.items()}

    def serialize(self) -> str:
        """Return name and values as JSON text, which `deserialize` reads."""
        return json.dumps({"name": self.name, "parameters": self.get_json_values()})

    @classmethod
    def deserialize(cls, json_str: str) -> Self:
        """Return a new set with the values that `serialize` wrote.

        Args:
            json_str: The text; parameters it does not name keep their defaults.

        Raises:
            ParameterError: The text is no JSON object, or its values are not valid.
        """
        try:
            content = json.loads(json_str)
        except (TypeError, ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise ParameterError("Parameters must be given as a JSON object.")
        made = cls()  # type: ignore[call-arg]
        made.set_values(content.get("parameters", {}))
        return made

    def get_boolean_parameter_names(self) -> list[str]:
        """Return the names of the parameters that hold a truth value."""
        return [name for name, each in self._parameters.items() if each.parameter_type is ParameterType.BOOLEAN]

    def repair_param_dict(self, dct: dict[str, Any]) -> None:
        """Replace what an input form gave for truth values, such as a list of ticked boxes, by truth values.

        Args:
            dct: Values by parameter name; changed in place.
        """
        for name in self.get_boolean_parameter_names():
            if name in dct:
                dct[name] = bool(dct[name])

    def copy(self) -> Self:
        """Return a set with the same values that can be changed independently."""
        twin = copy.copy(self)
        twin._parameters = {name: copy.copy(parameter) for name, parameter in self._parameters.items()}
        # A subclass may keep its parameters, or anything else, as attributes of its own: they belong to the copy too.
        known = {id(parameter): twin._parameters[name] for name, parameter in self._parameters.items()}
        own = {name: value for name, value in vars(self).items() if name not in ("name", "_parameters", "_locked")}
        vars(twin).update(copy.deepcopy(own, known))
        return twin

    def _set_all(self, values: Mapping[str, Any], *, and_validate: bool) -> None:
        if not isinstance(values, Mapping):
            raise ParameterError(f"Parameters must be given as an object of names and values, got {shown(values)}.")
        before = {name: copy.copy(parameter) for name, parameter in self._parameters.items()}
        try:
            self._set_each(values)
            if and_validate:
                self._check_together()
        except BaseException:
            for name, parameter in self._parameters.items():
                vars(parameter).update(vars(before[name]))
            raise

    def _set_each(self, values: Mapping[str, Any]) -> None:
        """Set all values; what is wrong with them is told at once, not one by one."""
        wrong: list[str] = []
        for name, value in values.items():
            try:
                _found(self._parameters, name).set_validated_value(value)
            except ParameterError as error:
                wrong.append(str(error))
        if len(wrong) > _MOST_TOLD:
            wrong[_MOST_TOLD:] = [f"{len(wrong) - _MOST_TOLD} more are not valid."]
        if wrong:
            raise ParameterError(" ".join(wrong))

    def _check_together(self) -> None:
        try:
            self.validate()
        except AssertionError as error:
            # To a subclass that checks with `assert`, what failed is its input.
            raise ParameterError(str(error) or f"The values of {shown(self.name)} do not go together.") from error

    def __str__(self) -> str:
        return self.serialize()


def _found(parameters: Mapping[str, TypedParameter], name: str) -> TypedParameter:
    try:
        return parameters[name]
    except (KeyError, TypeError):
        allowed = ", ".join(shown(known) for known in parameters) or "none"
        raise UnknownParameterError(f"Parameter {shown(name)} does not exist, allowed are: {allowed}.") from None


class EmptyParameters(BaseParameterSet):
    """The set of something that takes no parameters."""

    def __init__(self) -> None:
        super().__init__("empty")

    def validate(self) -> None:
        """Nothing can be wrong."""


BASE_PARAMS_BOUND = TypeVar("BASE_PARAMS_BOUND", bound=BaseParameterSet)
