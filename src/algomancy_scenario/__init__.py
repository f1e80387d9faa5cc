"""Algorithms, KPIs, results, scenarios and sessions: what a server does with the data.

Begin with `sessionmanager` (all sessions) and `scenariomanager` (one of them). `sessions` has the rules of what may be
done, `scenarioprocessor` the queue, `running` the executors, `persistence` the stores.
"""

from __future__ import annotations

import algomancy_utils.installation  # noqa: F401 - refuses files of two makes in one folder
from algomancy_scenario.algorithmfactory import AlgorithmFactory
from algomancy_scenario.basealgorithm import ALGORITHM, BaseAlgorithm, RunCancelled
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.keyperformanceindicator import BASE_KPI, BaseKPI, ImprovementDirection, KpiError
from algomancy_scenario.result import BASE_RESULT_BOUND, BaseScenarioResult, ScenarioResult
from algomancy_scenario.scenario import Scenario, ScenarioStatus
from algomancy_scenario.scenariomanager import ScenarioManager
from algomancy_scenario.sessionmanager import SessionManager
from algomancy_utils import (
    BaseParameterSet,
    BooleanParameter,
    EnumParameter,
    FloatParameter,
    IntegerParameter,
    StringParameter,
)

__all__ = [
    "ALGORITHM",
    "BASE_KPI",
    "BASE_RESULT_BOUND",
    "AlgorithmFactory",
    "BaseAlgorithm",
    "BaseKPI",
    "BaseParameterSet",
    "BaseScenarioResult",
    "BooleanParameter",
    "CoreConfig",
    "EnumParameter",
    "FloatParameter",
    "ImprovementDirection",
    "IntegerParameter",
    "KpiError",
    "RunCancelled",
    "Scenario",
    "ScenarioManager",
    "ScenarioResult",
    "ScenarioStatus",
    "SessionManager",
    "StringParameter",
]
