"""P10: the whole lifecycle under the real scheduler, beside the same chain of no-op tasks.

Each repetition is a fresh stack: the lifecycle first, then no-op DAGs of exactly the shapes that
were run (mapped tasks as many as there were), in the same order, in the same Airflow. The time of
the jobs is what SageMaker's Describe calls say, overlaps counted once.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from stack.airflow_api import FINISHED, Airflow, Run
from stack.person import administrator
from tests.perf.figures import REPETITIONS, ROOT, Figure

CHAIN = (
    "platform__accounts",
    "platform__sharing",
    "credit_risk__features",
    "credit_risk__training",
    "platform__governance_sync",
    "credit_risk__promotion",
)
SETTING_UP = ("local AWS, MLflow and Airflow start", "Airflow reads the DAGs")


def measure(repetitions: int = REPETITIONS) -> Figure:
    """Measure fresh lifecycles and their floors."""
    ours, floors, jobs, demos = [], [], [], []
    for _ in range(repetitions):
        lifecycle, floor, job, demo = _once()
        ours.append(lifecycle)
        floors.append(floor)
        jobs.append(job)
        demos.append(demo)
    bound = statistics.median(f + j for f, j in zip(floors, jobs, strict=True))
    seconds = statistics.median(ours)
    return Figure(
        ours=round(seconds, 1),
        unit="s wall",
        goal="<= 1.3 x (the same chain of no-op tasks + the jobs); demo <= 300 s with set-up",
        met=seconds <= 1.3 * bound,
        peers={
            "no-op chain": round(statistics.median(floors), 1),
            "jobs": round(statistics.median(jobs), 1),
        },
        ratio=round(seconds / bound, 3),
        note=f"demo command in all {statistics.median(demos):.0f} s, environments ready",
    )


def _once() -> tuple[float, float, float, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dags = folder / "dags"
        shutil.copytree(ROOT / "dags", dags)
        environment = os.environ | {
            "CAUSEWAY_STATE": str(folder / "state"),
            "CAUSEWAY_DAGS": str(dags),
            "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}:{ROOT}",
        }
        try:
            started = time.monotonic()
            _stack(environment, "up")
            _stack(environment, "demo")
            whole = time.monotonic() - started
            local = json.loads((folder / "state" / "local.json").read_text())
            demo = json.loads((folder / "state" / "demo.json").read_text())
            airflow = sign_in(local)
            _write_noops(airflow, dags)
            lifecycle = sum(s["seconds"] for s in demo["steps"] if s["name"] not in SETTING_UP)
            return lifecycle, _floor(airflow), _job_seconds(local), whole
        finally:
            _stack(environment, "down")


def _stack(environment: dict[str, str], command: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "stack", command],
        env=environment,
        cwd=ROOT,
        check=True,
        timeout=900,
        stdout=subprocess.DEVNULL,
    )


def sign_in(local: dict[str, Any]) -> Airflow:
    """Return the REST API as the administrator."""
    password = local["airflow"]["users"]["platform-admin"]["password"]
    return Airflow(local["airflow"]["url"], "platform-admin", password)


def _write_noops(airflow: Airflow, dags: Path) -> None:
    shapes = {dag_id: _shape(airflow, dag_id) for dag_id in CHAIN}
    (dags / "shapes.json").write_text(json.dumps(shapes))
    shutil.copy(Path(__file__).with_name("noop_dags.py"), dags / "noop_dags.py")
    airflow.wait_until_parsed({f"noop__{dag_id}" for dag_id in CHAIN}, 120)


def _shape(airflow: Airflow, dag_id: str) -> dict[str, list[str]]:
    """Return the edges of a DAG as it ran, each mapped task as many times as it was mapped."""
    run = airflow.runs(dag_id)[-1]
    copies: dict[str, list[str]] = {}
    for task in airflow.tasks(run):
        index = task["map_index"]
        name = task["task_id"] if index < 0 else f"{task['task_id']}_{index}"
        copies.setdefault(task["task_id"], []).append(name)
    edges: dict[str, list[str]] = {}
    for task in airflow.task_definitions(dag_id):
        below = [name for other in task["downstream_task_ids"] for name in copies.get(other, [])]
        edges |= dict.fromkeys(copies.get(task["task_id"], []), below)
    return edges


def _floor(airflow: Airflow) -> float:
    started = time.monotonic()
    for dag_id in CHAIN:
        run: Run | None = airflow.trigger(f"noop__{dag_id}")
        while run and run.state not in FINISHED:
            time.sleep(0.2)
            run = airflow.run(run.dag_id, run.run_id)
    return time.monotonic() - started


def _job_seconds(local: dict[str, Any]) -> float:
    """Return for how long at least one job was at work."""
    total, covered = 0.0, None
    for start, end in sorted(job_spans(local)):
        begin = start if covered is None or start > covered else covered
        total += max(0.0, (end - begin).total_seconds())
        covered = end if covered is None else max(covered, end)
    return total


def job_spans(local: dict[str, Any]) -> list[tuple[datetime, datetime]]:
    """Return from when to when each job was at work, as SageMaker's Describe calls say."""
    spans: list[tuple[datetime, datetime]] = []
    for account in ("data", "data_science"):
        client = administrator(local, account, "sagemaker")
        for job in client.list_processing_jobs(MaxResults=100)["ProcessingJobSummaries"]:
            spans.append((job["CreationTime"], job["ProcessingEndTime"]))
        for job in client.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]:
            spans.append((job["CreationTime"], job["TrainingEndTime"]))
    return spans
