"""The port that a backend plugs into.

`SessionBackend` and `ScenarioBackend` are what every backend has: Algomancy's own managers, the reference backend, or
anything else given to `ApiLauncher.build(cfg, session_manager=…)`. Such a backend is called in worker threads only,
through `CheckedBackend`, which looks first whether things exist and lets one change of a session in at a time.

A backend that says `nonblocking = True` is called as it is. It has all members of `CompleteSessionBackend` and promises
that

* look-ups (`open_session`, `list_sessions`, `get_by_id`, `list_scenarios`, …) come from memory: the routes call them in
  the event loop, but for what a scenario says is not `at_hand`;
* whatever is unknown, taken or not possible now is refused without a window between check and act.

Where other servers change the same state, it has `catch_up()` too: when that returns, look-ups show whatever any of
them had acknowledged when it was called (contract GEN-9). It is called in a worker thread, before each operation.

Exceptions tell the caller what was wrong. A `ParameterError` or any other `ValueError` is answered 400, an
`AssertionError` 409. An exception of any class may have an attribute `error_kind`: `"not_found"` is answered 404,
`"conflict"` 409, `"too_large"` 413, `"unavailable"` 503 with `Retry-After`. Whatever else is raised is answered 500,
with a traceback in the log.

This module is imported before anything that needs a backend, and fails where there is none: client, models and command
line need none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from algomancy_data.file import File
    from algomancy_utils.baseparameterset import BaseParameterSet


class ScenarioLike(Protocol):
    """A scenario of any backend."""

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


ScenarioT = TypeVar("ScenarioT", covariant=True)


class ScenarioMembers(Protocol[ScenarioT]):
    """What every session does in the same way; its scenarios are `ScenarioT`."""

    @property
    def available_algorithms(self) -> Iterable[str]:
        """Names of the algorithms."""

    @property
    def available_kpis(self) -> Iterable[str]:
        """Names of the KPIs."""

    def get_algorithm_parameters(self, name: str) -> BaseParameterSet:
        """A fresh parameter set of an algorithm."""

    def get_data_parameters(self, key: str) -> BaseParameterSet:
        """A fresh parameter set of a dataset."""

    def get_data_keys(self) -> Sequence[str]:
        """Keys of the datasets."""

    def derive_data(self, key: str, new_key: str) -> Any:  # noqa: ANN401 - whatever it returns is not used
        """Copy a dataset."""

    def delete_data(self, key: str) -> Any:  # noqa: ANN401 - whatever it returns is not used
        """Delete a dataset that no scenario refers to."""

    def etl_data(self, files: Mapping[str, File], name: str) -> EtlResultLike:
        """Read files, and store the dataset unless there is something wrong with it."""

    def delete_scenario(self, scenario_id: str) -> bool:
        """Delete a scenario; tell whether there was one."""

    def process_scenario_async(self, scenario: Any) -> Any:  # noqa: ANN401 - a scenario of the backend's own kind
        """Put a scenario in the queue."""

    @property
    def currently_processing(self) -> ScenarioT | None:
        """The scenario whose run is under way."""

    def create_scenario(
        self,
        tag: str,
        dataset_key: str,
        algo_name: str,
        algo_params: dict[str, Any] | None = None,
        data_params: dict[str, Any] | None = None,
    ) -> ScenarioT:
        """Create a scenario."""

    def get_by_id(self, scenario_id: str) -> ScenarioT | None:
        """The scenario with this id."""

    def list_scenarios(self) -> Sequence[ScenarioT]:
        """All scenarios, oldest first."""


class ScenarioBackend(ScenarioMembers[ScenarioLike], Protocol):
    """What one session of any backend can do. See `algomancy_scenario.ScenarioManager`.

    Optional: `reset_scenario(id)` and `cancel_scenario(id)`; without them the API answers 404 there. `listen`, as
    `CompleteScenarioBackend` has it; without it there are no events, and long polls do not wait. `schemas`, by whose
    names of files a message tells which one an upload lacks.
    """

    def get_data_as_json(self, key: str) -> str:
        """A dataset as `DataSource.to_json()` writes it."""

    def add_datasource_from_json(self, payload: str) -> Any:  # noqa: ANN401 - whatever it returns is not used
        """Add a dataset from the text of `get_data_as_json`."""

    def list_ids(self) -> Iterable[str]:
        """Ids of all scenarios."""

    def list_tags(self) -> Iterable[str]:
        """Tags of all scenarios."""


class SessionMembers(Protocol):
    """What every backend does with sessions in the same way."""

    @property
    def start_session_id(self) -> str:
        """Id of the session to start with."""

    def list_sessions(self) -> list[dict[str, str]]:
        """`{id, display_name}` of each session."""

    def get_display_name(self, session_id: str) -> str:
        """Name of a session."""

    def create_new_session(self, display_name: str) -> str:
        """Create an empty session; return its id."""

    def copy_session(self, session_id: str, new_display_name: str) -> str:
        """Copy a session; return the copy's id."""

    def rename_session(self, session_id: str, display_name: str) -> Any:  # noqa: ANN401 - not used
        """Give a session another name."""

    def delete_session(self, session_id: str) -> Any:  # noqa: ANN401 - not used
        """Delete a session with all that is in it."""


@runtime_checkable
class SessionBackend(SessionMembers, Protocol):
    """What any backend can do with sessions. See `algomancy_scenario.SessionManager`.

    Optional: `close()`, called when a server that made the backend itself stops; `end_helpers()`, called whenever the
    server stops, to end the processes that the backend has started.
    """

    def get_scenario_manager(self, session_id: str) -> Any:  # noqa: ANN401 - a `ScenarioBackend`; real ones are wider
        """What the session can do: a `ScenarioBackend`."""


class Event(Protocol):
    """One change of a session."""

    @property
    def id(self) -> str:
        """What to send as `Last-Event-ID` to hear what comes after it."""

    @property
    def kind(self) -> str:
        """What kind of change it is."""

    @property
    def data(self) -> bytes:
        """What there is to know, as JSON on one line."""


class Listener(Protocol):
    """A subscription to changes."""

    def take(self) -> tuple[Sequence[Event], float | None, bool]:
        """Events that are due, in how many seconds to ask again if others wait, and whether there is no more."""

    def close(self) -> None:
        """Stop listening."""


class CompleteScenario(ScenarioLike, Protocol):
    """A scenario that can be sent as it is.

    Optional: `at_hand`, whether `to_json_bytes` comes from memory; it does where this is not said.
    """

    def to_json_bytes(self) -> bytes:
        """`to_dict()` as JSON."""

    def summary_json_bytes(self) -> bytes:
        """The same without `result`."""

    def status_json_bytes(self) -> bytes:
        """`id`, `tag`, `status` and `progress` as JSON (contract SCN-8)."""


class CompleteScenarioBackend(ScenarioMembers[CompleteScenario], Protocol):
    """What the routes ask of one session.

    In addition to what these members say, those they share with `ScenarioBackend` refuse what is unknown or taken.
    """

    def get_data_as_bytes(self, key: str) -> bytes:
        """A dataset as `DataSource.to_json()` writes it, in UTF-8."""

    def add_datasource_from_json(self, payload: bytes) -> str:
        """Add a dataset from the bytes of `get_data_as_bytes`, or replace one; return its key."""

    def scenarios_as_bytes(self) -> bytes:
        """The array of all scenarios as JSON."""

    def listen(
        self, wake: Callable[[], None], last_event_id: str | None = None, scenario_id: str | None = None
    ) -> Listener:
        """Somebody who is told of what changes in the session, or of one scenario; `wake` is called from any thread."""

    def reset_scenario(self, scenario_id: str) -> Any:  # noqa: ANN401 - whatever it returns is not used
        """Take a scenario that has ended back to `created`."""

    def cancel_scenario(self, scenario_id: str) -> Any:  # noqa: ANN401 - whatever it returns is not used
        """Stop a scenario that is queued or running."""


class CompleteSessionBackend(SessionMembers, Protocol):
    """What the routes ask of a server's sessions."""

    def open_session(self, id_or_name: str) -> tuple[str, Any]:
        """Id and `CompleteScenarioBackend` of the session with this id or, second, this display name."""

    def count_runs(self) -> dict[str, Any]:
        """`executor`, `workers`, `running` and `queued`, over all sessions (contract SCN-21)."""

    def close(self) -> Any:  # noqa: ANN401 - not used
        """Let go of everything; called when a server that made the backend itself stops."""

    def end_helpers(self) -> Any:  # noqa: ANN401 - not used
        """End the processes that the backend has started; called whenever the server stops."""


# --- which backend is installed ---------------------------------------------------------------------------------------


_OURS = "algomancy-reference"
_THEIRS = ("algomancy-utils", "algomancy-data", "algomancy-scenario")


def _require_one_backend() -> None:
    """Make sure that the backend's packages are there, and that they are of one make.

    Raises:
        ImportError: No backend is installed, or two were installed over each other; the message says what to run.
    """
    either = (
        "`pip install 'algomancy-api[reference]'` installs the reference backend, "
        "`pip install 'algomancy-api[algomancy]'` Algomancy's own packages, which need Python 3.14."
    )
    for package in ("algomancy_utils", "algomancy_data", "algomancy_scenario"):
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"No backend is installed: {package} is missing. {either}", name=package)
    here = _folder(_OURS)
    mixed = [name for name in _THEIRS if here is not None and _folder(name) == here]
    if mixed:
        raise ImportError(
            f"{_OURS} and {', '.join(mixed)} are installed in one folder, where each overwrites the other's files. "
            f"Remove both, `pip uninstall {' '.join((_OURS, *_THEIRS))}`, and install one: {either}",
            name="algomancy_utils",
        )


def _folder(name: str) -> str | None:
    """Return the folder that a distribution is installed in, `None` where it is not installed."""
    try:
        return str(distribution(name).locate_file(""))
    except PackageNotFoundError:
        return None


_require_one_backend()
