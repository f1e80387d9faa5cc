"""Upload csv, json and xlsx, derive a variant, and compare two algorithms on it: `python example/etl_upload.py`."""

from __future__ import annotations

import argparse
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

import algomancy_api.example

FILES = Path(algomancy_api.example.__file__).parent / "data" / "Master data"


def upload(http: httpx.Client, session: str, key: str) -> None:
    """Send the sample files through ETL and store what comes of them under `key`."""
    files = [("files", (file.name, file.read_bytes())) for file in sorted(FILES.iterdir())]
    reply = http.post(f"/sessions/{session}/etl", data={"dataset_name": key}, files=files).raise_for_status().json()
    if not reply["success"]:
        raise SystemExit("\n".join(message["message"] for message in reply.get("messages", [])))
    print(f"Uploaded {', '.join(name for _, (name, _) in files)} as '{key}'.")


def run(http: httpx.Client, session: str, key: str, algorithm: str) -> dict[str, Any]:
    """Run an algorithm on a dataset and return the finished scenario."""
    body = {"tag": f"{algorithm} on {key}", "dataset_key": key, "algo_name": algorithm}
    created = http.post(f"/sessions/{session}/scenarios", json=body).raise_for_status().json()
    scenario = f"/sessions/{session}/scenarios/{created['id']}"
    http.post(f"{scenario}/run").raise_for_status()
    while http.get(f"{scenario}/status").raise_for_status().json()["status"] not in ("complete", "failed"):
        time.sleep(0.05)
    finished: dict[str, Any] = http.get(scenario).raise_for_status().json()
    if finished["status"] == "failed":
        raise SystemExit(f"{algorithm} failed: {finished['result']['error']}")
    return finished


def print_table(scenarios: dict[str, dict[str, Any]]) -> None:
    """Print one line per KPI and one column per algorithm."""
    print(f"\n{'':20}" + "".join(f"{algorithm:>18}" for algorithm in scenarios))
    for name in next(iter(scenarios.values()))["kpis"]:
        kpis = [scenario["kpis"][name] for scenario in scenarios.values()]
        print(f"{name:20}" + "".join(f"{kpi['value']:>14.1f} {kpi['unit']:<3}" for kpi in kpis))


def main() -> None:
    """Do it all in a session of its own, which is deleted at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8051", help="where the server is")
    options = parser.parse_args()
    with httpx.Client(base_url=f"{options.url}/api/v1", timeout=30) as http:
        name = f"upload {uuid.uuid4()}"
        sessions = http.post("/sessions", json={"display_name": name}).raise_for_status().json()["sessions"]
        session = next(entry["id"] for entry in sessions if entry["display_name"] == name)
        try:
            upload(http, session, "Spring")
            reply = http.post(f"/sessions/{session}/data/Spring/derive", json={"new_key": "Spring, variant"})
            print(f"Derived a variant; the session holds {reply.raise_for_status().json()['keys']}.")
            algorithms = ("Random slotting", "Greedy slotting")
            print_table({algorithm: run(http, session, "Spring, variant", algorithm) for algorithm in algorithms})
        finally:
            http.delete(f"/sessions/{session}")


if __name__ == "__main__":
    main()
