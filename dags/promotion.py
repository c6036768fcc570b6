"""# `<model>__promotion`: one registered version to production

**What it does.** Waits for the approval into test, deploys the version to the test account, asks
the live endpoint about the held-out rows and records its metrics; waits for the approval into
production, deploys there, asks a few rows and records the version as deployed. Beside that, the
model's card goes to review at the start, is told what the live endpoint answered, is approved
once the version is in production, and is exported then to PDF; the accounts that it is handed over
to accept its shares. A card that could not be written keeps the version out of production. The last
task of the way records how it ended.

**Parameters.** `version_arn`, `attempt` (and `version`, `group`): given by
`platform__governance_sync`, which starts one run for each version under the id
`<group>-v<version>-<attempt>`. Do not start it by hand.

**People.** A model owner approves with `UpdateModelPackage(ModelApprovalStatus=Approved)`, a
governance officer with `UpdateModelPackage` and the life cycle Production, Approved;
each with the approver role and their own source identity. Waiting takes no worker.

**Accounts touched.** governance (decisions, records, lease), test and prod (endpoints), shared
services (version, artifact, read; the card and its shares), and each account that a card reaches.

**Re-run.** Clear the failed task: model, config and endpoint are adopted, the lease is taken
again. A newer version that is live ends the run as superseded: the rest is skipped.

**Roll back.** A failed update leaves the endpoint on what it served before, and the task fails.
"""

from airflow.sdk import DAG, Param

from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import poll_interval, use_cases
from causeway_airflow.dag_defaults import (
    DECISION_WAIT,
    ENDPOINT_WAIT,
    MAX_PROMOTIONS,
    dag_arguments,
)
from causeway_airflow.operators.card_exports import ExportModelCardOperator
from causeway_airflow.operators.endpoints import DeployEndpointOperator
from causeway_airflow.operators.model_cards import HandOverCardOperator
from causeway_airflow.operators.promotion import (
    ClosePromotionOperator,
    EndpointTestOperator,
    SmokeTestOperator,
)
from causeway_airflow.operators.sharing import AcceptInvitationsOperator
from causeway_airflow.promotion_runs import promotion_dag_id
from causeway_airflow.sensors.approval import ApprovalSensor

# A sensor that starts from its trigger has its run's parameters checked in the triggerer, and one
# that does not pass ends that whole process (seen on Airflow 3.3.2). So every parameter may be null
# and any text; the trigger and the operators check what they are given.
TEXT = {"default": None, "type": ["null", "string"]}
NUMBER = {"default": None, "type": ["null", "integer"]}


def build(case: UseCase, model: ModelSpec) -> DAG:
    """Return the promotion DAG of a model."""
    about = {"use_case": case.id, "model": model.name}
    wait = {"wait": DECISION_WAIT, "poll_interval": poll_interval()}
    # A lease that another run holds is waited for by retrying.
    deploy = {**about, "wait": ENDPOINT_WAIT, "retries": 10}
    with DAG(
        promotion_dag_id(model.name),
        schedule=None,
        params={
            "version_arn": Param(**TEXT, title="Model package version (ARN)"),
            "version": Param(**NUMBER, title="Its number"),
            "group": Param(**TEXT, title="Its group"),
            "attempt": Param(**NUMBER, title="Promotion attempt"),
        },
        **dag_arguments(
            "use-case",
            "promotion",
            "governance",
            doc=__doc__,
            owner=case.owner,
            max_active_runs=MAX_PROMOTIONS,
        ),
    ) as dag:
        approved_for_test = ApprovalSensor(task_id="approval_for_test", target="test", **wait)
        deploy_test = DeployEndpointOperator(
            task_id="deploy_to_test", account_role="test", **deploy
        )
        test = EndpointTestOperator(task_id="test_endpoint", account_role="test", **about)
        approved_for_production = ApprovalSensor(
            task_id="approval_for_production", target="production", **wait
        )
        deploy_prod = DeployEndpointOperator(
            task_id="deploy_to_production", account_role="prod", **deploy
        )
        smoke = SmokeTestOperator(task_id="smoke_test", account_role="prod", **about)
        # Beside the way into test. Production waits for the card that tells of that test.
        reviewed = HandOverCardOperator(task_id="card_for_review", hand_over="test", **about)
        tested = HandOverCardOperator(task_id="card_tested", hand_over="test", **about)
        approved = HandOverCardOperator(task_id="card_approved", hand_over="production", **about)
        export = ExportModelCardOperator(task_id="card_exported", **about)
        close = ClosePromotionOperator(task_id="close", **about)
        approved_for_test >> deploy_test >> test >> approved_for_production
        approved_for_production >> deploy_prod >> smoke >> close
        [reviewed, test] >> tested >> deploy_prod
        deploy_prod >> approved >> [close, export]
        for handed, name in ((reviewed, "review"), (approved, "approval")):
            AcceptInvitationsOperator.partial(
                task_id=f"card_received_for_{name}",
                map_index_template="{{ task.account_role }}",
            ).expand_kwargs(handed.output)
    return dag


for use_case in use_cases():
    for model_spec in use_case.models:
        build(use_case, model_spec)
