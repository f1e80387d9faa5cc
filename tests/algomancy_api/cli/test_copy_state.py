"""`copy-state` moves a state between folder and database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config


def test_state_is_copied_and_counted(command: Callable[..., Result], tmp_path: Path) -> None:
    """From folder to database, told in a line; once more is refused, as is what is not there."""
    folder, url = tmp_path / "state", f"sqlite:///{tmp_path / 'state.db'}"
    ApiLauncher.build(build_example_config(folder)).state.session_manager.close()
    copied = command("copy-state", str(folder), url)
    assert (copied.exit_code, copied.stdout) == (0, "Copied 1 session, 1 dataset, 0 scenarios.\n")
    again = command("copy-state", str(folder), url)
    assert (again.exit_code, again.stderr) == (
        2,
        "Error: The target is not empty: a state is copied to where there is none.\n",
    )
    missing = command("copy-state", str(tmp_path / "no"), url)
    assert (missing.exit_code, missing.stderr) == (2, "Error: There is no folder 'no'.\n")
    back = command("copy-state", url, str(tmp_path / "back"), "--config", "algomancy_api.example:build_example_config")
    assert back.exit_code == 0
    assert list((tmp_path / "back").glob("*/Master data.json"))
