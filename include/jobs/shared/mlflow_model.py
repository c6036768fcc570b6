"""The files that make a model directory an MLflow model, written without MLflow.

`MLmodel` names signature, input example and requirements, and a loader that takes raw rows
(`inference.py`); JSON is YAML, so no further package is needed. Nothing in it depends on when or
where it was written: the same training gives the same bytes.
(MLflow documentation, "MLflow Models", "Storage Format".)
"""

from __future__ import annotations

import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from encoding import Encoder  # type: ignore[import-not-found]

EXAMPLE_FILE = "input_example.json"
#: What serving needs; xgboost comes as the one or the other distribution.
PACKAGES = ("numpy", "pandas", "xgboost", "xgboost-cpu")
TYPES = {"Integral": "long", "Fractional": "double"}


def write(model_dir: Path, model_file: str, encoder: Encoder, example: dict[str, Any]) -> None:
    """Write `MLmodel`, requirements, environment and input example beside the model.

    `example` has raw rows of the training part: `{"columns": […], "data": [[…], …]}`.
    """
    requirements = _requirements()
    inputs = [
        {"type": TYPES[feature.type], "name": feature.name, "required": True}
        for feature in encoder.features
    ]
    outputs = [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1]}}]
    document = {
        "flavors": {
            "python_function": {
                "loader_module": "inference",
                "code": "code",
                "env": {"virtualenv": "python_env.yaml"},
                "python_version": platform.python_version(),
            },
            "xgboost": {
                "data": model_file,
                "model_class": "xgboost.core.Booster",
                "model_format": "json",
                "xgb_version": requirements.get("xgboost") or requirements.get("xgboost-cpu"),
                "code": "code",
            },
        },
        "saved_input_example_info": {
            "artifact_path": EXAMPLE_FILE,
            "pandas_orient": "split",
            "type": "dataframe",
        },
        "signature": {
            "inputs": json.dumps(inputs),
            "outputs": json.dumps(outputs),
            "params": None,
        },
    }
    environment = {"python": platform.python_version(), "dependencies": ["-r requirements.txt"]}
    for name, content in {
        "MLmodel": document,
        "python_env.yaml": environment,
        EXAMPLE_FILE: example,
    }.items():
        (model_dir / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    lines = [f"{name}=={version}" for name, version in requirements.items()]
    (model_dir / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _requirements() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
