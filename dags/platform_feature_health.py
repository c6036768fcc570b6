"""# platform__feature_health: which feature groups are stale

**What it does.** Reads when each feature group was last ingested and raises an alert for each that
is older than its contract (`fresh_hours`) allows. A group without an ingestion is judged from its
creation.
Groups without `fresh_hours`, or that do not exist yet, are not judged.

**When.** Every hour, and by hand.

**Accounts touched.** governance: the summaries of ingestions are read, alerts published. data: when
a group without a summary was created.

**Re-run.** Any time: it changes nothing. A group that is still stale is alerted again.

**Roll back.** Nothing to roll back.
"""

from airflow.sdk import DAG

from causeway_airflow.dag_defaults import at, dag_arguments
from causeway_airflow.operators.feature_health import FeatureHealthOperator

with DAG(
    "platform__feature_health",
    schedule=at("0 * * * *"),
    **dag_arguments("platform", "features", doc=__doc__),
):
    FeatureHealthOperator(task_id="judge")
