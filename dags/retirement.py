"""# `<model>__retire`: a version out of production for good

**What it does.** Takes the version that is live, or the one that is named, out of production:
deletes the model's production endpoint where it serves that version, and records the version as
retired, both with the reason in the audit. A retired version is never gone back to by a rollback,
and is deployed no more. Where the form says so, the model's card is archived, and its shares are
taken back. That is put on record for the lineage, where a failure is a warning. The versions, their
artifacts, decisions and audit stay, and so do the models and endpoint configs in the production
account, which cost nothing.

**When.** By hand, when a model, or a version that may be gone back to, must not be used any more.

**Parameters.** `version`: the number of a version; empty for the one that is live. `reason`: is
recorded with who started the run, and goes out as an alert. `archive_card`: also archive the card
of the model. That is for good: no other version of its group is promoted after it.

**Accounts touched.** governance (records, lease, alert, lineage), prod (endpoint), shared services
(the card, and its shares).

**Re-run.** Clear the failed task: what is done is left as it is.

**Roll back.** `<model>__rollback` brings an earlier version back, or a new one is promoted, unless
the card is archived: then a new model group is needed. A retired version does not come back.
"""

from airflow.sdk import DAG, Param, TriggerRule

from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import use_cases_with_dags
from causeway_airflow.dag_defaults import ENDPOINT_WAIT, dag_arguments
from causeway_airflow.operators.lineage import RecordDeploymentsOperator
from causeway_airflow.operators.retirement import ArchiveCardOperator, RetireOperator


def build(case: UseCase, model: ModelSpec) -> DAG:
    """Return the retirement DAG of a model."""
    with DAG(
        f"{model.name}__retire",
        schedule=None,
        params={
            "version": Param(
                default=None,
                type=["null", "integer"],
                minimum=1,
                title="Version (empty: the one that is live)",
            ),
            "reason": Param(type="string", minLength=3, maxLength=500, title="Why"),
            "archive_card": Param(
                default=False, type="boolean", title="Archive the model's card, for good"
            ),
        },
        **dag_arguments(
            "use-case", "promotion", "governance", doc=__doc__, owner=case.owner, use_case=case.id
        ),
    ) as dag:
        about = {"use_case": case.id, "model": model.name}
        retired = RetireOperator(task_id="retire", wait=ENDPOINT_WAIT, retries=10, **about)
        card = ArchiveCardOperator(task_id="archive_card", retired=retired.output, **about)
        card >> RecordDeploymentsOperator(
            task_id="lineage", version_arn=None, trigger_rule=TriggerRule.NONE_FAILED, **about
        )
    return dag


for use_case in use_cases_with_dags():
    for model_spec in use_case.models:
        build(use_case, model_spec)
