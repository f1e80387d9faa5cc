"""Run a scenario and watch its progress: `python example/poll.py`, against a server such as that of `serve.py`."""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from typing import Any

import httpx

from algomancy_api.client import AlgomancyClient


def poll(url: str, duration: int) -> None:
    """Create, run, ask until it has ended, read the result: the whole pattern in plain HTTP."""
    with httpx.Client(base_url=f"{url}/api/v1") as http:
        home = f"/sessions/{ask(http, '/sessions')['default']}/scenarios"
        body = {
            "tag": f"my-run {datetime.now():%Y-%m-%d %H:%M:%S.%f}",  # a tag is taken once
            "dataset_key": "Master data",
            "algo_name": "Slow",
            "algo_params": {"duration": duration},
        }
        scenario = http.post(home, json=body).raise_for_status().json()
        http.post(f"{home}/{scenario['id']}/run").raise_for_status()

        while True:
            status = ask(http, f"{home}/{scenario['id']}/status")
            print(f"{status['status']:>10} {status['progress']:5.1f} %")
            if status["status"] in ("complete", "failed"):
                break
            time.sleep(0.5)

        finished = ask(http, f"{home}/{scenario['id']}")
        if status["status"] == "failed":
            raise SystemExit(f"It failed: {finished['result']['error']}")
        print({name: kpi["value"] for name, kpi in finished["kpis"].items()})


def ask(http: httpx.Client, path: str, patience: float = 60) -> Any:  # noqa: ANN401 - any JSON value
    """The reply to a GET, asked again while the server is away: it may be restarted.

    Args:
        http: A client of the server.
        path: What to ask for.
        patience: For how many seconds to ask.
    """
    end = time.monotonic() + patience
    while True:
        try:
            answer = http.get(path)
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
        else:
            if answer.status_code not in (429, 502, 503, 504) or time.monotonic() > end:
                return answer.raise_for_status().json()
        time.sleep(0.5)


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
