"""The configuration says what is wrong with it, at construction."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from algomancy_data import DataSource, ReadLimits
from algomancy_scenario import BaseAlgorithm, BaseKPI, CoreConfig, SessionManager
from algomancy_scenario.core_configuration import core_of
from algomancy_utils.errors import NotFoundError
from tests.algomancy_scenario.scenario_project import Answer, ItemsFactory, config

BAD_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no factory": ({"etl_factory": None}, "Field 'etl_factory' is required."),
    "no data class": ({"data_object_type": None}, "Field 'data_object_type' is required."),
    "no kpis": ({"kpis": None}, "Field 'kpis' is required."),
    "no algorithms": ({"algorithms": None}, "Field 'algorithms' is required."),
    "no schemas": ({"schemas": None}, "Field 'schemas' is required."),
    "autorun None": ({"autorun": None}, "Field 'autorun' must be True or False"),
    "autocreate None": ({"autocreate": None}, "Field 'autocreate' must be True or False"),
    "persistent None": ({"has_persistent_state": None}, "Field 'has_persistent_state' must be True or False"),
    "autorun 1": ({"autorun": 1}, "Field 'autorun' must be True or False, got 1"),
    "save type": ({"save_type": "parquet"}, "Field 'save_type' must be one of 'json', got 'parquet'"),
    "store": ({"persistence_backend": "tape"}, "must be one of 'none', 'json', 'database', got 'tape'"),
    "data class": ({"data_object_type": dict}, "must be a subclass of BaseDataSource"),
    "factory": ({"etl_factory": "mine"}, "Field 'etl_factory' must be a subclass of ETLFactory"),
    "algorithms list": ({"algorithms": []}, "Field 'algorithms' must be a dict"),
    "algorithm": ({"algorithms": {"A": Answer}}, "'A' must be a subclass of BaseAlgorithm"),
    "algorithm name": ({"algorithms": {" ": Answer}}, "names that are not blank"),
    "kpi": ({"kpis": {"K": Answer("x")}}, "'K' must be a subclass of BaseKPI"),
    "abstract algorithm": (
        {"algorithms": {"A": BaseAlgorithm}},
        "Field 'algorithms': 'A' cannot be used, for it does not define 'initialize_parameters', 'run'.",
    ),
    "abstract kpi": ({"kpis": {"K": BaseKPI}}, "'K' cannot be used, for it does not define 'compute'."),
    "schema": ({"schemas": ["items.csv"]}, "must hold schemas, as classes or instances, got 'items.csv'"),
    "schemas text": ({"schemas": "items"}, "Field 'schemas' must be a list"),
    "no default": ({"autocreate": True}, "Field 'default_algo' is required when 'autocreate' is True"),
    "unknown default": ({"autocreate": True, "default_algo": "Best"}, "Field 'default_algo' must be one of 'Instant'"),
    "default values": ({"default_algo_params_values": [1]}, "'default_algo_params_values' must be a dict"),
    "default parameter": (
        {"autocreate": True, "default_algo": "Instant", "default_algo_params_values": {"speed": 1}},
        "Field 'default_algo_params_values' does not suit the algorithm: Parameter 'speed' does not exist",
    ),
    "data path": ({"has_persistent_state": True, "data_path": "/nowhere/at/all"}, "Field 'data_path' must be a folder"),
    "backend path": ({"persistence_backend": "json", "data_path": 7}, "Field 'data_path' must be a folder"),
    "initial path": ({"initial_data_path": "/nowhere/at/all"}, "Field 'initial_data_path' must be a folder"),
    "title": ({"title": " "}, "Field 'title' must be a text"),
}


@pytest.mark.parametrize(("fields", "message"), BAD_FIELDS.values(), ids=BAD_FIELDS)
def test_config_field_that_is_wrong_is_named(fields: dict[str, Any], message: str) -> None:
    """The message names the field, what was wrong and what is allowed."""
    with pytest.raises(ValueError, match="Field") as caught:
        config(**fields)
    assert message in str(caught.value)


def test_config_left_to_its_defaults_keeps_its_state_in_memory() -> None:
    """Only five fields are needed; the rest is off."""
    made = CoreConfig(etl_factory=ItemsFactory, kpis={}, algorithms={}, schemas=[], data_object_type=DataSource)
    assert made.store_kind == "none"
    assert (made.autorun, made.autocreate, made.has_persistent_state) == (False, False, False)
    assert made.data_path == "data"
    assert made.read_limits == ReadLimits()


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"has_persistent_state": True}, "json"),
        ({"has_persistent_state": True, "persistence_backend": "none"}, "none"),
        ({"persistence_backend": "json"}, "json"),
        ({"persistence_backend": "none"}, "none"),
    ],
    ids=["persistent", "persistent none", "json", "none"],
)
def test_config_backend_overrules_the_switch(fields: dict[str, Any], kind: str, tmp_path: Path) -> None:
    """`persistence_backend` decides where it is given, `has_persistent_state` where it is not."""
    assert config(data_path=tmp_path, **fields).store_kind == kind


def test_config_as_dict_makes_an_equal_config() -> None:
    """`as_dict` has every field and can be handed back."""
    made = config(title="Ours")
    assert CoreConfig(**made.as_dict()) == made
    assert list(made.as_dict()) == [field.name for field in dataclasses.fields(CoreConfig)]


def test_config_passes_over_what_it_does_not_know(caplog: pytest.LogCaptureFixture) -> None:
    """An unknown field has no effect and is named in the log, unless it is one of Algomancy 0.10."""
    made = config(hydrated_cache_size=4, eager_startup=True, autorunn=True)
    assert not made.autorun
    assert set(made.as_dict()) == {field.name for field in dataclasses.fields(CoreConfig)}
    assert [record.getMessage() for record in caplog.records] == [
        "Field 'autorunn' of the configuration is unknown and has no effect."
    ]


def test_configuration_may_be_wrapped() -> None:
    """Managers take a configuration, what has one as `core`, and whatever has its fields; nothing else."""
    made = config(title="Mine", autorun=True)

    class Wrapper:
        """Has a configuration."""

        core = made

    assert core_of(made) is core_of(Wrapper()) is made
    assert core_of(SimpleNamespace(**made.as_dict())).as_dict() == made.as_dict()
    with pytest.raises(TypeError, match="must be a CoreConfig"):
        core_of({"title": "Mine"})


@pytest.mark.parametrize("field", dataclasses.fields(CoreConfig), ids=lambda field: field.name)
def test_config_field_is_documented(field: dataclasses.Field[Any]) -> None:
    """Every field says what it means, in a sentence; the documentation is made from it."""
    assert field.metadata["doc"].endswith(".")


def test_default_algorithm_that_nothing_uses_is_not_looked_up() -> None:
    """Without `autocreate` a default left over from an older project is no harm; switched on later, it is told."""
    sessions = SessionManager.from_config(config(default_algo="Best", default_algo_params_values={"speed": 1}))
    manager = sessions.get_scenario_manager("main")
    with pytest.raises(NotFoundError, match="'Best'"):
        manager.toggle_autocreate(True)
    sessions.close()
