"""P8: MLflow tracking on a real server, beside `mlflow.autolog`."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.perf.figures import REPETITIONS, ROOT, Figure, interleaved
from tests.perf.mlflow_server import METRIC, serving

ROWS, COLUMNS, ROUNDS = 1000, 20, (100, 400)
PARAMETERS = {"objective": "binary:logistic", "eval_metric": "auc", "nthread": 1, "max_depth": 5}

Measures = dict[str, Callable[[], float]]


def measure(repetitions: int = REPETITIONS) -> dict[str, Figure]:
    """Measure on one server."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # for the peers as for us, before any import
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)
        with serving(folder) as url:
            p8 = interleaved(_logging(folder, url), repetitions)
    return {"P8": _p8(p8)}


def _p8(found: dict[str, float]) -> Figure:
    few, many = ROUNDS
    beyond = {rounds: found[f"autolog {rounds}"] - found[f"training {rounds}"] for rounds in ROUNDS}
    ratio = found[f"ours {few}"] / beyond[few]
    return Figure(
        ours=round(found[f"ours {few}"], 3),
        unit="s a candidate",
        goal="<= 1/30 of mlflow.autolog",
        met=ratio <= 1 / 30,
        peers={"mlflow.autolog": round(beyond[few], 3)},
        ratio=round(ratio, 4),
        note=f"1/{1 / ratio:.0f}; {ROWS:,} x {COLUMNS} table, {few} rounds of xgboost; beyond the "
        f"training ({found[f'training {few}']:.2f} s); {many} rounds: ours "
        f"{found[f'ours {many}']:.3f} s, peer {beyond[many]:.3f} s; ours without plots, which the "
        "best's evaluation draws",
    )


def _logging(folder: Path, url: str) -> Measures:
    """Return by the number of rounds what only trains, trains with `autolog`, and logs as we do."""
    import mlflow
    import numpy as np

    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("autolog")
    values = np.random.default_rng(7).normal(size=(ROWS, COLUMNS))
    labels = (values[:, 0] + values[:, 1] * values[:, 2] > 0).astype(float)
    found: Measures = {}
    for rounds in ROUNDS:
        found |= _of_rounds(folder, url, values, labels, rounds)
    for warm in found.values():
        warm()
    return found


def _of_rounds(folder: Path, url: str, values: Any, labels: Any, rounds: int) -> Measures:
    import mlflow
    import xgboost

    part = xgboost.DMatrix(values, label=labels)

    def train(history: dict[str, Any]) -> Any:
        return xgboost.train(
            PARAMETERS, part, rounds, evals=[(part, "train")], evals_result=history, verbose_eval=0
        )

    def autolog() -> float:
        mlflow.autolog(silent=True)
        try:
            return _seconds(lambda: train({}))
        finally:
            mlflow.autolog(disable=True, silent=True)

    history: dict[str, Any] = {}
    booster = train(history)
    log = _candidate_logger(
        folder / str(rounds), url, booster, values[:5].tolist(), history["train"]["auc"]
    )
    return {
        f"training {rounds}": lambda: _seconds(lambda: train({})),
        f"autolog {rounds}": autolog,
        f"ours {rounds}": lambda: _seconds(log),
    }


def _candidate_logger(
    folder: Path, url: str, booster: Any, example: list[list[float]], history: list[float]
) -> Callable[[], object]:
    """Return what logs a candidate: writing the model's folder, as its job does, and the run."""
    from causeway_airflow.hooks.experiments import TrackedCandidate, TrackedDataset
    from causeway_airflow.hooks.tracking import TrackingHook

    sys.path.append(str(ROOT / "include" / "jobs" / "shared"))  # as in the job's container
    import mlflow_model  # type: ignore[import-not-found]

    tracking = TrackingHook(tracking_uri=url).experiment("ours")
    parent = tracking.parent(folder.name, folder.name, {})
    names = [f"f{number}" for number in range(COLUMNS)]
    encoder = SimpleNamespace(features=[SimpleNamespace(name=n, type="Fractional") for n in names])
    dataset = TrackedDataset("bench", "a" * 64, "s3://bench/dataset.parquet", ROWS)
    jobs = itertools.count()

    def log() -> object:
        job = f"candidate-{next(jobs)}"
        candidate = TrackedCandidate(
            name=job,
            job=job,
            parameters={name: str(value) for name, value in PARAMETERS.items()},
            metrics={METRIC: history[-1]},
            history={METRIC: history},
            tags={"causeway.model": "bench", "causeway.dataset-sha256": "a" * 64},
        )
        model = folder / job
        model.mkdir(parents=True)
        booster.save_model(model / "xgboost-model.json")
        mlflow_model.write(
            model, "xgboost-model.json", encoder, {"columns": names, "data": example}
        )
        return tracking.log_candidate(parent, candidate, dataset, model)

    return log


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started
