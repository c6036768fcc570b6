"""# platform__reports: what was in production on a day, and how versions and approvals stand

**What it does.** Makes reports of what the governance table holds, prints them, and stores each as
Markdown, PDF and JSON in the governance account. `production`: what was live on a day, who let it
in, on which evidence, from which data. `versions`: all versions of each model, with what was
decided, stopped and refused. `approvals`: which are open, and which were refused. `portfolio`: the
use cases with risk, owner, models and what is live.

**Parameters.** `report`: one of these, or `all`. `day`: the day in UTC; empty for today. The last
three say how things stand, so that only `production` can be of a day that is over. `model`: one
model, or empty for every model.

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
            description="In UTC. Of a day that is over there is the report production alone",
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
        day="{{ params.day or '' }}",
        model="{{ params.model or '' }}",
    )
