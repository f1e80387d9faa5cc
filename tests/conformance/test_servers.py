"""The servers that the kit starts, kills and starts again."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from algomancy_conformance.outcomes import KitError, Untried
from algomancy_conformance.target import servers
from algomancy_conformance.target.servers import CommandTarget, serve_command

SERVER = f"{sys.executable} -m http.server {{port}} --bind 127.0.0.1"


@pytest.fixture
def keeping() -> Iterator[CommandTarget]:
    """A target that is given a folder for its state."""
    with closing(serve_command(f"{SERVER} --directory {{data}}")) as target:
        yield target


def test_folder_outlives_a_kill_and_goes_with_the_stop(keeping: CommandTarget) -> None:
    """What a server keeps is there when it has been killed, and removed when it is no longer needed."""
    server = keeping.fresh()
    assert server.folder is not None

    server.kill()
    assert server.folder.is_dir()
    server.stop()
    assert not server.folder.exists()


def test_folder_of_a_server_that_does_not_start_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that ends before it answers leaves nothing behind."""
    monkeypatch.setattr(tempfile, "mkdtemp", lambda **_: str(tmp_path / "state"))
    (tmp_path / "state").mkdir()

    with pytest.raises(KitError, match="ended before it answered"):
        serve_command(f"{sys.executable} -c pass {{data}}")
    assert list(tmp_path.iterdir()) == []


def test_server_that_was_fresh_will_do_as_a_durable_one(keeping: CommandTarget) -> None:
    """Where every server keeps its state, the one that was looked at fresh is killed later on, once."""
    fresh = keeping.fresh()

    assert keeping.durable() is fresh
    other = keeping.durable()
    assert other is not fresh
    again = keeping.durable(fresh.folder)
    assert again.folder == fresh.folder
    again.stop()
    assert fresh.folder is not None
    assert fresh.folder.is_dir(), "a folder goes with the server it was made for"


def test_command_without_a_folder_has_no_durable_server() -> None:
    """A server that is not told where to keep its state cannot be asked for it."""
    with closing(serve_command(SERVER)) as target, pytest.raises(Untried, match=r"takes no \{data\} folder"):
        target.durable()


@pytest.mark.parametrize(("room", "chosen"), [(2**31, True), (2**20, False)], ids=["room", "no room"])
def test_state_is_in_memory_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: int, chosen: bool
) -> None:
    """A file system in memory is used if it has room, and the user has named no other place."""
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(servers, "MEMORY", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": room}))
    assert servers.in_memory() == (str(tmp_path) if chosen else None)

    monkeypatch.setattr(servers, "MEMORY", tmp_path / "there is none")
    assert servers.in_memory() is None
    monkeypatch.setattr(servers, "MEMORY", tmp_path)
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    assert servers.in_memory() is None
