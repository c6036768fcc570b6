"""# platform__access_log: who used which feature group, card and version in a month

**What it does.** Reads the log files of the data account's trail (reads and writes of feature
records) and CloudTrail's history in the shared services account (calls on model cards and model
versions), and counts who read, wrote or was refused what: account, role or user, the person that
the session acted for, the call. Prints it, and stores it as Markdown and JSON in the governance
account. It says what it could not see.

**Parameters.** `month`: the month in UTC, as 2026-03; empty for the last one that is over.

**When.** On the first day of each month, and by hand. CloudTrail keeps calls on cards and versions
for 90 days, and the trail's bucket its log files as long as nobody deletes them.

**Accounts touched.** data, shared services (as their auditors, read only); governance (report).

**Re-run.** Any time: it changes nothing, and writes over the report of the month; the bucket keeps
every version of it.

**Roll back.** Nothing to roll back.
"""

from airflow.sdk import DAG, Param

from causeway_airflow.dag_defaults import at, dag_arguments
from causeway_airflow.operators.access_log import AccessLogOperator

with DAG(
    "platform__access_log",
    schedule=at("30 4 1 * *"),
    params={
        "month": Param(
            None,
            type=["null", "string"],
            title="Month (empty: the last one that is over)",
            description="In UTC, as 2026-03",
        ),
    },
    **dag_arguments("platform", "governance", doc=__doc__),
):
    AccessLogOperator(task_id="write", month="{{ params.month or '' }}")
