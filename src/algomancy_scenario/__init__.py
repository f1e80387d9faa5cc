"""Algorithms, KPIs, results, scenarios and sessions: what a server does with the data."""

from __future__ import annotations

import algomancy_utils.installation  # noqa: F401 - refuses files of two makes in one folder
from algomancy_scenario.algorithmfactory import AlgorithmFactory
from algomancy_scenario.basealgorithm import BaseAlgorithm, RunCancelled
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.keyperformanceindicator import BaseKPI, ImprovementDirection, KpiError
from algomancy_scenario.persistence.scenario_record import ScenarioStatus
from algomancy_scenario.result import BaseScenarioResult, ScenarioResult
from algomancy_scenario.scenario import Scenario
from algomancy_scenario.scenariomanager import ScenarioManager
from algomancy_scenario.sessionmanager import SessionManager

__all__ = [
    "AlgorithmFactory",
    "BaseAlgorithm",
    "BaseKPI",
    "BaseScenarioResult",
    "CoreConfig",
    "ImprovementDirection",
    "KpiError",
    "RunCancelled",
    "Scenario",
    "ScenarioManager",
    "ScenarioResult",
    "ScenarioStatus",
    "SessionManager",
]
