"""What worlds begin with: the fixtures that come with the sandbox and the team's own, and the backend they are for."""

from __future__ import annotations

import importlib
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from algomancy_api.errors import ConflictError, InvalidRequestError, NotFoundError
from algomancy_api.http.bodies import parse_model
from algomancy_api.http.names import listed, shown
from algomancy_api.sandbox.clock import WorldClock
from algomancy_api.sandbox.fixture import Fixture, RunScript
from algomancy_api.sandbox.runs import WorldRuns

if TYPE_CHECKING:
    from algomancy_api.api_configuration import ApiConfiguration

Json = dict[str, Any]

SEEDED_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""What time it is at first in a world with a seed: a Monday morning."""

_SEED = "fixture"  # No world has it: what is made there never gets an id of what it began with.
_SHORT = 3
_LONG_MESSAGE = "The solver found no plan: " + "; ".join(
    f"item {number} fits no location that is free" for number in range(1, 41)
)
_AWKWARD_TEXTS = (
    "W" * 255,
    "مستودع القاهرة – خطة الربيع",
    "<script>alert('1')</script> & <b>\"bold\"</b>",
    "Zażółć gęślą jaźń 🏭👩🏽‍🔧 日本語",
    "  %2F..\\{{ id }} 'x' --",
)


Saved = Sequence[Any]
"""What is in a server, session by session; nothing in it changes, so that worlds share it."""


class SteerableBackend(Protocol):
    """A backend whose time, ids and runs are controlled from outside. See `algomancy_scenario.steering`."""

    def use_steering(self, steering: WorldRuns) -> AbstractContextManager[None]:
        """Take time and ids from there, for this thread or task."""

    def open_sessions(self, cfg: ApiConfiguration, steering: WorldRuns, saved: Saved) -> Any:  # noqa: ANN401 - a `SessionManager`
        """A server in memory with what was saved."""

    def save_sessions(self, sessions: Any) -> Saved:  # noqa: ANN401 - a `SessionManager`
        """What is in a server now."""

    def read_sessions(self, cfg: ApiConfiguration, document: Sequence[Mapping[str, Any]]) -> Saved:
        """Sessions that are described as the API shows them; a `ValueError` has a `location` in the document."""


class SandboxUnavailableError(RuntimeError):
    """The backend that is installed cannot be steered."""


def steerable_backend() -> SteerableBackend:
    """Return what steers the reference backend.

    Raises:
        SandboxUnavailableError: Another backend is installed.
    """
    # By its name: other makes of the backend have no such module, and their servers need none.
    try:
        return cast("SteerableBackend", importlib.import_module("algomancy_scenario.steering"))
    except ModuleNotFoundError:
        raise SandboxUnavailableError(
            "The sandbox needs the reference backend, for its clock and its runs: "
            "`pip install 'algomancy-api[reference]'` in an environment of its own."
        ) from None


@dataclass(frozen=True)
class State:
    """What a world can be put back to.

    Attributes:
        saved: Its sessions.
        scripts: The scripts of its runs.
        now: What time it was; only a manual clock goes back. `None` for the time at which the world begins.
        random: Where its ids come from next; `None` for from the seed.
    """

    saved: Saved
    scripts: Mapping[str, RunScript]
    now: datetime | None = None
    random: Any = None


class Fixtures:
    """The fixtures there are, each made when it is first asked for.

    Args:
        config: The configuration whose algorithms and KPIs they have.
        backend: What steers sessions.
    """

    def __init__(self, config: ApiConfiguration, backend: SteerableBackend) -> None:
        self._config = config
        self._backend = backend
        self._making = threading.RLock()
        self._made: dict[str, State] = {}
        self._makers: dict[str, Callable[[], State]] = {
            "empty": lambda: self._of_sessions([_session("main")]),
            "demo": lambda: State(self._demo[0], {}),
            "every-status": self._every_status,
            "crowded": self._crowded,
            "awkward": self._awkward,
        }

    @property
    def names(self) -> list[str]:
        """The names of the fixtures."""
        return list(self._makers)

    def get(self, name: str) -> State:
        """Return a fixture.

        Raises:
            NotFoundError: There is none of this name.
            ConflictError: It needs an algorithm, and the configuration has none.
        """
        if name not in self._makers:
            raise NotFoundError(f"There is no fixture {shown(name)}; there are {listed(self._makers)}.")
        with self._making:
            if name not in self._made:
                self._made[name] = self._makers[name]()
            return self._made[name]

    def of(self, fixture: Fixture) -> State:
        """Return what a fixture describes.

        Raises:
            InvalidRequestError: It breaks a rule; its `location` says where.
        """
        return self._of_sessions(fixture.model_dump()["sessions"], fixture.runs)

    def add_file(self, path: Path) -> str:
        """Add the fixture of a file, under the file's name; return that.

        Raises:
            ValueError: It is none; the message tells the line.
        """
        try:
            text = path.read_bytes()
        except OSError as error:
            raise ValueError(f"Fixture '{path}' cannot be read: {error.strerror}.") from None
        try:
            state = self.of(parse_model(Fixture, text))
        except InvalidRequestError as error:
            line = line_of(text, getattr(error, "location", None))
            raise ValueError(f"Fixture '{path}', line {line}: {error}") from None
        self._makers[path.stem] = lambda: state
        return path.stem

    def _of_sessions(
        self, sessions: Sequence[Mapping[str, Any]], scripts: Mapping[str, RunScript] | None = None
    ) -> State:
        runs = WorldRuns(WorldClock(SEEDED_START, 0), seed=_SEED)
        try:
            with self._backend.use_steering(runs):
                return State(self._backend.read_sessions(self._config, sessions), scripts or {})
        except ValueError as error:
            location = getattr(error, "location", None)
            if location is None:
                raise
            place = ".".join(map(str, ("sessions", *location)))
            refusal = InvalidRequestError(f"Field '{place}': {error}")
            refusal.location = ("sessions", *location)
            raise refusal from None

    # ------------------------------------------------------------------ those that come with the sandbox

    @cached_property
    def _demo(self) -> tuple[Any, list[Json], list[Json]]:
        """What a new server holds, with each algorithm run once on its first dataset; and this as the API shows it."""
        runs = WorldRuns(WorldClock(SEEDED_START, 0), seed=_SEED)
        with self._backend.use_steering(runs), _unlogged_failures():
            sessions = self._backend.open_sessions(self._config, runs, ())
            manager = sessions.get_scenario_manager(sessions.start_session_id)
            for key in manager.get_data_keys()[:1]:
                for name in manager.available_algorithms:
                    runs.clock.advance(60)
                    scenario = manager.create_scenario(name, key, name)
                    manager.process_scenario_async(scenario)
                    runs.clock.advance(0)
            saved = self._backend.save_sessions(sessions)
            datasets = [json.loads(manager.get_data_as_json(key)) for key in manager.get_data_keys()]
            scenarios = [each.to_dict() for each in manager.list_scenarios()]
            sessions.close()
        return saved, datasets, scenarios

    def _sample(self, dataset: Json) -> Json:
        """Return a scenario that is complete: one of the demo's, its lists cut short, or one made up."""
        for each in self._demo[2]:
            if each["status"] == "complete":
                return {**each, "result": _cut_short(each["result"]), "input_data_key": dataset["metadata"]["name"]}
        name = next(iter(self._config.algorithms), None)
        if name is None:
            raise ConflictError("This fixture needs an algorithm, and the configuration has none.")
        return {
            "input_data_key": dataset["metadata"]["name"],
            "algorithm": {"name": name},
            "status": "complete",
            "kpis": {kpi: {"value": 1.0} for kpi in self._config.kpis},
            "result": {"made_up": True},
        }

    def _dataset(self) -> Json:
        return self._demo[1][0] if self._demo[1] else _table("Sample data", ["id"], [{"id": 1}])

    def _every_status(self) -> State:
        dataset = self._dataset()
        sample = self._sample(dataset)
        scenarios = [_scenario(sample, status, status=status) for status in ("created", "complete", "failed")]
        scenarios[2] |= {"error": _LONG_MESSAGE, "progress": 62.5}
        scenarios += [_scenario(sample, status, status=status) for status in ("processing", "queued")]
        day = RunScript(duration=86_400, elapsed=86_400 * 0.4)
        return self._of_sessions([_session("main", [dataset], scenarios)], {"processing": day})

    def _crowded(self) -> State:
        dataset = self._dataset()
        sample = self._sample(dataset)
        sessions = []
        for number in range(100):
            scenarios = []
            for each in range(100):
                status = ("complete", "complete", "created", "failed")[(number + each) % 4]
                factor = 0.5 + ((7 * number + 13 * each) % 101) / 100
                kpis = {name: {**kpi, "value": kpi["value"] * factor} for name, kpi in sample["kpis"].items()}
                scenarios.append(_scenario(sample, f"Plan {number:02}-{each:02}", status=status, kpis=kpis))
            sessions.append(_session("main" if number == 0 else f"Team {number:02}", [dataset], scenarios))
        return self._of_sessions(sessions)

    def _awkward(self) -> State:
        columns = [f"{_AWKWARD_TEXTS[number % 5][:40].strip()} {number}" for number in range(200)]
        wide = _table("Wide " + _AWKWARD_TEXTS[1], columns, [dict.fromkeys(columns, text) for text in _AWKWARD_TEXTS])
        sample = self._sample(wide)
        tags = [*_AWKWARD_TEXTS, *(f"Plan {'A' * length}" for length in (1, 2, 60, 200))]
        values = (0.0, 1e15, -1e-9, 0.1 + 0.2)
        scenarios = [
            _scenario(
                sample,
                tag,
                kpis={name: {"value": values[number % 4], "threshold": None} for name in sample["kpis"]},
                result={"text": tag, "deep": {"list": [[[]], {}, None]}, "number": 10**15},
            )
            for number, tag in enumerate(tags)
        ]
        scenarios.append(_scenario(sample, "fails", status="failed", error="\n".join(_AWKWARD_TEXTS)))
        others = [_session(text) for text in _AWKWARD_TEXTS]
        return self._of_sessions([_session("main", [wide], scenarios), *others])


@contextmanager
def _unlogged_failures() -> Iterator[None]:
    """Keep out of the log that an algorithm fails, which in a demonstration may be what it is for."""
    log = logging.getLogger("algomancy_scenario")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _session(name: str, datasets: Sequence[Json] = (), scenarios: Sequence[Json] = ()) -> Json:
    return {"display_name": name, "datasets": datasets, "scenarios": scenarios}


def _scenario(sample: Json, tag: str, **members: Any) -> Json:  # noqa: ANN401 - members of a scenario
    times = {"created_at": SEEDED_START, "started_at": SEEDED_START, "finished_at": SEEDED_START}
    return {
        **sample,
        **times,
        "id": None,
        "tag": tag,
        "progress": 60.0,
        "error": "The solver found no plan.",
        **members,
    }


def _table(name: str, columns: list[str], rows: list[Json]) -> Json:
    metadata = {
        "id": f"dataset-{name[:4].lower()}",
        "name": name,
        "type": "master_data",
        "creation_datetime": SEEDED_START.isoformat(),
        "tables": ["items"],
    }
    table = {"data": rows, "columns": columns, "dtypes": {}, "index": list(range(len(rows)))}
    return {"metadata": metadata, "tables": {"items": table}}


def _cut_short(result: Json) -> Json:
    return {name: value[:_SHORT] if isinstance(value, list) else value for name, value in result.items()}


_SPACE = re.compile(r"[\s,:]*")


def line_of(text: bytes, location: Sequence[str | int] | None) -> int:
    """Return the line of a value, the first being 1; that of what is wrong where the text is no JSON.

    Args:
        text: The text.
        location: The keys and indices that lead to the value; as far as they do.
    """
    document = text.decode("utf-8", "replace")
    try:
        json.loads(document)
    except json.JSONDecodeError as error:
        return error.lineno
    place = 0
    for step in location or ():
        found = _within(document, place, step)
        if found is None:
            break
        place = found
    return document.count("\n", 0, _SPACE.match(document, place).end()) + 1  # type: ignore[union-attr]


def _within(document: str, place: int, step: str | int) -> int | None:
    """Return where a member or item of the value at a place begins."""
    decoder = json.JSONDecoder(strict=False)

    def skip(at: int) -> int:
        return _SPACE.match(document, at).end()  # type: ignore[union-attr]

    place = skip(place)
    is_object = document[place] == "{"
    if document[place] not in "{[" or is_object is isinstance(step, int):
        return None
    number, place = 0, skip(place + 1)
    while document[place] not in "}]":
        name: str | int = number
        if is_object:
            name, end = decoder.raw_decode(document, place)
            place = skip(end)
        if name == step:
            return place
        place = skip(decoder.raw_decode(document, place)[1])
        number += 1
    return None
