"""Runs in processes of their own on this machine: each may take a core, crash and be killed, unnoticed by the rest."""

from __future__ import annotations

import os
from collections.abc import Callable

from algomancy_data import Dataset
from algomancy_scenario.running.executor import RunTicket, ThreadExecutor
from algomancy_scenario.running.job import Job, RunControl
from algomancy_scenario.running.outcome import Outcome
from algomancy_scenario.running.parcels import Packer, Parcel
from algomancy_scenario.running.worker_pool import WorkerPool


class ProcessExecutor:
    """Has a thread wait for each run, and a worker process do it.

    An algorithm that cannot travel to another process, or says `isolated = False`, runs in that thread; the log says so
    once.

    Args:
        workers: How many runs there are at the same time; the number of cores when left out.
        cancel_grace: Seconds between asking a run to stop and killing its process.
        memory_limit: Bytes that a run may take beyond what its process has at the start; no limit when left out.
        run_timeout: How many seconds a run may take; as long as it likes when left out.
    """

    kind = "processes"

    def __init__(
        self,
        workers: int | None = None,
        cancel_grace: float = 1.0,
        memory_limit: int | None = None,
        run_timeout: float | None = None,
    ) -> None:
        self.run_timeout = run_timeout
        self.workers = workers or os.cpu_count() or 1
        self._threads = ThreadExecutor(self.workers)
        self._memory_limit = memory_limit
        self._packer = Packer()
        self._pool = WorkerPool(self.workers, cancel_grace)

    def submit(self, job: Callable[[], None]) -> RunTicket:
        """Have a job run as soon as a worker is free; returns at once."""
        return self._threads.submit(job)

    def perform(self, job: Job, dataset: Dataset, control: RunControl) -> Outcome:
        """Carry a job out in a worker process and wait for its end.

        Raises:
            RunFailure: It came to nothing; the death of its process included.
            RunCancelled: It was stopped.
        """

        def send(parcel: Parcel) -> Outcome:
            return Outcome(*self._pool.perform(parcel, lambda: self._packer.source_of(dataset), control))

        return self._packer.carry_out_by(send, job, dataset, control, self._memory_limit)

    def shutdown(self) -> None:
        """Take no more jobs and end the workers that have none; never waits for a job."""
        self._threads.shutdown()
        self._pool.close()
