"""# platform__live_models: whether what is live is as recorded, and could be loaded again

**What it does.** For each model that is live in production, looks whether the artifact in the
shared bucket is still the object version that was released. If it was overwritten, deleted or
untagged, it raises a critical alert that names it: the endpoint goes on serving what it loaded, but
SageMaker could not replace one of its instances. Beside that, looks whether each endpoint serves
what the governance table says is live. A deployment that died, or a task whose state was set by
hand, leaves one that does not; while a run changes an endpoint, it is left alone.

**When.** Every hour, and by hand.

**Accounts touched.** governance: what is live is read, alerts published. shared services: the tags
of the artifacts are read, as its auditor. prod: the endpoints are described, as its auditor.

**Re-run.** Any time: it changes nothing. What is still not there is alerted again.

**Roll back.** Nothing to roll back. An administrator of the shared services account brings the
released version back: every version of an object stays there. An endpoint that differs is brought
back by the promotion or rollback that failed, once it is cleared, or by another rollback.
"""

from airflow.sdk import DAG

from causeway_airflow.dag_defaults import at, dag_arguments
from causeway_airflow.operators.live_models import LiveEndpointsOperator, LiveModelsOperator

with DAG(
    "platform__live_models",
    schedule=at("30 * * * *"),
    **dag_arguments("platform", "governance", doc=__doc__),
):
    LiveModelsOperator(task_id="look")
    LiveEndpointsOperator(task_id="compare")
