"""The command line: exit codes and messages."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import CliRunner

from algomancy_conformance.cli import main
from algomancy_conformance.document import operation_ids, operations
from algomancy_conformance.options import Options, flag_of, settings
from algomancy_conformance.running.plugin import PYTEST_FLAGS
from algomancy_conformance.target.servers import is_loopback
from tests.repository import ROOT


class Quiet(SimpleHTTPRequestHandler):
    """Python's file server, without its log."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def file_server(tmp_path: Path) -> Iterator[str]:
    """What `python -m http.server` serves: no backend at all."""
    server = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.output


def test_document_is_the_one_that_targets_are_judged_by() -> None:
    """It has every operation, below the prefix that is asked for, and `progress` binds nobody but the reference."""
    code, output = run("document", "--prefix", "/v2")
    document = json.loads(output)

    assert code == 0
    assert {op["operationId"] for _, _, op in operations(document)} == set(operation_ids())
    assert "/v2/sessions" in document["paths"]
    assert "progress" not in document["components"]["schemas"]["Scenario"]["required"]


def test_closed_port_cannot_be_tested() -> None:
    """Where nobody listens the command ends with 2."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        code, output = run("run", f"http://127.0.0.1:{listener.getsockname()[1]}")

    assert code == 2
    assert "Could not test" in output


def test_file_server_is_not_conformant(file_server: str) -> None:
    """Any other web server is not conformant: 1, without the kit breaking."""
    code, output = run("run", file_server, "--seed", "1", "--examples", "1")

    assert code == 1, output
    assert "NOT CONFORMANT" in output
    assert "ERROR" not in output.replace("ERROR  untested", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["http://192.0.2.1:80"], "--allow-remote"),
        (["http://127.0.0.1:1/api"], "--prefix"),
        (["http://127.0.0.1:1?x=1"], "--prefix"),
        (["127.0.0.1:1"], "http://HOST:PORT"),
        (["http://127.0.0.1:one"], "http://HOST:PORT"),
        (["http://127.0.0.1:99999"], "http://HOST:PORT"),
        (["http://[::1"], "http://HOST:PORT"),
        (["http://me:secret@127.0.0.1:1"], "--token"),
        ([], "one target"),
        (["http://127.0.0.1:1", "--app", "a:b"], "one target"),
        (["http://127.0.0.1:1", "--only", "SES-99"], "no such clause"),
        (["http://127.0.0.1:1", "--profile", "mine"], "profile"),
        (["--app", "no_such_module:app"], "no_such_module"),
        (["--serve", "no-such-program {port}"], "could not be started"),
        (["--serve", "'no end"], "No closing quotation"),
        (["http://127.0.0.1:1", "--report", "/dev/null/report"], "cannot be made"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else "",
)
def test_bad_option_is_2(arguments: list[str], message: str) -> None:
    """An option that cannot be followed ends the command with 2, and the message says how to mend it."""
    code, output = run("run", *arguments)

    assert code == 2
    assert message in output
    assert "Traceback" not in output
    assert "secret" not in output


def test_fault_of_the_kit_is_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception nobody foresaw says nothing of the target: 2, never 1."""

    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr("algomancy_conformance.target.servers.find_target", break_down)
    code, output = run("run", "http://127.0.0.1:1")

    assert code == 2
    assert "a wheel came off" in output


def test_baseline_without_a_reason_is_2(tmp_path: Path) -> None:
    """A baseline with an entry that has no reason is refused before anything is tested."""
    path = tmp_path / "baseline.toml"
    path.write_text('[[known]]\nclause = "SES-1"\n', encoding="utf-8")
    code, output = run("run", "http://127.0.0.1:1", "--baseline", str(path))

    assert code == 2
    assert "no reason" in output


def test_clauses_are_printed_as_a_table() -> None:
    """The table has a row for each clause, with the level asked for."""
    code, output = run("clauses", "--profile", "seed")

    assert code == 0
    assert len(output.splitlines()) == 2 + 92
    assert "| DUR-1 | SHOULD |" in output


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("no-such-host.invalid", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, loopback: bool) -> None:
    """Only loopback addresses are this machine's."""
    assert is_loopback(host) is loopback


def test_both_entry_points_have_every_setting() -> None:
    """`run` and `pytest conformance` have an option for each setting of a run, made from the one declaration."""
    command = [sys.executable, "-m", "pytest", "conformance", "--help"]
    help_text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=True).stdout
    offered = set(re.findall(r"--[\w-]+", help_text))
    given = {name for parameter in main.commands["run"].params for name in parameter.opts}
    flags = {PYTEST_FLAGS.get(name, flag_of(name, setting)) for name, (setting, _) in settings().items()}

    assert len(flags) == len(fields(Options))
    assert flags <= offered
    assert {flag_of(name, setting) for name, (setting, _) in settings().items()} <= given


def test_suite_runs_as_plain_pytest() -> None:
    """`pytest conformance` checks an application and says what the outcomes mean for the clauses."""
    application = "algomancy_conformance.mutants.reference:reference_app"
    command = [sys.executable, "-m", "pytest", "conformance", "--app", application, "--only", "SES-1", "-p", "no:xdist"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)

    assert done.returncode == 0, done.stdout
    assert "CONFORMANT in SES-1" in done.stdout
