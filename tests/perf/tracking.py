"""P8, P9: MLflow tracking on one real server, beside `mlflow.autolog` and `search_runs`.

The experiments that the best is looked for in are of DAG runs with 50 candidates each.
"""

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
from tests.perf.mlflow_server import METRIC, fill, serving

ROWS, COLUMNS, ROUNDS = 1000, 20, (100, 400)
RUNS, CHILDREN = (1_000, 10_000), 50
PARAMETERS = {"objective": "binary:logistic", "eval_metric": "auc", "nthread": 1, "max_depth": 5}

Measures = dict[str, Callable[[], float]]


def measure(repetitions: int = REPETITIONS) -> dict[str, Figure]:
    """Measure both figures on one server."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # for the peers as for us, before any import
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)
        parents = fill(folder, RUNS, CHILDREN)
        with serving(folder) as url:
            p8 = interleaved(_logging(folder, url), repetitions)
            p9 = interleaved(_finding(url, parents), repetitions)
    return {"P8": _p8(p8), "P9": _p9(p9)}


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


def _p9(found: dict[str, float]) -> Figure:
    few, many = RUNS
    ours, first, table = (found[f"{who} {many}"] for who in ("ours", "first", "table"))
    return Figure(
        ours=round(ours, 4),
        unit="s",
        goal="<= 1/100 of search_runs(order_by), the same answer",
        met=ours <= first / 100,
        peers={"search_runs, first alone": round(first, 3), "mlflow.search_runs": round(table, 3)},
        ratio=round(ours / first, 4),
        note=f"1/{first / ours:.0f} of asking for the first of the experiment alone, 1/"
        f"{table / ours:.0f} of reading it in order until the DAG run's; one of {many // CHILDREN} "
        f"DAG runs of {CHILDREN} candidates; among {few:,} runs ours {found[f'ours {few}']:.4f} s, "
        f"peers {found[f'first {few}']:.3f}, {found[f'table {few}']:.3f} s",
    )


# ----------------------------------------------------------------------------------------- P8
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


# ----------------------------------------------------------------------------------------- P9
def _finding(url: str, parents: dict[int, str]) -> Measures:
    """Return by the experiment's size what finds the best of one parent's children.

    `ours` asks for the runs that its task has logged; `table` reads the experiment in its order, as
    `mlflow.search_runs` does, and takes the parent's first; `first` only asks which run is the
    first of all, and so is no answer, but the least that ordering the experiment can cost. These
    two are asked once before they are timed: what the server did before is not their cost.
    """
    found: Measures = {}
    for size, parent in parents.items():
        searches = _searches(url, f"runs-{size}", parent)
        if searches["ours"]() != searches["table"]():
            raise AssertionError(f"different answers among {size} runs")
        for who, search in searches.items():
            warm = search if who != "table" else bool
            found[f"{who} {size}"] = lambda search=search, warm=warm: (warm(), _seconds(search))[1]
    return found


def _searches(url: str, name: str, parent: str) -> dict[str, Callable[[], object]]:
    import mlflow

    from causeway_airflow.hooks.tracking import TrackingHook
    from causeway_airflow.tasks.candidates import best

    mlflow.set_tracking_uri(url)
    order = [f"metrics.{METRIC} DESC"]
    tracking = TrackingHook(tracking_uri=url).experiment(name)
    # Known by then: the task has logged them, or has found them logged.
    runs = [run.run_id for run in tracking.candidates(parent).values()]

    def ours() -> str:
        return str(best(tracking, runs, METRIC, maximise=True).run_id)

    def table() -> str:
        runs: Any = mlflow.search_runs(experiment_names=[name], order_by=order)
        return str(runs[runs["tags.mlflow.parentRunId"] == parent].iloc[0]["run_id"])

    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None

    def first() -> object:
        return client.search_runs([experiment.experiment_id], order_by=order, max_results=1)

    return {"ours": ours, "first": first, "table": table}


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started
