"""Help is quick, complete, and its examples are true."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result

from algomancy_api.cli import main
from algomancy_api.client import AlgomancyClient
from tests.repository import MASTER_DATA


def every_command(command: click.Command = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that lead to each command and group."""
    yield path
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from every_command(child, (*path, name))


def found(path: tuple[str, ...]) -> click.Command:
    """The command that these words lead to."""
    command: click.Command = main
    for word in path:
        if not isinstance(command, click.Group):
            raise TypeError(path)
        command = command.commands[word]
    return command


def examples_of(path: tuple[str, ...]) -> list[str]:
    """The example lines of a command, as its help ends with them."""
    return [line.strip() for line in (found(path).epilog or "").splitlines()[2:]]


PATHS = list(every_command())
each_command = pytest.mark.parametrize("path", PATHS, ids=["-".join(path) or "main" for path in PATHS])


def test_commands_are_those_promised() -> None:
    """All commands are there."""
    assert {" ".join(path) for path in PATHS} == {
        "",
        "serve",
        "sandbox",
        "sandbox export",
        "openapi",
        "copy-state",
        "sessions",
        "sessions list",
        "sessions create",
        "sessions copy",
        "sessions rename",
        "sessions delete",
        "data",
        "data list",
        "data show",
        "data upload",
        "data derive",
        "data delete",
        "data template",
        "algorithms",
        "scenarios",
        "scenarios list",
        "scenarios show",
        "scenarios export",
        "scenarios run",
        "scenarios cancel",
        "scenarios reset",
        "scenarios delete",
        "run",
        "watch",
        "compare",
    }


@each_command
def test_help_ends_with_examples(path: tuple[str, ...], command: Callable[..., Result]) -> None:
    """Every command and group says what it does, and shows an example of itself, unbroken."""
    result = command(*path, "--help")
    assert result.exit_code == 0
    text, _, examples = result.stdout.rpartition("Example")
    assert text.startswith("Usage: ")
    lines = [line.strip() for line in examples.splitlines()[1:] if line.strip()]
    assert lines == examples_of(path)
    assert lines
    assert all(line.startswith(" ".join(["algomancy-api", *path])) for line in lines)


@each_command
def test_help_explains_every_option(path: tuple[str, ...]) -> None:
    """No option is left without words, and the commands in the list are told in a line that is not cut."""
    command = found(path)
    assert [p.name for p in command.params if isinstance(p, click.Option) and not p.help] == []
    assert not command.get_short_help_str(60).endswith("...")


@each_command
def test_json_is_offered_by_all_that_talk_to_a_server(path: tuple[str, ...]) -> None:
    """`--json`, `--url`, `--token` and `--prefix` are everywhere, and `--session` where there is a choice."""
    command = found(path)
    if isinstance(command, click.Group) or path[0] in ("serve", "openapi", "copy-state") or path[-1] == "template":
        return
    options = {option for parameter in command.params for option in parameter.opts}
    expected = {"--json", "--url", "--token", "--prefix"} | (
        {"--session"} if path[0] not in ("sessions", "sandbox") else set()
    )
    assert expected <= options


def test_examples_work(drive: Callable[..., Result], client: AlgomancyClient, monkeypatch: pytest.MonkeyPatch,
                       tmp_path: Path) -> None:  # fmt: skip
    """Each example of a command that talks to a server ends with 0, typed as it is shown."""
    folder = shutil.copytree(MASTER_DATA, tmp_path / "data")
    monkeypatch.chdir(folder)
    Path("state", "main").mkdir(parents=True)
    client.run_and_wait("Slow", "Master data", tag="as it is")
    client.run_and_wait("Greedy slotting", "Master data", tag="greedy")
    endless = ("algomancy-api serve", "algomancy-api sandbox --", "algomancy-api watch")
    lines = [line for path in PATHS for line in examples_of(path) if not line.startswith(endless)]
    assert len(lines) >= len(PATHS) - len(endless)
    for line in dict.fromkeys(lines):
        if "scenarios run" in line:
            client.reset_scenario(next(s for s in client.list_scenario_summaries() if s.tag == "greedy"))
        if "scenarios cancel" in line:
            client.run_scenario(client.create_scenario("long one", "Master data", "Slow", {"duration": 60}))
        line = line.replace("--config my_project:cfg ", "")  # the bundled example's
        words = shlex.split(line.replace("http://127.0.0.1:8051", client.base_url).replace("duration=5", "duration=1"))
        result = drive(*words[1:])
        assert result.exit_code == 0, f"{line}\n{result.output}"


def test_help_is_quick() -> None:
    """Help imports nothing that is slow to import."""
    program = (
        "import sys\n"
        "from algomancy_api.cli import main\n"
        "main(['run', '--help'], standalone_mode=False)\n"
        "slow = {'fastapi', 'pydantic', 'httpx', 'rich', 'pandas', 'uvicorn', 'openpyxl', 'orjson'}\n"
        "print(sorted(slow & set(sys.modules)), file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stderr == "[]\n"


def test_version_is_that_of_the_package(command: Callable[..., Result]) -> None:
    """`--version` tells what is installed."""
    from importlib.metadata import version

    assert command("--version").stdout == f"algomancy-api, version {version('algomancy-api')}\n"


def test_module_runs_as_the_command() -> None:
    """`python -m algomancy_api.cli` is the same command."""
    result = subprocess.run(
        [sys.executable, "-m", "algomancy_api.cli", "--help"], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("Usage: algomancy-api ")
