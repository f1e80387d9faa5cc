"""One session of a backend that does not check by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from algomancy_api.backend import EtlResultLike, Listener, ScenarioBackend
from algomancy_api.checked.values import CheckedScenario, read_payload, read_values, written_payload
from algomancy_api.errors import ConflictError, NotFoundError
from algomancy_api.http.names import check_dataset_key, is_read_error, listed, shown

if TYPE_CHECKING:
    from algomancy_data.file import File
    from algomancy_utils.baseparameterset import BaseParameterSet

_UNFINISHED = ("queued", "processing")
_FAULTS_OF_INPUT = (AttributeError, IndexError, TypeError)
"""What a backend raises that takes a payload apart without looking."""


class CheckedScenarios:
    """A `CompleteScenarioBackend` in front of any backend's session.

    What is checked and what follows from it happen under one lock, so that of simultaneous requests one passes.

    Args:
        backend: The backend's session.
    """

    def __init__(self, backend: ScenarioBackend) -> None:
        self.backend = backend
        self._write = threading.RLock()

    # ------------------------------------------------------------------ what is on offer

    @property
    def available_algorithms(self) -> list[str]:
        """Names of the algorithms."""
        return list(self.backend.available_algorithms)

    @property
    def available_kpis(self) -> list[str]:
        """Names of the KPIs."""
        return list(self.backend.available_kpis)

    def get_algorithm_parameters(self, name: str) -> BaseParameterSet:
        """Return a fresh parameter set of an algorithm.

        Raises:
            NotFoundError: There is no such algorithm.
        """
        self._require_algorithm(name)
        return self.backend.get_algorithm_parameters(name)

    # ------------------------------------------------------------------ datasets

    def get_data_keys(self) -> list[str]:
        """Return the keys of the datasets."""
        return list(self.backend.get_data_keys())

    def get_data_parameters(self, key: str) -> BaseParameterSet:
        """Return a fresh parameter set of a dataset.

        Raises:
            NotFoundError: There is no such dataset.
        """
        self._require_dataset(key)
        return self.backend.get_data_parameters(key)

    def get_data_as_bytes(self, key: str) -> bytes:
        """Return a dataset as JSON in UTF-8.

        Raises:
            NotFoundError: There is no such dataset.
        """
        self._require_dataset(key)
        return written_payload(self.backend.get_data_as_json(key))

    def derive_data(self, key: str, new_key: str) -> None:
        """Copy a dataset.

        Raises:
            NotFoundError: There is no such dataset.
            ValueError: The new key is not allowed.
            ConflictError: The new key is taken.
        """
        with self._write:
            self._require_dataset(key)
            if check_dataset_key(new_key) in self.get_data_keys():
                raise ConflictError(f"A dataset with the key {shown(new_key)} exists already.")
            self.backend.derive_data(key, new_key)

    def delete_data(self, key: str) -> None:
        """Delete a dataset.

        Raises:
            NotFoundError: There is no such dataset.
            ConflictError: A scenario refers to it.
        """
        with self._write:
            self._require_dataset(key)
            self._require_unused(key)
            self.backend.delete_data(key)

    def add_datasource_from_json(self, payload: bytes) -> str:
        """Add a dataset from its JSON, or replace one, and return its key.

        Raises:
            ValueError: It is no such JSON, or its key is not allowed.
            ConflictError: A scenario refers to the dataset that has this key.
        """
        key, text = read_payload(payload)
        with self._write:
            self._require_unused(key)
            try:
                self.backend.add_datasource_from_json(text)
            except _FAULTS_OF_INPUT as error:
                raise ValueError("The body is not what DataSource.to_json() writes.") from error
        return key

    def etl_data(self, files: Mapping[str, File], name: str) -> EtlResultLike:
        """Make a dataset of files, or replace one.

        Raises:
            ValueError: The key is not allowed; a file is missing, unexpected or unreadable.
            ConflictError: A scenario refers to the dataset that has this key.
        """
        from algomancy_data import ETLConstructionError

        check_dataset_key(name)
        with self._write:
            self._require_unused(name)
            try:
                result = self.backend.etl_data(files, name)
                raised = getattr(result, "raised", None)
                if isinstance(raised, Exception) and not _has_errors(result):
                    raise raised
            except ETLConstructionError as error:
                raise ValueError(str(error)) from error
            except KeyError as error:
                if error.args and error.args[0] in self._expected_files() - files.keys():
                    raise ValueError(f"File {shown(str(error.args[0]))} is missing from the upload.") from error
                raise
            except Exception as error:
                if hasattr(error, "error_kind") or not is_read_error(error):
                    raise
                raise ValueError(_unreadable(files, error)) from error
        return result

    # ------------------------------------------------------------------ scenarios

    @property
    def currently_processing(self) -> CheckedScenario | None:
        """The scenario whose run is under way."""
        running = self.backend.currently_processing
        return None if running is None else CheckedScenario(running)

    def create_scenario(
        self,
        tag: str,
        dataset_key: str,
        algo_name: str,
        algo_params: dict[str, Any] | None = None,
        data_params: dict[str, Any] | None = None,
    ) -> CheckedScenario:
        """Create a scenario.

        Raises:
            NotFoundError: There is no such algorithm or dataset.
            ConflictError: The tag is taken.
            ParameterError: A parameter is unknown or its value not allowed.
        """
        with self._write:
            self._require_algorithm(algo_name)
            self._require_dataset(dataset_key)
            if tag in self.backend.list_tags():
                raise ConflictError(f"Tag {shown(tag)} is already used by a scenario of this session.")
            algo_params = read_values(self.backend.get_algorithm_parameters(algo_name), algo_params)
            if data_params:
                data_params = read_values(self.backend.get_data_parameters(dataset_key), data_params)
            created = self.backend.create_scenario(tag, dataset_key, algo_name, algo_params, data_params)
        return CheckedScenario(created)

    def get_by_id(self, scenario_id: str) -> CheckedScenario | None:
        """Return the scenario with this id, `None` when there is none."""
        # Listed first: a backend's `get_by_id` may raise anything for what it does not know.
        found = self.backend.get_by_id(scenario_id) if scenario_id in self.backend.list_ids() else None
        return None if found is None else CheckedScenario(found)

    def list_scenarios(self) -> list[CheckedScenario]:
        """Return all scenarios, oldest first."""
        return [CheckedScenario(each) for each in self.backend.list_scenarios()]

    def scenarios_as_bytes(self) -> bytes:
        """Return the array of all scenarios as JSON."""
        return b"[" + b",".join([each.to_json_bytes() for each in self.list_scenarios()]) + b"]"

    def delete_scenario(self, scenario_id: str) -> bool:
        """Delete a scenario; tell whether there was one."""
        with self._write:
            return self.get_by_id(scenario_id) is not None and self.backend.delete_scenario(scenario_id) is not False

    def process_scenario_async(self, scenario: CheckedScenario) -> None:
        """Put a scenario in the queue.

        Raises:
            NotFoundError: It is no longer there.
            ConflictError: It is queued, processing or has ended and was not reset (contract SCN-7).
        """
        with self._write:
            self._require_scenario(scenario.id)
            if scenario.status != "created":
                ended = "; reset it first" if scenario.status not in _UNFINISHED else ""
                raise ConflictError(f"Scenario {shown(scenario.tag)} is already {scenario.status}{ended}.")
            self.backend.process_scenario_async(scenario.backend)

    def listen(
        self, wake: Callable[[], None], last_event_id: str | None = None, scenario_id: str | None = None
    ) -> Listener:
        """Listen to what changes in the session or in one scenario, where the backend tells of it.

        Raises:
            NotFoundError: It does not.
        """
        listen = getattr(self.backend, "listen", None)
        if not callable(listen):
            raise _not_offered()
        listener: Listener = listen(wake, last_event_id, scenario_id)
        return listener

    def reset_scenario(self, scenario_id: str) -> None:
        """Take a scenario that has ended back to `created`.

        Raises:
            NotFoundError: It is not there, or the backend cannot do that.
            ConflictError: It is queued or processing.
        """
        with self._write:
            scenario = self._require_scenario(scenario_id)
            if scenario.status in _UNFINISHED:
                raise ConflictError(f"Scenario {shown(scenario.tag)} is {scenario.status}.")
            for owner, name, arguments in (
                (self.backend, "reset_scenario", (scenario_id,)),
                (self.backend, "refresh_scenario", (scenario_id,)),  # Algomancy 0.10
                (scenario.backend, "refresh", ()),  # Algomancy 0.8
            ):
                reset = getattr(owner, name, None)
                if callable(reset):
                    reset(*arguments)
                    return
        raise _not_offered()

    def cancel_scenario(self, scenario_id: str) -> None:
        """Stop a scenario that is queued or running.

        Raises:
            NotFoundError: It is not there, or the backend cannot do that.
        """
        cancel = getattr(self.backend, "cancel_scenario", None)
        if not callable(cancel):
            raise _not_offered()
        with self._write:
            self._require_scenario(scenario_id)
            cancel(scenario_id)

    # ------------------------------------------------------------------ checks

    def _require_algorithm(self, name: str) -> None:
        known = self.backend.available_algorithms
        if name not in known:
            raise NotFoundError(f"Algorithm {shown(name)} does not exist; there are: {listed(known)}.")

    def _require_dataset(self, key: str) -> None:
        known = self.backend.get_data_keys()
        if key not in known:
            raise NotFoundError(f"Dataset {shown(key)} does not exist; there are: {listed(known)}.")

    def _require_scenario(self, scenario_id: str) -> CheckedScenario:
        scenario = self.get_by_id(scenario_id)
        if scenario is None:
            raise NotFoundError(f"Scenario {shown(scenario_id)} does not exist.")
        return scenario

    def _require_unused(self, key: str) -> None:
        if any(each.input_data_key == key for each in self.list_scenarios()):
            raise ConflictError(f"Dataset {shown(key)} is used by a scenario of this session.")

    def _expected_files(self) -> set[str]:
        schemas = getattr(self.backend, "schemas", None) or ()
        return {schema.file_name() for schema in schemas}


def _has_errors(result: EtlResultLike) -> bool:
    messages = getattr(result, "messages", None) or ()
    return any(str(message.severity) in ("ERROR", "CRITICAL") for message in messages)


def _unreadable(files: Mapping[str, File], error: Exception) -> str:
    """Return what to say of files of which one cannot be read; a backend's words only where they name no path."""
    named = ", ".join(
        shown(f"{stem}.{getattr(file.extension, 'value', file.extension)}") for stem, file in files.items()
    )
    told = str(error).partition("\n")[0]
    reason = "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else told.removesuffix(".")
    subject = "File" if len(files) == 1 else "One of the files"
    return f"{subject} {named} cannot be read{f': {reason}' if reason and '/' not in reason else ''}."


def _not_offered() -> NotFoundError:
    return NotFoundError("This backend does not offer that.")
