"""The two faces of the client are one, and light to import."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from algomancy_api.client import AlgomancyClient, AsyncAlgomancyClient
from tests.algomancy_api.client.client_faces import URL

RENAMED = {"__enter__": "__aenter__", "__exit__": "__aexit__"}
METHODS = [name for name in dir(AlgomancyClient) if not name.startswith("_")] + list(RENAMED)


def test_faces_have_the_same_methods() -> None:
    """What one face offers the other does, too."""
    other = {name for name in dir(AsyncAlgomancyClient) if not name.startswith("_")} | set(RENAMED.values())
    assert {RENAMED.get(name, name) for name in METHODS} == other


def parameters(method: Any) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults of a method's parameters."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(method).parameters.values()]


@pytest.mark.parametrize("name", METHODS)
def test_faces_agree_on_each_method(name: str) -> None:
    """Parameters, result and words are the same; one is called or gone through, the other awaited."""
    blocking, awaited = getattr(AlgomancyClient, name), getattr(AsyncAlgomancyClient, RENAMED.get(name, name))
    if isinstance(blocking, property):
        assert isinstance(awaited, property)
        return
    assert parameters(blocking) == parameters(awaited)
    result, other = (str(inspect.signature(method).return_annotation) for method in (blocking, awaited))
    assert result in (other, other.replace("Async", ""))
    assert inspect.getdoc(blocking) == inspect.getdoc(awaited)
    assert inspect.iscoroutinefunction(blocking) is False
    if inspect.isgeneratorfunction(blocking):
        assert inspect.isasyncgenfunction(awaited)
    else:
        assert inspect.iscoroutinefunction(awaited) is (name != "in_session")


def test_methods_show_the_signature_of_a_method() -> None:
    """`help()` speaks of `self` and of results, not of what goes on inside."""
    assert str(inspect.signature(AlgomancyClient.get_scenario)) == "(self, scenario: 'AnyScenario') -> 'Scenario'"
    methods = [getattr(AlgomancyClient, name) for name in METHODS]
    assert not [m for m in methods if callable(m) and "Flow" in str(inspect.signature(m))]


def test_client_is_light() -> None:
    """Importing the client and talking to a server imports neither FastAPI nor pandas."""
    program = (
        "import sys\n"
        "from algomancy_api.client import AlgomancyClient, ConnectionFailed, RetryPolicy\n"
        "try:\n"
        "    AlgomancyClient('http://127.0.0.1:1', retry=RetryPolicy(attempts=1)).list_scenarios()\n"
        "except ConnectionFailed:\n"
        "    print(sorted({'fastapi', 'starlette', 'uvicorn', 'pandas', 'numpy', 'openpyxl'} & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_tables_are_what_imports_pandas(respx_mock: respx.MockRouter) -> None:
    """The client's own sources mention pandas inside functions only."""
    import ast

    import algomancy_api.client as package

    for file in Path(package.__file__).parent.glob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {"pandas", "numpy", "fastapi", "algomancy_data"}


def test_blocking_client_may_be_shared_between_threads(respx_mock: respx.MockRouter) -> None:
    """Many threads use one client at the same time."""
    respx_mock.get(url__regex=".*").respond(json={"keys": ["a"]})
    seen: list[list[str]] = []
    with AlgomancyClient(URL) as client:
        threads = [threading.Thread(target=lambda: seen.append(client.list_datasets().keys)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [["a"]] * 8


def test_async_client_lets_other_tasks_run() -> None:
    """Many scenarios are waited for at the same time, and a task that is cancelled ends at once."""

    async def main() -> int:
        answered = asyncio.Event()
        asked = 0

        async def reply(request: httpx.Request) -> httpx.Response:
            nonlocal asked
            asked += 1
            await answered.wait()
            return httpx.Response(200, json={"keys": []})

        async with AsyncAlgomancyClient(URL, transport=httpx.MockTransport(reply)) as client:
            tasks = [asyncio.create_task(client.list_datasets()) for _ in range(10)]
            while asked < 10:
                await asyncio.sleep(0)
            tasks[0].cancel()
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]
            answered.set()
            return len(await asyncio.gather(*tasks[1:]))

    assert asyncio.run(main()) == 9


def test_closed_client_says_so() -> None:
    """After the `with` block a request is a mistake of the program."""
    with AlgomancyClient(URL) as client:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        client.list_datasets()


SAMPLE = """
from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from algomancy_api.client import AlgomancyClient, AsyncAlgomancyClient, NotFound, ScenarioFailed
from algomancy_api.schemas import EtlReport, Kpi, Scenario, ScenarioStatus, ScenarioSummary, Session


def watch(status: ScenarioStatus) -> None:
    print(status.progress)


def drive() -> float:
    with AlgomancyClient("http://127.0.0.1:8051", session="main", token=None, timeout=10) as client:
        sessions: list[Session] = client.list_sessions().sessions
        other: AlgomancyClient = client.in_session(sessions[0].id)
        report: EtlReport = other.upload("key", [Path("a.csv"), "b.json"], on_progress=lambda sent, total: None)
        first = client.create_scenario("tag", report.keys[0], "Slow", {"start": datetime(2026, 1, 1)})
        client.run_scenario(first)
        try:
            done: Scenario = client.wait(first, timeout=5, on_progress=watch)
        except (ScenarioFailed, TimeoutError, NotFound):
            done = client.run_and_wait("Slow", "key", algo_params={"duration": 2})
        summaries: list[ScenarioSummary] = client.list_scenario_summaries()
        running: Scenario | None = client.get_processing()
        rows: int = len(client.dataset("key").tables["items"])
        kpi: Kpi = done.kpis["Delay"]
        return (kpi.value or 0.0) + rows + len(summaries) + (running is None)


async def drive_async() -> None:
    async with AsyncAlgomancyClient("http://127.0.0.1:8051") as client:
        scenario: Scenario = await client.run_and_wait("Slow", "key")
        keys: list[str] = (await client.list_datasets()).keys
        both = await asyncio.gather(client.get_scenario(scenario), client.get_scenario_status(scenario.id))
        print(both[0].result, both[1].progress, keys)
"""

WRONG = """
from algomancy_api.client import AlgomancyClient, AsyncAlgomancyClient

client = AlgomancyClient("http://127.0.0.1:8051")
client.wait(12)
client.create_scenario("tag", "key")
client.list_datasets().sessions
client.run_and_wait("Slow", "key", algo_parameters={})
number: int = client.get_health()


async def main(asynchronous: AsyncAlgomancyClient) -> None:
    asynchronous.list_datasets().keys
"""


def test_sample_program_passes_mypy_strict(tmp_path: Path) -> None:
    """A program that uses both faces type-checks strictly; one that misuses them fails line by line."""
    (tmp_path / "sample.py").write_text(SAMPLE, encoding="utf-8")
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = True\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "sample.py", "wrong.py"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    errors = [line for line in result.stdout.splitlines() if ": error:" in line]
    assert [(line.partition(":")[0], line.rpartition("[")[2]) for line in errors] == [
        ("wrong.py", "arg-type]"),
        ("wrong.py", "call-arg]"),
        ("wrong.py", "attr-defined]"),
        ("wrong.py", "call-arg]"),
        ("wrong.py", "assignment]"),
        ("wrong.py", "attr-defined]"),
    ], result.stdout + result.stderr
