"""Which day the reports are of that `platform__reports` makes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

FILE = Path(__file__).resolve().parents[2] / "dags" / "platform_reports.py"


@pytest.mark.parametrize(
    ("run_type", "chosen", "day"),
    [
        ("scheduled", None, "2026-02-28"),
        ("manual", None, ""),
        ("scheduled", "2026-02-03", "2026-02-03"),
        ("manual", "2026-02-03", "2026-02-03"),
    ],
)
def test_a_scheduled_run_reports_the_day_before_and_others_the_day_of_their_choice(
    run_type: str, chosen: str | None, day: str
) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.execution_time import macros
    from airflow.utils.types import DagRunType

    dag = DagBag(FILE).dags["platform__reports"]
    task = dag.get_task("write")
    told = {
        "dag_run": SimpleNamespace(run_type=DagRunType(run_type)),
        "params": {"report": "all", "day": chosen, "model": None},
        "macros": macros,
    }
    if run_type == "scheduled":  # a run by hand may have no date
        told["ds"] = "2026-03-01"
    task.render_template_fields(told)
    assert (task.report, task.day, task.model) == ("all", day, "")
