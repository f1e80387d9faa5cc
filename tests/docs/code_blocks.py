"""The code blocks of a page, and a reader who types them in, one after the other."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.repository import ROOT

_FENCE = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]*)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)
_FILE_NAME = re.compile(r"[\w/-]+\.\w+")
_PATIENCE = 120.0
PORT = "8051"


@dataclass(frozen=True)
class Block:
    """One code block of a page."""

    language: str
    title: str
    text: str

    @property
    def is_file(self) -> bool:
        """Whether its title is the name of the file it belongs into."""
        return bool(_FILE_NAME.fullmatch(self.title))

    @property
    def starts_a_server(self) -> bool:
        """Whether it runs until it is stopped."""
        return self.language == "sh" and self.title.startswith("first terminal")

    @property
    def fails(self) -> bool:
        """Whether it is there to show a failure."""
        return self.title.endswith("this fails")


def blocks_of(page: str) -> list[Block]:
    """The blocks of a hand-written page in order; drawings and other plain text are none."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * (len(_FENCE.findall(text)) + text.count("\n``` {")), "a fence was not understood"
    return [Block(match["language"], match["title"] or "", match["text"]) for match in _FENCE.finditer(text)]


class Reader:
    """Someone with an empty folder who follows a page.

    Args:
        folder: An empty folder to work in. What stands for the project's folder is put into it, as `algomancy-api`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = str(free_port())
        self.left_out: list[str] = []
        self.printed: list[str] = []
        self._server: subprocess.Popen[bytes] | None = None
        self.project = folder / "algomancy-api"
        self.project.mkdir(parents=True)
        (self.project / ".venv").symlink_to(sys.prefix)
        (self.project / "src").symlink_to(ROOT / "src")
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ALGOMANCY_URL": f"http://127.0.0.1:{self.port}",
            "COLUMNS": "100",
            "NPM_CONFIG_OFFLINE": "true",
            "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        }

    @classmethod
    @contextmanager
    def at_work(cls, folder: Path) -> Iterator[Reader]:
        """A reader who stops at the end what the page told them to start."""
        reader = cls(folder)
        try:
            yield reader
        finally:
            reader.stop_server()

    def follow(self, block: Block) -> None:
        """Do what a reader does with a block: write the file, type the command, run the program, compare the output."""
        text = block.text.replace(PORT, self.port)
        if block.is_file:
            path = self.folder / block.title
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if block.language == "json":
            json.loads(text)
        elif block.language == "text":
            missing = [line for line in text.splitlines() if line not in self.printed[-1]]
            assert missing == [], f"{missing} is not in:\n{self.printed[-1]}"
        elif block.starts_a_server:
            self._start_server(text)
        elif block.language == "sh":
            self._type(text, block.fails)
        elif block.language == "python" and not block.is_file:
            self._run([sys.executable, "-c", text])
        elif block.language == "python" and block.title == "service.py":
            self._run([sys.executable, "-c", "import service; service.app.openapi()"])
        elif block.language == "js":
            if shutil.which("node"):
                self._run(["node", block.title])
            else:
                self.left_out.append(f"{block.title}: Node is not installed")
        elif block.language not in ("python", "csv", "html"):
            raise AssertionError(f"No one knows what to do with a block in {block.language!r}.")

    def stop_server(self) -> None:
        """End the server that the page started."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            self._server = None

    def _type(self, text: str, fails: bool) -> None:
        """Run a shell block, and stay in the folder and the environment it ends in."""
        if text.startswith("npx "):
            tools = ROOT / "tests" / "typescript" / "node_modules"
            if not shutil.which("npx"):
                self.left_out.append(f"{text.split()[1]}: npx is not installed")
                return
            if not (tools / text.split()[1]).exists():
                self.left_out.append(f"{text.split()[1]} is not installed: see make typescript")
                return
            if not (self.folder / "node_modules").exists():
                (self.folder / "node_modules").symlink_to(tools)
        end = "printf '\\0%s\\0' \"$PWD\"; env -0"
        command = ["bash", "-c", f"set -e\n{text}\n{end}"]
        result = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, timeout=_PATIENCE, check=False
        )
        said, _, state = result.stdout.decode().partition("\0")
        self.printed.append(said + result.stderr.decode())
        assert (result.returncode != 0) == fails, f"{text}\n{self.printed[-1]}"
        if not fails:
            where, *variables = state.rstrip("\0").split("\0")
            self.folder = Path(where)
            self.environment = dict(variable.split("=", 1) for variable in variables)

    def _run(self, command: list[str]) -> None:
        result = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        self.printed.append(result.stdout)
        assert result.returncode == 0, f"{command[-1]}\n{result.stdout}{result.stderr}"

    def _start_server(self, text: str) -> None:
        """Start what a block serves with, and wait until it answers."""
        self.stop_server()
        command = text
        if text.startswith("make "):  # what make would run, once it has set up
            dry = ["make", "--dry-run", *text.split()[1:], f"ARGS=--port {self.port}"]
            lines = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE, check=True).stdout
            command = next(line for line in lines.splitlines() if "algomancy-api serve" in line)
        self._server = subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            assert self._server.poll() is None, f"{command} ended at once"
            assert time.monotonic() < deadline, f"{command} does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health").is_success
        except httpx.TransportError:
            return False


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
