"""# platform__accounts: set the accounts up, or bring them up to date

**What it does.** Deploys the CloudFormation stack of every account role (`include/infra`: roles,
buckets, keys, stage table, event bus, queue), then creates the model package group and the draft
card of every model, the managed MLflow server where the topology declares one, and the MLflow
experiment of every use case. What is there already and unchanged
stays as it is.

**When.** By hand: first of all, after a change of a template, of the topology or of a use case.

**Accounts touched.** All six, each as its administrator (connections `causeway_<role>_bootstrap`);
shared services as the registry's owner.

**Re-run.** Any time, whole or from a failed task: a stack is updated only when it differs, a failed
creation is removed and made anew.

**Roll back.** Put the template back and run again. Buckets, keys and the stage table are retained
when a stack is deleted.
"""

from airflow.sdk import DAG

from causeway.topology.accounts import DEPLOYED_ROLES
from causeway_airflow.assets import PLATFORM
from causeway_airflow.configuration import topology
from causeway_airflow.dag_defaults import dag_arguments
from causeway_airflow.operators.model_cards import EnsureModelCardsOperator
from causeway_airflow.operators.platform import (
    DeployStackOperator,
    EnsureExperimentsOperator,
    EnsureModelGroupsOperator,
)
from causeway_airflow.operators.tracking_servers import EnsureTrackingServerOperator

with DAG("platform__accounts", schedule=None, **dag_arguments("platform", doc=__doc__)):
    stacks = DeployStackOperator.partial(
        task_id="deploy_stack", map_index_template="{{ task.account_role }}"
    ).expand(account_role=[role.value for role in DEPLOYED_ROLES])
    groups = EnsureModelGroupsOperator(task_id="model_groups")
    cards = EnsureModelCardsOperator(task_id="model_cards")
    experiments = EnsureExperimentsOperator(task_id="experiments", outlets=[PLATFORM])
    stacks >> [groups, cards] >> experiments
    if topology().mlflow is not None:
        stacks >> EnsureTrackingServerOperator(task_id="tracking_server") >> experiments
