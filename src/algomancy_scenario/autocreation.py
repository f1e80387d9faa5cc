"""Makes a scenario for every dataset, where the configuration asks for it."""

from __future__ import annotations

import logging

from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.scenarioregistry import ScenarioRegistry
from algomancy_scenario.sessions.scenarios import SessionScenarios
from algomancy_utils import NotFoundError, PreconditionError

_log = logging.getLogger(__name__)


class Autocreation:
    """Creates `"<key> [auto]"` with the default algorithm for each dataset that comes in.

    Args:
        config: The configuration.
        scenarios: Creates the scenarios.
        registry: The session's scenarios.

    Attributes:
        autorun: Whether a scenario is queued as soon as it is created, by whomever.
    """

    def __init__(self, config: CoreConfig, scenarios: SessionScenarios, registry: ScenarioRegistry) -> None:
        self.autorun = config.autorun
        self._enabled = config.autocreate
        self._algorithm = config.default_algo
        self._values = config.default_algo_params_values
        self._scenarios = scenarios
        self._registry = registry

    def toggle(self, value: bool | None = None) -> bool:
        """Switch it on or off. See `ScenarioManager.toggle_autocreate`."""
        wanted = not self._enabled if value is None else value
        if wanted and self._algorithm is None:
            raise ValueError("Automatic creation needs a default algorithm.")
        self._enabled = wanted
        return wanted

    def serve(self, key: str) -> None:
        """Create the scenario of a dataset, unless its tag is taken; never raises.

        Args:
            key: The dataset's key.
        """
        tag = f"{key} [auto]"
        if not self._enabled or self._algorithm is None or self._registry.by_tag(tag) is not None:
            return
        try:
            self._scenarios.create(tag, key, self._algorithm, self._values, None, queue=self.autorun)
        except (PreconditionError, NotFoundError):
            # Someone else was quicker: took the tag, or deleted the dataset.
            return
        # The dataset is in place: whoever added it is not to be told otherwise.
        except Exception:
            _log.exception("No scenario was created automatically for dataset '%s'.", key)
