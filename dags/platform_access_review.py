"""# platform__access_review: who can see and do what, against what is declared

**What it does.** Has each account's auditor look at its shares and invitations, and each owner's
look through CloudTrail for use of its grants. Compares it with the declared access: shares,
principals and resources that nobody declares, declared ones that are not there, unanswered
invitations, grants that end soon, grants that nobody used. Stores the review as Markdown and JSON
in the governance account, prints it, and raises an alert for every drift.

**Parameters.** `days`: how far back a grant must have been used (CloudTrail keeps 90 days of
management events). `expiring_days`: how far ahead an end counts as near.

**When.** Every Monday, and by hand.

**Accounts touched.** All that share or receive, as their auditors (read only); governance (report,
alerts).

**Re-run.** Any time: it changes nothing. A run that is cleared overwrites its own report and raises
its alerts again.

**Roll back.** Nothing to roll back; each finding says what to do about it.
"""

from airflow.sdk import DAG, Param

from causeway.topology.account_roles import AUDITORS
from causeway_airflow.configuration import topology
from causeway_airflow.dag_defaults import at, dag_arguments
from causeway_airflow.operators.access import ObserveAccessOperator
from causeway_airflow.operators.access_review import AccessReviewOperator, GrantUsageOperator

BY_ACCOUNT = "{{ task.account_role }}"
OWNERS = ["data", "shared_services"]

with DAG(
    "platform__access_review",
    schedule=at("0 5 * * 1"),
    params={
        "days": Param(90, type="integer", minimum=1, maximum=90, title="Days to look back for use"),
        "expiring_days": Param(
            14, type="integer", minimum=1, title="Days ahead that count as near"
        ),
    },
    **dag_arguments("platform", "governance", doc=__doc__),
):
    observe = ObserveAccessOperator.partial(
        task_id="observe_access", map_index_template=BY_ACCOUNT
    ).expand(account_role=[role.value for role in topology().roles if role.kind in AUDITORS])
    usage = GrantUsageOperator.partial(
        task_id="grant_usage", map_index_template=BY_ACCOUNT, days="{{ params.days }}"
    ).expand(account_role=OWNERS)
    # One account that cannot be looked at does not keep the others from being reviewed.
    AccessReviewOperator(
        task_id="review",
        sights=observe.output,
        usage=usage.output,
        days="{{ params.days }}",
        expiring_days="{{ params.expiring_days }}",
        trigger_rule="all_done",
    )
