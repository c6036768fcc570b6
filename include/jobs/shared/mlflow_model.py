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

from encoding import Encoder, Feature  # type: ignore[import-not-found]
from estimators import TREES_FILE  # type: ignore[import-not-found]
from labels import MULTI_CLASS  # type: ignore[import-not-found]

EXAMPLE_FILE = "input_example.json"
#: What serving needs; xgboost comes as the one or the other distribution.
PACKAGES = ("numpy", "pandas")
TREES_PACKAGES = ("xgboost", "xgboost-cpu")
TYPES = {"Integral": "long", "Fractional": "double", "String": "string"}


def write(model_dir: Path, model_file: str, encoder: Encoder, example: dict[str, Any]) -> None:
    """Write `MLmodel`, requirements, environment and input example beside the model.

    `example` has raw rows of the training part: `{"columns": […], "data": [[…], …]}`.
    """
    trees = model_file == TREES_FILE
    requirements = _requirements((*PACKAGES, *TREES_PACKAGES) if trees else PACKAGES)
    inputs = [
        {"type": _type_of(feature), "name": feature.name, "required": not feature.nullable}
        for feature in encoder.features
    ]
    several = encoder.label.problem == MULTI_CLASS
    shape = [-1, len(encoder.label.classes)] if several else [-1]
    spec = {"dtype": "float32" if trees else "float64", "shape": shape}
    outputs = [{"type": "tensor", "tensor-spec": spec}]
    booster = {
        "xgboost": {
            "data": model_file,
            "model_class": "xgboost.core.Booster",
            "model_format": "json",
            "xgb_version": requirements.get("xgboost") or requirements.get("xgboost-cpu"),
            "code": "code",
        }
    }
    document = {
        "flavors": {
            "python_function": {
                "loader_module": "inference",
                "code": "code",
                "env": {"virtualenv": "python_env.yaml"},
                "python_version": platform.python_version(),
            },
            **(booster if trees else {}),
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


def _type_of(feature: Feature) -> str:
    """Return MLflow's type; pandas has a whole number that may be missing as a fraction."""
    if feature.type == "Integral" and feature.nullable:
        return TYPES["Fractional"]
    return TYPES[feature.type]


def _requirements(packages: tuple[str, ...]) -> dict[str, str]:
    versions = {}
    for name in packages:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
