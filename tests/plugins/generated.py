"""DAGs that are generated from the use cases, as their files generate them."""

from __future__ import annotations

import importlib.util
from typing import Any

from causeway_airflow.configuration import case_of
from tests.structure.modules import ROOT


def features_dag(use_case: str) -> Any:
    """Return the features DAG of a use case."""
    return _file("features").build(case_of(use_case))


def model_dag(name: str, use_case: str) -> Any:
    """Return a DAG of the first model of a use case: `training`, `rollback`, `promotion`."""
    case = case_of(use_case)
    return _file(name).build(case, case.models[0])


def _file(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"{name}_dag", ROOT / "dags" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
