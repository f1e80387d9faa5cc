"""What worlds begin with: the fixtures that come with the sandbox, and the team's own."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algomancy_api.errors import ConflictError, InvalidRequestError, NotFoundError
from algomancy_api.http.bodies import parse_model
from algomancy_api.http.names import listed, shown
from algomancy_api.sandbox.backend import SteerableBackend
from algomancy_api.sandbox.clock import WorldClock
from algomancy_api.sandbox.fixture import Fixture
from algomancy_api.sandbox.json_lines import line_of
from algomancy_api.sandbox.run_script import RunScript
from algomancy_api.sandbox.runs import WorldRuns
from algomancy_api.sandbox.world import SEEDED_START, State

if TYPE_CHECKING:
    from algomancy_api.api_configuration import ApiConfiguration

Json = dict[str, Any]

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
