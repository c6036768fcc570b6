"""# platform__feature_retirement: whether a feature may go, and whom to tell

**What it does.** Asks the lineage what depends on a feature, or on a feature group: live endpoints,
models, versions and their owners. Prints that and stores it as a report. While a live endpoint
depends on it, the run fails and names the endpoints. It changes nothing: a feature goes by its use
case's YAML, once this succeeds.

**Parameters.** `feature`: `group.feature`, the name of a group, or an ARN. `reason`: why it is to
go; it stands in the report.

**When.** By hand, before a feature or a group is taken out of a contract.

**Accounts touched.** governance: the lineage is read, the report is stored.

**Re-run.** Any time: a report of the same day is written over, and the bucket keeps each version.

**Roll back.** Nothing to roll back.
"""

from airflow.sdk import DAG, Param

from causeway_airflow.dag_defaults import dag_arguments
from causeway_airflow.operators.lineage_reports import FeatureRetirementOperator

with DAG(
    "platform__feature_retirement",
    schedule=None,
    params={
        "feature": Param(type="string", minLength=1, maxLength=2048, title="Feature or group"),
        "reason": Param(type="string", minLength=3, maxLength=500, title="Why it is to go"),
    },
    **dag_arguments("platform", "features", "governance", doc=__doc__),
):
    FeatureRetirementOperator(
        task_id="judge", feature="{{ params.feature }}", reason="{{ params.reason }}"
    )
