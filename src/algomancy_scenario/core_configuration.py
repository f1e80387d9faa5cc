"""What a server is made of: the user's classes, and how to run them."""

from __future__ import annotations

import dataclasses
import inspect
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from algomancy_data import BaseDataSource
from algomancy_data.file import GIBIBYTE, ReadLimits
from algomancy_scenario.basealgorithm import BaseAlgorithm
from algomancy_scenario.keyperformanceindicator import BaseKPI
from algomancy_utils import ParameterError

SAVE_TYPES = ("json",)
"""The forms datasets can be stored in."""

PERSISTENCE_BACKENDS = ("none", "json", "database")
"""The stores there are."""

EXECUTORS = ("threads", "processes", "dask")
"""Where runs can happen."""

CACHE_BYTES = 256 << 20
"""How much of what is stored stays in memory."""

_REQUIRED: Any = None
_WITHOUT_MEANING = {"hydrated_cache_size", "eager_startup"}  # Algomancy 0.10 has them; here nothing is loaded at start.
_log = logging.getLogger(__name__)
_C = TypeVar("_C")


def _passing_over_the_unknown(cls: type[_C]) -> type[_C]:
    """Let the constructor of a dataclass ignore unknown fields, with a warning in the log for each."""
    generated: Any = cls.__init__
    own = inspect.signature(generated)

    def init(self: object, *args: Any, **fields: Any) -> None:  # noqa: ANN401 - as the constructor's
        unknown = fields.keys() - own.parameters.keys()
        for name in sorted(unknown - _WITHOUT_MEANING):
            _log.warning("Field '%s' of the configuration is unknown and has no effect.", name)
        generated(self, *args, **{name: value for name, value in fields.items() if name not in unknown})

    rest = inspect.Parameter("_", inspect.Parameter.VAR_KEYWORD)
    init.__signature__ = own.replace(parameters=[*own.parameters.values(), rest])  # type: ignore[attr-defined]
    init.__doc__ = generated.__doc__
    cls.__init__ = init  # type: ignore[method-assign]
    return cls


@_passing_over_the_unknown
@dataclass
class CoreConfig:
    """The configuration of sessions, scenarios and data. Every field is checked when it is made.

    Fields that there are not are passed over, with a warning in the log.

    Raises:
        ValueError: A field is missing or cannot be what it was given; the message names it and says what is allowed.
    """

    data_path: str | os.PathLike[str] = field(
        default="data",
        metadata={
            "doc": "The folder the state lives in. It must exist when `has_persistent_state` is set, unless "
            "`database_url` says where the state is; otherwise it is unused."
        },
    )
    has_persistent_state: bool = field(
        default=False,
        metadata={
            "doc": "Whether sessions, datasets, scenarios and results are kept in `data_path` and survive a restart."
        },
    )
    save_type: str = field(default="json", metadata={"doc": 'The form datasets are stored in: `"json"`.'})
    data_object_type: type[BaseDataSource] = field(
        default=_REQUIRED,
        metadata={"doc": "The class of the datasets, `DataSource` or a subclass of `BaseDataSource`. Required."},
    )
    persistence_backend: str | None = field(
        default=None,
        metadata={
            "doc": 'The store: `"none"`, `"json"` for files in `data_path`, or `"database"`; it overrules '
            "`has_persistent_state`. Left out, it follows it."
        },
    )
    database_url: str | None = field(
        default=None,
        metadata={
            "doc": 'The database of the store `"database"`, of SQLite or PostgreSQL: `sqlite:///state.db`, '
            "`postgresql://user:password@host/name`. Left out, the file `algomancy.db` in `data_path`."
        },
    )
    cache_bytes: int = field(
        default=CACHE_BYTES,
        metadata={
            "doc": "How many bytes of the datasets and results that are stored stay in memory once they were asked "
            "for, about. What is not stored stays in memory in any case."
        },
    )
    etl_factory: type[Any] = field(
        default=_REQUIRED,
        metadata={"doc": "The class, a subclass of `ETLFactory`, that reads uploaded files. Required."},
    )
    kpis: Mapping[str, type[BaseKPI]] = field(
        default=_REQUIRED, metadata={"doc": "KPI classes by the name they are shown under. Required."}
    )
    algorithms: Mapping[str, type[BaseAlgorithm]] = field(
        default=_REQUIRED, metadata={"doc": "Algorithm classes by the name they are offered under. Required."}
    )
    schemas: Sequence[Any] = field(
        default=_REQUIRED,
        metadata={"doc": "The schemas of the files the ETL reads, as instances or classes. Required."},
    )
    autocreate: bool = field(
        default=False,
        metadata={"doc": 'Whether every dataset gets a scenario `"<key> [auto]"` with the default algorithm.'},
    )
    default_algo: str | None = field(
        default=None, metadata={"doc": "The algorithm of automatically created scenarios; needed by `autocreate`."}
    )
    default_algo_params_values: Mapping[str, Any] | None = field(
        default=None, metadata={"doc": "The values of the default algorithm's parameters; left out, its own defaults."}
    )
    autorun: bool = field(default=False, metadata={"doc": "Whether a scenario is queued as soon as it is created."})
    title: str = field(
        default="Algomancy",
        metadata={"doc": "What the server is called, in `/health` and in the documentation it serves."},
    )
    executor: str | None = field(
        default=None,
        metadata={
            "doc": 'Where scenarios run: `"threads"` of this process, `"processes"` of their own on this machine, or a '
            '`"dask"` cluster. Left out: processes below a server, threads below a manager that is used without one.'
        },
    )
    workers: int | None = field(
        default=None,
        metadata={"doc": "How many runs there are at the same time; left out, as suits the executor and the cores."},
    )
    dask_address: str | None = field(
        default=None, metadata={"doc": 'The scheduler of the Dask cluster, such as `"tcp://10.0.0.5:8786"`.'}
    )
    run_timeout: float | None = field(
        default=None, metadata={"doc": "How many seconds a run may take; left out, as long as it likes."}
    )
    run_memory_limit: int | None = field(
        default=None,
        metadata={"doc": "How many bytes of memory a run in a process of its own may take; left out, any number."},
    )
    cancel_grace: float = field(
        default=1.0,
        metadata={"doc": "Seconds between asking a run to stop and killing its process, where it has one."},
    )
    initial_data_path: str | os.PathLike[str] | None = field(
        default=None,
        metadata={
            "doc": "A folder with one sub-folder of raw files for each dataset that the first session of a new server "
            "starts with. It is read, never written: in memory each dataset when it is first looked into, by a "
            "persistent server all at its first start."
        },
    )

    def __post_init__(self) -> None:
        for name in ("etl_factory", "data_object_type", "kpis", "algorithms", "schemas"):
            if getattr(self, name) is None:
                raise ValueError(f"Field '{name}' is required.")
        for name in ("has_persistent_state", "autocreate", "autorun"):
            self.check_boolean(name)
        self._check_classes()
        self._check_default_algorithm()
        self._check_storage()
        self._check_running()
        if not isinstance(self.title, str) or not self.title.strip():
            raise ValueError("Field 'title' must be a text that is not blank.")

    def check_boolean(self, name: str) -> None:
        """Check that a field is a boolean.

        Args:
            name: The field's name.

        Raises:
            ValueError: It is not.
        """
        value = getattr(self, name)
        if not isinstance(value, bool):
            raise ValueError(f"Field '{name}' must be True or False, got {value!r}.")

    @property
    def read_limits(self) -> ReadLimits:
        """How much an uploaded file may hold."""
        return ReadLimits(max_inflated_bytes=getattr(self, "max_inflated_bytes", GIBIBYTE))

    @property
    def store_kind(self) -> str:
        """The store to use, one of `PERSISTENCE_BACKENDS`."""
        if self.persistence_backend is not None:
            return self.persistence_backend
        return "json" if self.has_persistent_state else "none"

    @property
    def resolved_database_url(self) -> str:
        """The database to use, where the store is one."""
        return self.database_url or f"sqlite:///{Path(self.data_path) / 'algomancy.db'}"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name; the values are the configuration's own, not copies."""
        return {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}

    def session_arguments(self) -> dict[str, Any]:
        """Return what a `ScenarioManager` is made of, but for where it keeps things."""
        return {
            "etl_factory": self.etl_factory,
            "kpis": self.kpis,
            "algorithms": self.algorithms,
            "schemas": self.schemas,
            "data_object_type": self.data_object_type,
            "save_type": self.save_type,
            "autocreate": self.autocreate,
            "default_algo_name": self.default_algo,
            "default_param_values": self.default_algo_params_values,
            "autorun": self.autorun,
            "limits": self.read_limits,
        }

    def _check_classes(self) -> None:
        if not isinstance(self.data_object_type, type) or not issubclass(self.data_object_type, BaseDataSource):
            raise ValueError(
                f"Field 'data_object_type' must be a subclass of BaseDataSource, got {self.data_object_type!r}."
            )
        if not callable(self.etl_factory):
            raise ValueError(f"Field 'etl_factory' must be a subclass of ETLFactory, got {self.etl_factory!r}.")
        for group, base in (("algorithms", BaseAlgorithm), ("kpis", BaseKPI)):
            classes = getattr(self, group)
            if not isinstance(classes, Mapping):
                raise ValueError(f"Field '{group}' must be a dict of classes by name, got {classes!r}.")
            for name, cls in classes.items():
                if not isinstance(name, str) or not name.strip():
                    raise ValueError(f"Field '{group}' must have names that are not blank, got {name!r}.")
                if not isinstance(cls, type) or not issubclass(cls, base):
                    raise ValueError(f"Field '{group}': '{name}' must be a subclass of {base.__name__}, got {cls!r}.")
                if inspect.isabstract(cls):
                    lacking = _quoted(sorted(cls.__abstractmethods__))
                    raise ValueError(f"Field '{group}': '{name}' cannot be used, for it does not define {lacking}.")
        if isinstance(self.schemas, (str, Mapping)) or not isinstance(self.schemas, Sequence):
            raise ValueError(f"Field 'schemas' must be a list of schemas, got {self.schemas!r}.")
        for schema in self.schemas:
            if not callable(getattr(schema, "file_name", None)):
                raise ValueError(f"Field 'schemas' must hold schemas, as classes or instances, got {schema!r}.")

    def _check_default_algorithm(self) -> None:
        values = self.default_algo_params_values
        if values is not None and not isinstance(values, Mapping):
            raise ValueError(f"Field 'default_algo_params_values' must be a dict of values by name, got {values!r}.")
        if not self.autocreate:  # Nothing uses them: a name left over from an older project is no harm.
            return
        known = ", ".join(f"'{name}'" for name in self.algorithms) or "none"
        if self.default_algo is None:
            raise ValueError(f"Field 'default_algo' is required when 'autocreate' is True; known are: {known}.")
        if self.default_algo not in self.algorithms:
            raise ValueError(f"Field 'default_algo' must be one of {known}, got {self.default_algo!r}.")
        if values is not None:
            try:
                self.algorithms[self.default_algo].initialize_parameters().set_validated_values(values)
            except ParameterError as error:
                raise ValueError(f"Field 'default_algo_params_values' does not suit the algorithm: {error}") from error

    def _check_storage(self) -> None:
        if self.save_type not in SAVE_TYPES:
            raise ValueError(f"Field 'save_type' must be one of {_quoted(SAVE_TYPES)}, got {self.save_type!r}.")
        if self.persistence_backend is not None and self.persistence_backend not in PERSISTENCE_BACKENDS:
            raise ValueError(
                f"Field 'persistence_backend' must be one of {_quoted(PERSISTENCE_BACKENDS)}, "
                f"got {self.persistence_backend!r}."
            )
        persistent = self.has_persistent_state or self.store_kind != "none"
        elsewhere = self.store_kind == "database" and self.database_url is not None
        if persistent and not elsewhere and not _is_folder(self.data_path):
            raise ValueError(
                f"Field 'data_path' must be a folder that exists when the state is persistent, "
                f"got {str(self.data_path)!r}."
            )
        if self.initial_data_path is not None and not _is_folder(self.initial_data_path):
            raise ValueError(
                f"Field 'initial_data_path' must be a folder that exists, got {str(self.initial_data_path)!r}."
            )

    def _check_running(self) -> None:
        if self.executor is not None and self.executor not in EXECUTORS:
            raise ValueError(f"Field 'executor' must be one of {_quoted(EXECUTORS)}, got {self.executor!r}.")
        if self.executor == "dask" and not self.dask_address:
            raise ValueError("Field 'dask_address' is required when 'executor' is 'dask': the scheduler's address.")
        for name in ("workers", "run_memory_limit", "cache_bytes"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ValueError(f"Field '{name}' must be a positive integer, got {value!r}.")
        for name in ("run_timeout", "cancel_grace"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, (int, float)) or isinstance(value, bool) or not value > 0):
                raise ValueError(f"Field '{name}' must be a positive number of seconds, got {value!r}.")


def core_of(cfg: Any) -> CoreConfig:  # noqa: ANN401 - anything that has the fields
    """Return the configuration in anything that is one, has one as `core`, or has its fields.

    Args:
        cfg: A configuration, or something that wraps one.

    Raises:
        TypeError: It is nothing of the kind.
    """
    core = cfg if isinstance(cfg, CoreConfig) else getattr(cfg, "core", None)
    if isinstance(core, CoreConfig):
        return core
    if not all(hasattr(cfg, name) for name in ("etl_factory", "schemas", "algorithms", "kpis", "data_object_type")):
        raise TypeError(f"A configuration must be a CoreConfig, or have one as 'core', got {type(cfg).__name__}.")
    names = [each.name for each in dataclasses.fields(CoreConfig)]
    made: CoreConfig = CoreConfig(**{name: getattr(cfg, name) for name in names if hasattr(cfg, name)})
    return made


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(repr(value) for value in values)


def _is_folder(path: object) -> bool:
    return isinstance(path, (str, os.PathLike)) and Path(path).is_dir()
