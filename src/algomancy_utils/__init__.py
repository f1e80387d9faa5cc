"""Parameters, units, the logger and the exceptions that the other packages share. Needs only the standard library."""

from __future__ import annotations

import algomancy_utils.installation  # noqa: F401 - refuses files of two makes in one folder
from algomancy_utils.baseparameterset import (
    BASE_PARAMS_BOUND,
    BaseParameterSet,
    BooleanParameter,
    EmptyParameters,
    EnumParameter,
    FloatParameter,
    IntegerParameter,
    IntervalParameter,
    MultiEnumParameter,
    NumericParameter,
    ParameterError,
    ParameterType,
    StringParameter,
    TimeParameter,
    TypedParameter,
)
from algomancy_utils.errors import (
    NotFoundError,
    PreconditionError,
    TakenError,
    TooLargeError,
    UnknownNameError,
    UnknownSessionError,
)
from algomancy_utils.logger import Logger, Message, MessageStatus
from algomancy_utils.runtime import Runtime, use_runtime
from algomancy_utils.unit import QUANTITIES, BaseMeasurement, Measurement, Quantity, Unit

__all__ = [
    "BASE_PARAMS_BOUND",
    "QUANTITIES",
    "BaseMeasurement",
    "BaseParameterSet",
    "BooleanParameter",
    "EmptyParameters",
    "EnumParameter",
    "FloatParameter",
    "IntegerParameter",
    "IntervalParameter",
    "Logger",
    "Measurement",
    "Message",
    "MessageStatus",
    "MultiEnumParameter",
    "NotFoundError",
    "NumericParameter",
    "ParameterError",
    "ParameterType",
    "PreconditionError",
    "Quantity",
    "Runtime",
    "StringParameter",
    "TakenError",
    "TimeParameter",
    "TooLargeError",
    "TypedParameter",
    "Unit",
    "UnknownNameError",
    "UnknownSessionError",
    "use_runtime",
]
