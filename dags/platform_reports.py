"""# platform__reports: what was in production on a day, and how versions and approvals stand

**What it does.** Makes reports of what the governance table holds, prints them, and stores each as
Markdown, PDF and JSON in the governance account. `production`: what was live on a day, who let it
in, on which evidence, from which data. `versions`: all versions of each model, with what was
decided, stopped and refused. `approvals`: which are open, and which were refused. `portfolio`: the
use cases with risk, owner, models and what is live.

**Parameters.** `report`: one of these, or `all`. `day`: the day in UTC that `production` is of; the
last three say how things stand, and are of today. Empty, it is today in a run that was started by
hand, whose report is as of its time, and the day before in a scheduled run. `model`: one model, or
empty for every model.

**When.** On the first day of each month, and by hand.

**Accounts touched.** governance: the table is read, as its reader; the reports are stored.

**Re-run.** Any time: it changes nothing. A report is named after its day and model, so that another
run of the same day writes over it; the bucket keeps every version of it.

**Roll back.** Nothing to roll back.
"""

from airflow.sdk import DAG, Param

from causeway.governance_reports.kinds import ALL, Kind
from causeway_airflow.configuration import use_cases_with_dags
from causeway_airflow.dag_defaults import at, dag_arguments
from causeway_airflow.operators.governance_reports import GovernanceReportsOperator

with DAG(
    "platform__reports",
    schedule=at("0 4 1 * *"),
    params={
        "report": Param(
            ALL,
            type="string",
            enum=[ALL, *(kind.value for kind in Kind)],
            title="Report",
            description="What was in production on a day; all versions with their decisions; "
            "open and refused approvals; the use cases",
        ),
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day (empty: today)",
            description="In UTC. What production is of; the other reports are of today",
        ),
        "model": Param(
            None,
            type=["null", "string"],
            examples=[model.name for case in use_cases_with_dags() for model in case.models],
            title="Model (empty: every model)",
            description="Its name, as in the use case's YAML",
        ),
    },
    **dag_arguments("platform", "governance", doc=__doc__),
):
    GovernanceReportsOperator(
        task_id="write",
        report="{{ params.report }}",
        # By the schedule, the last day that is over.
        day="{{ params.day or "
        "(macros.ds_add(ds, -1) if dag_run.run_type == 'scheduled' else '') }}",
        model="{{ params.model or '' }}",
    )
