"""`python -m algomancy_api.cli`, for where scripts are not on the path."""

from __future__ import annotations

from algomancy_api.cli import main

main(prog_name="algomancy-api")
