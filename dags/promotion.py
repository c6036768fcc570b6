"""# `<model>__promotion`: one registered version to production

**What it does.** Waits for the approval into test, deploys the version to the test account, asks
the live endpoint about the held-out rows, records its metrics and deletes that endpoint (unless the
model's `deployment` has `keep_test_endpoint`); waits for the approval into production, deploys
there, asks a few rows and records the version as deployed. Beside that, the model's card goes to
review at the start, is told what the live endpoint answered, is approved once the version is in
production, and is exported then to PDF; the accounts that it is handed over to accept its shares. A
card that could not be written keeps the version out of production. The last task of the way records
how it ended; then decisions and deployments are put on record for the lineage, where a failure is a
warning.

**Parameters.** `version_arn`, `attempt`: given by `platform__governance_sync`, which starts one run
for each version under the id `<group>-v<version>-<attempt>`. A run that is not the promotion in the
governance table, by model, version, attempt and id, is refused before anything is written.

**People.** What waits stands in Required Actions for those who may decide, with its evidence; they
also decide on the version's page under *Governance*. In AWS a model owner approves with
`UpdateModelPackage(ModelApprovalStatus=Approved)`, a governance officer with `UpdateModelPackage`
and the life cycle Production, Approved; each with the approver role of that stage and their own
source identity. Either of them stops the
version at any time: `Rejected` (or `PendingManualApproval`) or the life cycle Production, Rejected.
A stop before the version is live ends the run, and the endpoint goes back to what it served; a live
version is marked, and rolled back by hand. Waiting takes no worker.

**Accounts touched.** governance (decisions, records, lease), test and prod (endpoints), shared
services (version, artifact, read; the card and its shares), and each account that a card reaches.

**Re-run.** Clear the failed task: model, config and endpoint are adopted, the lease is taken
again. Where the endpoint serves another version by now, clear the deployment with what follows. A
test endpoint that failed its test stays, to be looked at, until the next version replaces it; to
repeat a test after it, clear the deployment to test. A newer version that is live ends the run as
superseded: the rest is skipped.

**Roll back.** A failed update leaves the endpoint on what it served before, and the task fails.
"""

from airflow.sdk import DAG, Param, TriggerRule

from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import poll_interval, use_cases_with_dags
from causeway_airflow.dag_defaults import (
    DECISION_WAIT,
    ENDPOINT_WAIT,
    MAX_PROMOTIONS,
    dag_arguments,
)
from causeway_airflow.operators.card_exports import ExportModelCardOperator
from causeway_airflow.operators.endpoints import DeployEndpointOperator
from causeway_airflow.operators.lineage import RecordDeploymentsOperator
from causeway_airflow.operators.model_cards import HandOverCardOperator
from causeway_airflow.operators.promotion import (
    ClosePromotionOperator,
    EndpointTestOperator,
    RemoveTestEndpointOperator,
    SmokeTestOperator,
)
from causeway_airflow.operators.sharing import AcceptInvitationsOperator
from causeway_airflow.promotion_runs import promotion_dag_id
from causeway_airflow.sensors.approval import ApprovalSensor

#: What the form says: a run by hand is no promotion, and is refused.
GIVEN = "Given by platform__governance_sync, which starts one run for each version"


def parameter(title: str, kind: str) -> Param:
    """Return a parameter that may be null.

    Every parameter may be null: a run by hand is refused by its first task, which says why.
    """
    return Param(default=None, type=["null", kind], title=title, description=GIVEN)


def build(case: UseCase, model: ModelSpec) -> DAG:
    """Return the promotion DAG of a model."""
    with DAG(
        promotion_dag_id(model.name),
        schedule=None,
        params={
            "version_arn": parameter("Model package version (ARN)", "string"),
            "attempt": parameter("Promotion attempt", "integer"),
        },
        **dag_arguments(
            "use-case",
            "promotion",
            "governance",
            doc=__doc__,
            owner=case.owner,
            use_case=case.id,
            max_active_runs=MAX_PROMOTIONS,
        ),
    ) as dag:
        approved_for_test = approval("test", case, model)
        deploy_test = deployment("deploy_to_test", case, model, account_role="test")
        test = EndpointTestOperator(
            task_id="test_endpoint", account_role="test", use_case=case.id, model=model.name
        )
        # A run that is superseded skips the rest of its way, and is on record all the same.
        lineage = RecordDeploymentsOperator(
            task_id="lineage",
            use_case=case.id,
            model=model.name,
            trigger_rule=TriggerRule.NONE_FAILED,
        )
        if not model.deployment.keep_test_endpoint:
            removal = RemoveTestEndpointOperator(
                task_id="remove_test_endpoint", use_case=case.id, model=model.name, retries=10
            )
            test >> removal >> lineage
        approved_for_production = approval("production", case, model)
        deploy_prod = deployment("deploy_to_production", case, model, account_role="prod")
        smoke = SmokeTestOperator(
            task_id="smoke_test", account_role="prod", use_case=case.id, model=model.name
        )
        # Beside the way into test. Production waits for the card that tells of that test.
        reviewed = hand_over("card_for_review", case, model, stage="test")
        tested = hand_over("card_tested", case, model, stage="test")
        approved = hand_over("card_approved", case, model, stage="production")
        export = ExportModelCardOperator(
            task_id="card_exported", use_case=case.id, model=model.name
        )
        close = ClosePromotionOperator(task_id="close", use_case=case.id, model=model.name)
        approved_for_test >> deploy_test >> test >> approved_for_production
        approved_for_production >> deploy_prod >> smoke >> close >> lineage
        [reviewed, test] >> tested >> deploy_prod
        deploy_prod >> approved >> [close, export]
        for card, name in ((reviewed, "review"), (approved, "approval")):
            AcceptInvitationsOperator.partial(
                task_id=f"card_received_for_{name}",
                map_index_template="{{ task.account_role }}",
            ).expand_kwargs(card.output)
    return dag


def approval(target: str, case: UseCase, model: ModelSpec) -> ApprovalSensor:
    """Return the wait for a person's decision on the entry into a stage."""
    return ApprovalSensor(
        task_id=f"approval_for_{target}",
        target=target,
        use_case=case.id,
        model=model.name,
        wait=DECISION_WAIT,
        poll_interval=poll_interval(),
    )


def deployment(
    task_id: str, case: UseCase, model: ModelSpec, *, account_role: str
) -> DeployEndpointOperator:
    """Return the deployment into an account; a lease that another run has is retried for."""
    return DeployEndpointOperator(
        task_id=task_id,
        account_role=account_role,
        use_case=case.id,
        model=model.name,
        wait=ENDPOINT_WAIT,
        retries=10,
    )


def hand_over(task_id: str, case: UseCase, model: ModelSpec, *, stage: str) -> HandOverCardOperator:
    """Return the hand-over of the model's card for a stage."""
    return HandOverCardOperator(
        task_id=task_id, hand_over=stage, use_case=case.id, model=model.name
    )


for use_case in use_cases_with_dags():
    for model_spec in use_case.models:
        build(use_case, model_spec)
