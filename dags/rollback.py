"""# `<model>__rollback`: production back to a version that was live before

**What it does.** Brings the model's production endpoint back to the version that was live before
the present one, or to the one that is named, asks it about a few rows, and puts the deployment on
record for the lineage, where a failure is a warning. The version's model and
endpoint config are still there, so nothing is built. A version may be gone back to that was live
under the fingerprint that it was first seen with, and that nobody has stopped; the governance table
alone says so, so that neither the registry nor CloudTrail need to answer. Where nothing is live any
more, the record of the use case has to let versions into production, as for a deployment.

**When.** By hand, when what is live must not go on: an alert of `platform__governance_sync` says
that somebody stopped it, or it answers wrongly.

**Parameters.** `version`: the number of a version; empty for the last good one. `reason`: is
recorded with who started the run, and goes out as an alert.

**Accounts touched.** governance (records, lease, alert, lineage), prod (endpoint), shared services
(held-out rows, read).

**Re-run.** Clear the failed task: the change that began is adopted, the lease is taken again. A run
that ended changes nothing again.

**Roll back.** Start it again with the version that was live; where that was stopped, promote a new
one. The version that was gone back from is `superseded`; its promotion is not started again.
"""

from airflow.sdk import DAG, Param

from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import use_cases_with_dags
from causeway_airflow.dag_defaults import ENDPOINT_WAIT, dag_arguments
from causeway_airflow.operators.lineage import RecordDeploymentsOperator
from causeway_airflow.operators.rollback import AskProductionOperator, RollBackOperator


def build(case: UseCase, model: ModelSpec) -> DAG:
    """Return the rollback DAG of a model."""
    with DAG(
        f"{model.name}__rollback",
        schedule=None,
        params={
            "version": Param(
                default=None,
                type=["null", "integer"],
                minimum=1,
                title="Version (empty: the last good one)",
            ),
            "reason": Param(type="string", minLength=3, maxLength=500, title="Why"),
        },
        **dag_arguments(
            "use-case", "promotion", "governance", doc=__doc__, owner=case.owner, use_case=case.id
        ),
    ) as dag:
        about = {"use_case": case.id, "model": model.name}
        back = RollBackOperator(task_id="roll_back", wait=ENDPOINT_WAIT, retries=10, **about)
        predictions = AskProductionOperator(task_id="ask", **about)
        (
            back
            >> predictions
            >> RecordDeploymentsOperator(task_id="lineage", version_arn=None, **about)
        )
    return dag


for use_case in use_cases_with_dags():
    for model_spec in use_case.models:
        build(use_case, model_spec)
