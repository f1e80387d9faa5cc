"""The operations that tell what a session offers: its algorithms, their parameters, its KPIs."""

from __future__ import annotations

from algomancy_api.client.exchange import Api, Call, Flow
from algomancy_api.schemas import AlgorithmList, KpiList, ParameterList


def list_algorithms(api: Api) -> Flow[AlgorithmList]:
    """The names of the algorithms a scenario may run."""
    return api.fetch(Call("GET", api.session_path("algorithms")), AlgorithmList)


def get_algorithm_parameters(api: Api, algorithm_name: str) -> Flow[ParameterList]:
    """The parameters of an algorithm: types, bounds, choices and the values used when none are given.

    Raises:
        NotFound: there is no such algorithm.
    """
    return api.fetch(Call("GET", api.session_path("algorithms", algorithm_name, "parameters")), ParameterList)


def get_data_parameters(api: Api, key: str) -> Flow[ParameterList]:
    """The parameters a dataset has for each scenario (an optional operation).

    Raises:
        NotFound: there is no such dataset, or the server does not offer this.
    """
    return api.fetch(Call("GET", api.session_path("data", key, "parameters")), ParameterList)


def list_kpis(api: Api) -> Flow[KpiList]:
    """The names of the KPIs each scenario is measured by."""
    return api.fetch(Call("GET", api.session_path("kpis")), KpiList)
