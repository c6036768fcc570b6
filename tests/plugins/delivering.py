"""Runs of the features DAG of a use case with several raw files, task by task."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.plugins.conftest import Task, context, execute


def deliver(
    inbox: Path, source: str | None, data: str, run: str = "run-1", **parameters: Any
) -> dict[str, Any]:
    """Run the features DAG as Airflow does: each task with its rendered templates, or skipped.

    Returns the results by task; None of one that was skipped.
    """
    from tests.plugins.generated import features_dag

    results: dict[str, Any] = {}
    dag = features_dag("shop")
    params = {name: dag.params[name] for name in dag.params if name != "source"}
    params |= {"data": data, "source": source, "rows": 60, **parameters}
    for name, operator in dag.task_dict.items():
        if any(results[before] is None for before in operator.upstream_task_ids):
            results[name] = None
            continue
        results[name] = _perform(operator, params, results, inbox, run)
    return results


def _perform(
    operator: Any, params: dict[str, Any], results: dict[str, Any], inbox: Path, run: str
) -> Any:
    from airflow.sdk.exceptions import AirflowSkipException

    told = context(run)
    told |= {"params": params, "outlet_events": defaultdict(lambda: SimpleNamespace(extra={}))}
    told["ti"] = Results(results)
    if hasattr(operator, "raw"):
        operator.raw = results[operator.task_id.replace("ingest", "validate")]
    operator.render_template_fields(told)
    operator._parse()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_INBOX", str(inbox))
        try:
            return execute(operator, told)
        except AirflowSkipException:
            return None


class Results(Task):
    """A task instance that knows the results of the tasks before it."""

    def __init__(self, results: dict[str, Any]) -> None:
        super().__init__()
        self.results = results

    def xcom_pull(self, task_ids: str) -> Any:
        return self.results[task_ids]
