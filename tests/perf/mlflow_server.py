"""A real MLflow server for the benchmarks, whose database was filled before it starts.

Ten thousand runs over its API take minutes; written straight into its tables they take seconds.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stack.processes import free_port

METRIC = "validation_auc"
#: What a candidate's run has beside its parent and its job.
METRICS, PARAMETERS, TAGS = (METRIC, "train_auc", "validation_logloss"), 10, 8


def fill(folder: Path, sizes: Sequence[int], children: int) -> dict[int, str]:
    """Make an experiment `runs-<size>` a size; return the parent run in the middle of each.

    An experiment is of DAG runs with so many candidates each, the metrics of which are random.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store: Any = SqlAlchemyStore(  # type: ignore[no-untyped-call]
        _database(folder), (folder / "artifacts").as_uri()
    )
    draw, parents = random.Random(7), {}
    for size in sizes:
        experiment = int(store.create_experiment(f"runs-{size}"))
        ids = [_id(draw) for _ in range(size)]
        parent_of = [_id(draw) for _ in range(-(-size // children))]
        with store.engine.begin() as connection:
            for table, rows in _rows(experiment, ids, parent_of, children, draw).items():
                connection.execute(table.__table__.insert(), rows)
        parents[size] = parent_of[len(parent_of) // 2]
    store.engine.dispose()
    return parents


def _rows(
    experiment: int, ids: list[str], parents: list[str], children: int, draw: random.Random
) -> dict[Any, list[dict[str, Any]]]:
    """Return the rows of an experiment's candidates by MLflow's tables."""
    from mlflow.store.tracking.dbmodels import models

    runs, tags, params, metrics = [], [], [], []
    for number, run in enumerate(ids):
        about = {"run_uuid": run}
        runs.append({**about, **_run(experiment, number, run)})
        told = {"mlflow.parentRunId": parents[number // children], "causeway.job": f"job-{number}"}
        told |= {f"causeway.fact-{n}": "a" * 64 for n in range(TAGS)}
        tags += [{**about, "key": key, "value": value} for key, value in told.items()]
        params += [{**about, "key": f"p{n}", "value": str(n)} for n in range(PARAMETERS)]
        point = {**about, "timestamp": number, "step": 1, "is_nan": False}
        metrics += [{**point, "key": name, "value": draw.random()} for name in METRICS]
    return {
        models.SqlRun: runs,
        models.SqlTag: tags,
        models.SqlParam: params,
        models.SqlMetric: metrics,
        models.SqlLatestMetric: metrics,
    }


def _run(experiment: int, number: int, run: str) -> dict[str, Any]:
    return {
        "name": f"candidate {number}",
        "user_id": "bench",
        "experiment_id": experiment,
        "status": "FINISHED",
        "start_time": number,
        "end_time": number + 1,
        "lifecycle_stage": "active",
        "artifact_uri": f"mlflow-artifacts:/{experiment}/{run}/artifacts",
    }


def _id(draw: random.Random) -> str:
    return uuid.UUID(int=draw.getrandbits(128)).hex


def _database(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run a server on the folder's database; yields its URL."""
    port = free_port(17566)
    url, log = f"http://127.0.0.1:{port}", folder / "server.log"
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", _database(folder)),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    environment = os.environ | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 120
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"MLflow does not answer:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/health", timeout=2).close()
    except OSError:
        return False
    return True
