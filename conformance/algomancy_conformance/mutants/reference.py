"""The reference as the kit certifies it: the bundled example, an allowed origin, and an algorithm that crashes.

The kit imports nothing of the reference: it asks for it here, when a mutant is to be made of it.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from ..outcomes import KitError
from ..target.serving import App

ORIGIN = "https://planner.example"
CRASHING = "Crashing"
NATIVE_CRASH = "Native crash"
SILENT = "Silent"


def ask_for(module: str) -> Any:  # noqa: ANN401
    """A module of the reference.

    Raises:
        KitError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise KitError(
            f"The reference is needed to make mutants of it ({error}): pip install 'algomancy-conformance[selftest]'"
        ) from None


def reference_app(data_path: str | None = None, **more: Any) -> App:  # noqa: ANN401
    """The bundled example as an ASGI application; with `data_path` it keeps its state there.

    Its runs are threads, so that they, too, are of what a mutant breaks in this process.

    Args:
        data_path: The folder.
        more: Fields of its configuration.
    """
    example = ask_for("algomancy_api.example").build_example_config
    more = {"executor": "threads", **more}
    bad = ask_for("algomancy_conformance.mutants.algorithms")
    algorithms = {**example().algorithms, CRASHING: bad.Crashing, **more.pop("algorithms", {})}
    return ask_for("algomancy_api").ApiLauncher.build(
        example(data_path, cors_origins=[ORIGIN], algorithms=algorithms, **more)
    )


def certified_app(data_path: str | None = None, executor: str = "processes") -> App:
    """The reference as it is certified: further algorithms put to the test where its runs happen.

    Args:
        data_path: The folder to keep its state in.
        executor: Where they happen; for `dask` its own variable, `DASK_SCHEDULER_ADDRESS`, says where the cluster is.
    """
    bad = ask_for("algomancy_conformance.mutants.algorithms")
    algorithms = {SILENT: bad.Silent}
    if executor != "threads":  # There a native crash is the end of the server.
        algorithms[NATIVE_CRASH] = bad.NativeCrash
    address = os.environ.get("DASK_SCHEDULER_ADDRESS")
    return reference_app(data_path, executor=executor, dask_address=address, algorithms=algorithms)


def main() -> None:
    """Serve the certified reference on a port, with its state in a folder, as ``algomancy-api serve`` does."""
    port, *rest = sys.argv[1:]
    ask_for("algomancy_api").ApiLauncher.run(certified_app(*rest), port=int(port))


if __name__ == "__main__":
    main()
