"""The evaluation of the best candidate, logged to its MLflow run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.tracking import TrackingHook
from causeway_airflow.tasks.acting import Hooks


def log_evaluation(hook: Hooks, use_case: str, run_id: str, evaluation: str) -> None:
    """Fetch what the document in an evaluation's folder names, and log it."""
    files, source = hook(ArtifactsHook), evaluation.rstrip("/")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files.download(f"{source}/evaluation.json", folder / "evaluation.json")
        document = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
        for plot in document.get("plots", ()):
            files.download(f"{source}/plots/{Path(plot).name}", folder / Path(plot).name)
        experiment = hook(TrackingHook).experiment(use_case)
        experiment.log_evaluation(run_id, document["metrics"], folder)
