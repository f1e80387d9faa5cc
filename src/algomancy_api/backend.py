"""The port that a backend plugs into: exactly the members that the routes use.

`algomancy_scenario` implements it; so may anything else, see `ApiLauncher.build(cfg, session_manager=…)`.

A backend may also say `nonblocking = True`. It promises by this that

* look-ups (`list_sessions`, `get_by_id`, `list_scenarios`, …) come from memory: the routes call them in the event loop;
* whatever is unknown is refused with `NotFoundError` and whatever is taken, or not possible now, with
  `PreconditionError`, without a window between check and act: the routes leave these checks to it.

A backend that does not say so is called in worker threads only, and the routes look first whether things exist.
Members marked as optional below need not be there: the routes then do without, or do not offer what needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from algomancy_data.file import File
    from algomancy_utils.baseparameterset import BaseParameterSet


class ScenarioLike(Protocol):
    """A scenario, as the routes see it.

    Optional: `to_json_bytes() -> bytes`, which is `to_dict()` encoded, `summary_json_bytes() -> bytes`, the same
    without `result`, and `status_json_bytes() -> bytes`: where they are, the routes send what they return.
    """

    @property
    def id(self) -> str:
        """Identifier that never changes."""

    @property
    def tag(self) -> str:
        """Name given at creation."""

    @property
    def status(self) -> str:
        """`created`, `queued`, `processing`, `complete` or `failed`."""

    @property
    def progress(self) -> float:
        """Percent done, 0 to 100."""

    def to_dict(self) -> dict[str, Any]:
        """The scenario as the API shows it (contract SCN)."""


class EtlResultLike(Protocol):
    """The outcome of a run of extract, validate, transform, load.

    Optional: `messages`, each with `to_dict()`.
    """

    @property
    def is_success(self) -> bool:
        """Whether the dataset was stored."""


class ScenarioBackend(Protocol):
    """What one session can do. See `algomancy_scenario.ScenarioManager`.

    Optional: `reset_scenario(id)` and `cancel_scenario(id)`; `nonblocking_create`, whether `create_scenario` and
    `process_scenario_async` neither write to a disk nor touch tables, and so may be called in the event loop;
    `scenarios_as_bytes() -> bytes`, the JSON array of all scenarios; `get_data_as_bytes(key) -> bytes`, the text of
    `get_data_as_json` in UTF-8, of a backend whose `add_datasource_from_json` takes such bytes too.
    """

    @property
    def available_algorithms(self) -> Iterable[str]:
        """Names of the algorithms."""

    @property
    def available_kpis(self) -> Iterable[str]:
        """Names of the KPIs."""

    @property
    def currently_processing(self) -> ScenarioLike | None:
        """The scenario whose run is under way."""

    def get_algorithm_parameters(self, name: str) -> BaseParameterSet:
        """A fresh parameter set of an algorithm."""

    def get_data_parameters(self, key: str) -> BaseParameterSet:
        """A fresh parameter set of a dataset."""

    def get_data_keys(self) -> Sequence[str]:
        """Keys of the datasets."""

    def get_data_as_json(self, key: str) -> str:
        """A dataset as `DataSource.to_json()` writes it."""

    def derive_data(self, key: str, new_key: str) -> Any:  # noqa: ANN401 - whatever it returns is not used
        """Copy a dataset."""

    def delete_data(self, key: str) -> Any:  # noqa: ANN401 - whatever it returns is not used
        """Delete a dataset that no scenario refers to."""

    def add_datasource_from_json(self, payload: str) -> Any:  # noqa: ANN401 - whatever it returns is not used
        """Add a dataset from the text of `get_data_as_json`."""

    def etl_data(self, files: Mapping[str, File], name: str) -> EtlResultLike:
        """Read files, and store the dataset unless there is something wrong with it."""

    def create_scenario(
        self,
        tag: str,
        dataset_key: str,
        algo_name: str,
        algo_params: dict[str, Any] | None = None,
        data_params: dict[str, Any] | None = None,
    ) -> ScenarioLike:
        """Create a scenario."""

    def get_by_id(self, scenario_id: str) -> ScenarioLike | None:
        """The scenario with this id."""

    def list_scenarios(self) -> Sequence[ScenarioLike]:
        """All scenarios, oldest first."""

    def list_ids(self) -> Iterable[str]:
        """Ids of all scenarios."""

    def list_tags(self) -> Iterable[str]:
        """Tags of all scenarios."""

    def delete_scenario(self, scenario_id: str) -> bool:
        """Delete a scenario; tell whether there was one."""

    def process_scenario_async(self, scenario: Any) -> Any:  # noqa: ANN401 - a scenario of the backend's own kind
        """Put a scenario in the queue."""


@runtime_checkable
class SessionBackend(Protocol):
    """What a server can do with sessions. See `algomancy_scenario.SessionManager`.

    Optional: `resolve_id(id_or_name) -> str`, the id of the session with this id or, second, this display name;
    `close()`, called when a server that made the backend itself stops.
    """

    @property
    def start_session_id(self) -> str:
        """Id of the session to start with."""

    def list_sessions(self) -> list[dict[str, str]]:
        """`{id, display_name}` of each session."""

    def get_display_name(self, session_id: str) -> str:
        """Name of a session."""

    def get_scenario_manager(self, session_id: str) -> Any:  # noqa: ANN401 - a `ScenarioBackend`; real ones are wider
        """What the session can do: a `ScenarioBackend`."""

    def create_new_session(self, display_name: str) -> str:
        """Create an empty session; return its id."""

    def copy_session(self, session_id: str, new_display_name: str) -> str:
        """Copy a session; return the copy's id."""

    def rename_session(self, session_id: str, display_name: str) -> Any:  # noqa: ANN401 - not used
        """Give a session another name."""

    def delete_session(self, session_id: str) -> Any:  # noqa: ANN401 - not used
        """Delete a session with all that is in it."""


def optional_member(backend: object, name: str) -> Callable[..., Any] | None:
    """Return a method that a backend may have, or `None` when it has none."""
    member = getattr(backend, name, None)
    return member if callable(member) else None
