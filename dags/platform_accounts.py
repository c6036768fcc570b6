"""# platform__accounts: bring the accounts up to date, and compare their guards

**What it does.** Updates the CloudFormation stacks of resources (`include/infra/resources`), then
creates the model package group and the draft card of every model, the managed MLflow server where
the topology declares one, and the MLflow experiment of every use case. What is there already and
unchanged stays as it is. Beside that it compares the guards of every account
(`include/infra/guards`: roles, trust, buckets, keys, queues and their policies, the stage table),
and whom the approver roles trust, with what the topology declares. Of all other roles and policies
it sees the deployed template and its parameters, not what somebody changed past CloudFormation:
`aws cloudformation detect-stack-drift` shows that. A difference fails `check_guards`, and with it
the run; the other tasks do their work all the same. Guards are never changed here.

**When.** By hand: first of all, after a change of a template, of the topology or of a use case.
`platform__sharing` runs after it.

**Accounts touched.** All six, each as its stack keeper; shared services as the registry's owner.

**Re-run.** Any time, whole or from a failed task: a stack is updated only when it differs.

**Roll back.** Put the template back and run again. Guards are deployed by an administrator, with
`python -m causeway_deploy bootstrap`.
"""

from airflow.sdk import DAG

from causeway.topology.account_roles import STACK_KEEPERS, STACK_SERVICES
from causeway_airflow.assets import PLATFORM
from causeway_airflow.configuration import topology
from causeway_airflow.dag_defaults import dag_arguments
from causeway_airflow.operators.model_cards import EnsureModelCardsOperator
from causeway_airflow.operators.platform import (
    CheckGuardsOperator,
    EnsureExperimentsOperator,
    EnsureModelGroupsOperator,
    UpdateResourcesOperator,
)
from causeway_airflow.operators.tracking_servers import EnsureTrackingServerOperator

with DAG("platform__accounts", schedule=None, **dag_arguments("platform", doc=__doc__)):
    CheckGuardsOperator(task_id="check_guards")
    stacks = UpdateResourcesOperator.partial(
        task_id="update_resources", map_index_template="{{ task.account_role }}"
    ).expand_kwargs(
        [{"account_role": role.value, "duty": STACK_KEEPERS[role]} for role in STACK_SERVICES]
    )
    groups = EnsureModelGroupsOperator(task_id="model_groups")
    cards = EnsureModelCardsOperator(task_id="model_cards")
    experiments = EnsureExperimentsOperator(task_id="experiments", outlets=[PLATFORM])
    stacks >> [groups, cards] >> experiments
    if topology().mlflow is not None:
        stacks >> EnsureTrackingServerOperator(task_id="tracking_server") >> experiments
