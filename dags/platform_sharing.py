"""# platform__sharing: bring every share to what is declared, and prove that consumers reach it

**What it does.** Creates the feature groups that are missing (only what is can be shared), compares
the owners' shares, permissions and policies with the declared access, applies the plan of each
share that differs, accepts the expected invitations in the consumers' accounts (sender, name and
resource types must match), describes what is shared from the consumer's side and lists what it can
discover. A share that fails does not stop the others; the run fails then all the same. Consumers
that the templates do not name get statements of their own in the owners' bucket and key policies,
merged by Sid; every consumer of features, the trainer too, has them in the policy of the data
account's Glue catalogue, which no template can hold. Where the topology names accounts that keep
model cards of their own, the central cards are brought up to them.

**When.** Daily, to fix drift, re-share what expired and revoke grants whose time is over; after
`platform__accounts`; by hand after a change of the declared access. With `dry_run` it changes
nothing: read the plan in the log of `plan_shares` or in its XCom.

**Accounts touched.** data and shared services (owners), every account that a grant reaches.

**Re-run.** Any time: the second run finds nothing to do.

**Roll back.** Take the grant out of the section `access` of the use case or topology and run again;
what nobody declares is revoked.
"""

from typing import Any

from airflow.sdk import DAG, AssetOrTimeSchedule, Param, task

from causeway_airflow.assets import PLATFORM
from causeway_airflow.configuration import topology
from causeway_airflow.dag_defaults import at, dag_arguments
from causeway_airflow.operators.model_cards import AggregateCardsOperator
from causeway_airflow.operators.policies import ConvergePoliciesOperator
from causeway_airflow.operators.sharing import (
    AcceptInvitationsOperator,
    ConvergeShareOperator,
    DefineFeatureGroupsOperator,
    DiscoverSharedOperator,
    PlanSharesOperator,
    VerifyAccessOperator,
)
from causeway_airflow.results import Receiver, ShareOfOwner

OWNERS = [
    {"account_role": "data", "duty": "data-sharer"},
    {"account_role": "shared_services", "duty": "registry-owner"},
]
BY_ACCOUNT = "{{ task.account_role }}"


# Where these are called they are given XComs, and the parameters come from the context: `Any`.
@task(trigger_rule="all_done")
def differing(plans: Any, params: Any = None) -> list[ShareOfOwner]:
    from causeway_airflow.tasks.sharing_runs import differing_shares

    return [] if params["dry_run"] else differing_shares(plans)


@task(trigger_rule="all_done")
def receivers(plans: Any, params: Any = None) -> list[Receiver]:
    from causeway_airflow.tasks.sharing_runs import receiving_roles

    return [] if params["dry_run"] else receiving_roles(plans)


@task
def owners(params: Any = None) -> list[dict[str, str]]:
    return [] if params["dry_run"] else OWNERS


@task(trigger_rule="one_failed", retries=0)
def fail_with_any() -> None:
    """Fail the run when a task of it failed although the others went on."""
    from airflow.sdk.exceptions import AirflowFailException

    raise AirflowFailException("a share failed; read the red tasks above, fix and re-run")


with DAG(
    "platform__sharing",
    schedule=AssetOrTimeSchedule(timetable=at("0 0 * * *"), assets=[PLATFORM]),
    params={
        "dry_run": Param(
            False,
            type="boolean",
            title="Only plan",
            description="Only plan: read it in the log of plan_shares",
        )
    },
    **dag_arguments("platform", doc=__doc__),
):
    failed = fail_with_any()
    define = DefineFeatureGroupsOperator(
        task_id="define_feature_groups", only_plan="{{ params.dry_run }}"
    )
    plan = PlanSharesOperator.partial(task_id="plan_shares", map_index_template=BY_ACCOUNT).expand(
        account_role=[owner["account_role"] for owner in OWNERS]
    )
    converge = ConvergeShareOperator.partial(
        task_id="converge_share", map_index_template="{{ task.share }}"
    ).expand_kwargs(differing(plan.output))
    consumers = receivers(plan.output)
    accept = AcceptInvitationsOperator.partial(
        task_id="accept_invitations",
        map_index_template=BY_ACCOUNT,
        trigger_rule="all_done",
    ).expand_kwargs(consumers)
    roles = consumers.map(lambda receiver: receiver["account_role"])
    verify = VerifyAccessOperator.partial(
        task_id="verify_access", map_index_template=BY_ACCOUNT, trigger_rule="all_done"
    ).expand(account_role=roles)
    discover = DiscoverSharedOperator.partial(
        task_id="discover_shared", map_index_template=BY_ACCOUNT, trigger_rule="all_done"
    ).expand(account_role=roles)
    policies = ConvergePoliciesOperator.partial(
        task_id="converge_policies", map_index_template=BY_ACCOUNT
    ).expand_kwargs(owners())
    if topology().model_cards.spokes:
        (
            AggregateCardsOperator(
                task_id="aggregate_model_cards", only_plan="{{ params.dry_run }}"
            )
            >> failed
        )
    define >> [plan, policies]
    converge >> accept >> [verify, discover]
    policies >> verify
    [define, plan, policies, converge, accept, verify, discover] >> failed
