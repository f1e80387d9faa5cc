"""Serve the bundled example: `python example/serve.py`, then open http://127.0.0.1:8051/docs."""

from __future__ import annotations

import argparse
from pathlib import Path

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=8051, help="the port to listen on")
    parser.add_argument("--data-path", type=Path, help="a folder to keep the state in; without one it is in memory")
    options = parser.parse_args()
    config = build_example_config(data_path=options.data_path, host=options.host, port=options.port)
    ApiLauncher.run(ApiLauncher.build(config))


if __name__ == "__main__":
    main()
