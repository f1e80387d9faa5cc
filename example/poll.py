"""Run a scenario and watch its progress: `python example/poll.py`, against a server such as that of `serve.py`."""

from __future__ import annotations

import argparse
import time
import uuid

import httpx

from algomancy_api.client import AlgomancyClient


def poll(url: str, duration: int) -> None:
    """Create, run, ask until it has ended, read the result: the whole pattern in plain HTTP."""
    base = f"{url}/api/v1"
    session = httpx.get(f"{base}/sessions").json()["default"]

    scenario = httpx.post(
        f"{base}/sessions/{session}/scenarios",
        json={
            "tag": f"my-run {uuid.uuid4()}",
            "dataset_key": "Master data",
            "algo_name": "Slow",
            "algo_params": {"duration": duration},
        },
    ).json()

    httpx.post(f"{base}/sessions/{session}/scenarios/{scenario['id']}/run")

    while True:
        status = httpx.get(f"{base}/sessions/{session}/scenarios/{scenario['id']}/status").json()
        print(f"{status['status']:>10} {status['progress']:5.1f} %")
        if status["status"] in ("complete", "failed"):
            break
        time.sleep(0.5)

    finished = httpx.get(f"{base}/sessions/{session}/scenarios/{scenario['id']}").json()
    print({name: kpi["value"] for name, kpi in finished["kpis"].items()})


def poll_with_client(url: str, duration: int) -> None:
    """The same in three lines; the client also asks again when the server is away for a moment."""
    with AlgomancyClient(url) as client:
        finished = client.run_and_wait("Slow", "Master data", algo_params={"duration": duration})
        print({name: kpi.value for name, kpi in finished.kpis.items()})


def main() -> None:
    """Watch one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8051", help="where the server is")
    parser.add_argument("--duration", type=int, default=5, help="how many seconds the run takes, 1 to 60")
    parser.add_argument("--client", action="store_true", help="use the client of this package")
    options = parser.parse_args()
    (poll_with_client if options.client else poll)(options.url, options.duration)


if __name__ == "__main__":
    main()
