"""A Dask cluster on this machine: a scheduler, two workers. `python dask_cluster.py COMMAND…` runs a command by it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path


class Cluster:
    """The processes of a cluster; parts of it can be killed and started again.

    Args:
        folders: What its workers can import from, as on a cluster that is set up for a project.
    """

    def __init__(self, *folders: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        importable = [*map(str, folders), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._environment = os.environ | {"PYTHONPATH": os.pathsep.join(importable)}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.start()

    def start(self) -> None:
        self.scheduler = self._run("dask_scheduler", "--port", str(self.port), "--no-show")
        self.add_workers()

    def add_workers(self) -> None:
        """Start two more."""
        self.workers += [self._run("dask_worker", self.address, "--nthreads", "2", "--no-nanny") for _ in range(2)]

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
        self.workers = []

    def _run(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments, "--host", "127.0.0.1", "--no-dashboard"],
            env=self._environment,
            stderr=subprocess.DEVNULL,
        )


def main() -> None:
    """Run a command that finds the cluster by Dask's own variable; exit as it does."""
    cluster = Cluster()
    try:
        done = subprocess.run(sys.argv[1:], env=os.environ | {"DASK_SCHEDULER_ADDRESS": cluster.address}, check=False)
    finally:
        cluster.stop()
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
