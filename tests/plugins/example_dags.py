"""The whole DAG files that the documentation shows, loaded as Airflow loads them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def example_dags(page: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the tasks of each DAG that a page shows, by DAG id and task id."""
    from airflow.dag_processing.dagbag import DagBag

    dags: dict[str, dict[str, Any]] = {}
    for block in re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL):
        if "with DAG(" in block:
            (folder / f"example_{len(dags)}.py").write_text(block)
            bag = DagBag(folder)
            assert bag.import_errors == {}
            dags |= {dag_id: dict(dag.task_dict) for dag_id, dag in bag.dags.items()}
    return dags
