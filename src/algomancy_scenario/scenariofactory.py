"""Makes scenarios: checks what they are to be made of, before anything is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from algomancy_data import BaseDataSource, DataManager, Dataset
from algomancy_scenario.algorithmfactory import AlgorithmFactory, stored_params
from algomancy_scenario.basealgorithm import BaseAlgorithm
from algomancy_scenario.keyperformanceindicator import BaseKPI
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.scenario_record import ScenarioRecord, ScenarioStatus
from algomancy_scenario.scenario import Scenario
from algomancy_scenario.sessions.owners import Detached
from algomancy_utils import BaseParameterSet, EmptyParameters, Logger, UnknownNameError
from algomancy_utils.runtime import random_id, utc_now


class ScenarioFactory:
    """Makes scenarios of the algorithms, KPIs and datasets there are.

    Args:
        kpis: KPI classes by name.
        algorithms: Algorithm classes by name.
        data_manager: The datasets.
        logger: Where it and the algorithms report to.
        catalog: The algorithms and KPIs, when they are shared with others.
    """

    def __init__(
        self,
        kpis: Mapping[str, type[BaseKPI]],
        algorithms: Mapping[str, type[BaseAlgorithm]],
        data_manager: DataManager,
        logger: Logger | None = None,
        *,
        catalog: Catalog | None = None,
    ) -> None:
        self.logger = logger
        self.catalog = catalog or Catalog(AlgorithmFactory(algorithms, logger), kpis)
        self._data_manager = data_manager
        cls = data_manager.data_object_type
        # Only a class with parameters of its own is worth making the tables for.
        self.has_data_parameters = cls.initialize_data_parameters is not BaseDataSource.initialize_data_parameters

    @property
    def available_algorithms(self) -> list[str]:
        """The names of the algorithms."""
        return self.catalog.algorithms.available_algorithms

    @property
    def available_kpis(self) -> list[str]:
        """The names of the KPIs."""
        return self.catalog.kpis.available_kpis

    @property
    def algorithms(self) -> dict[str, type[BaseAlgorithm]]:
        """The algorithm classes by name."""
        return self.catalog.algorithms.templates

    def log(self, msg: str) -> None:
        """Report something, if there is a logger."""
        if self.logger is not None:
            self.logger.log(msg)

    def create(
        self,
        tag: str,
        dataset_key: str,
        algo_name: str,
        algo_params: Mapping[str, Any] | None = None,
        data_params: Mapping[str, Any] | None = None,
    ) -> Scenario[Any]:
        """Return a scenario that belongs to no session.

        Args:
            tag: What it is called.
            dataset_key: The key of its dataset.
            algo_name: The name of its algorithm.
            algo_params: Values of the algorithm's parameters; the others keep their defaults.
            data_params: Values of the dataset's own parameters; likewise.

        Raises:
            UnknownNameError: There is no such algorithm or dataset.
            ParameterError: A parameter is unknown or its value not allowed.
            ValueError: The tag is no text.
        """
        draft = self.draft(tag, dataset_key, algo_name, algo_params, data_params)
        return Scenario.of_record(draft, Detached(self.catalog, self.dataset_of))

    def draft(
        self,
        tag: str,
        dataset_key: str,
        algo_name: str,
        algo_params: Mapping[str, Any] | None,
        data_params: Mapping[str, Any] | None,
    ) -> ScenarioRecord:
        """Return the description of a scenario that has no place in a session yet; see `create`."""
        _check_tag(tag)
        params = self.catalog.algorithms.get_parameters(algo_name)
        dataset = self.dataset(dataset_key)
        own_params = self.parameters_of(dataset)
        # Defaults are checked too: a set may demand that some value is given.
        params.set_validated_values({} if algo_params is None else algo_params)
        own_params.set_validated_values({} if data_params is None else data_params)
        return ScenarioRecord(
            id=random_id(),
            tag=tag,
            sequence=0,
            queue_position=None,
            status=ScenarioStatus.CREATED,
            input_data_key=dataset_key,
            input_data_id=dataset.id,
            algo_name=algo_name,
            algo_params=stored_params(params),
            data_params=stored_params(own_params),
            created_at=utc_now(),
        )

    def get_associated_parameters(
        self, algo_name: str, dataset_key: str | None = None
    ) -> tuple[BaseParameterSet, BaseParameterSet]:
        """Return new sets of an algorithm's parameters and of a dataset's own, each with its defaults.

        Args:
            algo_name: The algorithm's name.
            dataset_key: The dataset's key; without one, and for one that is not there, the second set is empty.

        Raises:
            UnknownNameError: There is no such algorithm.
        """
        params = self.catalog.algorithms.get_parameters(algo_name)
        if dataset_key is None or not self._data_manager.has_data(dataset_key):
            return params, EmptyParameters()
        return params, self.parameters_of(self.dataset(dataset_key))

    def dataset_of(self, scenario: Scenario[Any]) -> Dataset:
        """Return the dataset of a scenario.

        Raises:
            NotFoundError: It is not there any more.
        """
        return self.dataset(scenario.input_data_key)

    def parameters_of(self, dataset: Dataset) -> BaseParameterSet:
        """Return a new set of a dataset's own parameters, each with its default."""
        return dataset.source.initialize_data_parameters() if self.has_data_parameters else EmptyParameters()

    def dataset(self, key: str) -> Dataset:
        """Return a dataset.

        Raises:
            UnknownNameError: There is none of this key.
        """
        if not self._data_manager.has_data(key):
            raise UnknownNameError.among("Dataset", key, self._data_manager.get_data_keys())
        return self._data_manager.get_dataset(key)


def _check_tag(tag: str) -> None:
    if not isinstance(tag, str) or not tag.strip():
        raise ValueError("The tag must be a text that is not blank.")
    try:
        tag.encode()
    except UnicodeEncodeError:
        raise ValueError("The tag holds half of a surrogate pair, which is no character.") from None
