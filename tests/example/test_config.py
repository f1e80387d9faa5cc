"""`build_example_config`: no argument needed, nothing written, nothing heavy imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from algomancy_api import ApiConfiguration
from algomancy_api.example import build_example_config


def test_example_needs_no_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments the state is in memory and the working directory stays empty."""
    monkeypatch.chdir(tmp_path)
    config = build_example_config()
    assert isinstance(config, ApiConfiguration)
    assert not config.has_persistent_state
    assert list(tmp_path.iterdir()) == []


def test_example_keeps_state_in_folder(tmp_path: Path) -> None:
    """With a folder, which is made when missing, the state is persistent."""
    config = build_example_config(tmp_path / "new" / "folder")
    assert config.has_persistent_state
    assert Path(config.data_path) == tmp_path / "new" / "folder"
    assert Path(config.data_path).is_dir()


def test_example_takes_overrides() -> None:
    """Any other field can be given."""
    config = build_example_config(port=0, title="Mine", autorun=True)
    assert (config.port, config.title, config.autorun) == (0, "Mine", True)
    with pytest.raises(ValueError, match="autorun"):
        build_example_config(autorun=None)


def test_example_import_is_light() -> None:
    """Importing the example and building its configuration loads neither pandas nor numpy."""
    code = (
        "import sys; from algomancy_api.example import build_example_config; build_example_config(); "
        "print(sorted({'pandas', 'numpy', 'openpyxl'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
