"""# platform__sharing: share feature groups and model groups, and prove that consumers reach them

**What it does.** Creates the feature groups that are missing (only what is can be shared), brings
the owners' resource shares to what the use cases need, accepts the invitations in the consumers'
accounts (only expected ones: sender, name, resource type), and describes every shared resource by
its ARN from the consumer's side. Consumers that the templates do not name get statements of their
own in the owners' bucket and key policies, merged by Sid; every consumer of features, the trainer
too, has them in the policy of the data account's Glue catalogue, which no template can hold.

**When.** By hand: after `platform__accounts`, after a change of a use case, and when an invitation
ran out (twelve hours for SageMaker types): a run shares anew what expired.

**Accounts touched.** data and shared services (owners), data science, test and prod (consumers).

**Re-run.** Any time: the second run finds nothing to do.

**Roll back.** Take the model or group out of the use case and run again; what is not desired is
taken out of the share.
"""

from airflow.sdk import DAG

from causeway_airflow.dag_defaults import dag_arguments
from causeway_airflow.operators.policies import ConvergePoliciesOperator
from causeway_airflow.operators.sharing import (
    AcceptInvitationsOperator,
    ConvergeSharesOperator,
    DefineFeatureGroupsOperator,
    VerifyAccessOperator,
)

OWNERS = [
    {"account_role": "data", "duty": "data-sharer"},
    {"account_role": "shared_services", "duty": "registry-owner"},
]
CONSUMERS = ["data_science", "test", "prod"]
BY_ACCOUNT = "{{ task.account_role }}"

with DAG("platform__sharing", schedule=None, **dag_arguments("platform", doc=__doc__)):
    define = DefineFeatureGroupsOperator(task_id="define_feature_groups")
    share = ConvergeSharesOperator.partial(
        task_id="converge_shares", map_index_template=BY_ACCOUNT
    ).expand_kwargs(OWNERS)
    policies = ConvergePoliciesOperator.partial(
        task_id="converge_policies", map_index_template=BY_ACCOUNT
    ).expand_kwargs(OWNERS)
    accept = AcceptInvitationsOperator.partial(
        task_id="accept_invitations", map_index_template=BY_ACCOUNT
    ).expand(account_role=CONSUMERS)
    verify = VerifyAccessOperator.partial(
        task_id="verify_access", map_index_template=BY_ACCOUNT
    ).expand(account_role=CONSUMERS)
    define >> [share, policies]
    share >> accept
    [accept, policies] >> verify
