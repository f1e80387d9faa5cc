"""``python -m algomancy_conformance`` is the command ``algomancy-conformance``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
