"""# platform__preflight: prove who may do what, before somebody relies on it

**What it does.** For every grant of the declared access and every account that it reaches, predicts
each call that has to work (share, invitation, permission, the consumer's identity policy, bucket,
key and model-group policy, region) from what the accounts' auditors read, and makes the same call
with the consumer's own credentials. Prints both as a table, stores it in the governance account,
and fails when something declared does not work or when prediction and probe differ: each "no" names
the missing side. No probe changes anything. Beside that it looks
at SageMaker's quotas, at the images with their declared digests, and at what the organisation's
policies leave to the duties: what is short fails, what cannot be seen is said.

**When.** By hand: after `platform__sharing`, and whenever somebody is denied. `untested` rows have
nothing to ask about yet: run it again after the first features and the first version.

**Accounts touched.** data, shared services, data science, test and prod, as their auditors; the
consumers also as the duties that use what is shared; governance (the report).

**Re-run.** Any time: it changes nothing.

**Roll back.** Nothing to roll back; docs/access.md says how to fix what it names.
"""

from airflow.sdk import DAG

from causeway.access.checks import LOOKER
from causeway.access.surroundings import STARTED
from causeway.topology.account_roles import AUDITORS
from causeway_airflow.configuration import topology
from causeway_airflow.dag_defaults import dag_arguments
from causeway_airflow.operators.access import (
    AccessMatrixOperator,
    LookAroundOperator,
    ObserveAccessOperator,
    ProbeAccessOperator,
)

BY_ACCOUNT = "{{ task.account_role }}"
SEEN = [role for role in topology().roles if role.kind in AUDITORS]

with DAG(
    "platform__preflight", schedule=None, **dag_arguments("platform", "governance", doc=__doc__)
):
    observe = ObserveAccessOperator.partial(
        task_id="observe_access", map_index_template=BY_ACCOUNT
    ).expand(account_role=[role.value for role in SEEN])
    # An account that cannot be looked at does not keep the others from being probed.
    probe = ProbeAccessOperator.partial(
        task_id="probe_access",
        map_index_template=BY_ACCOUNT,
        sights=observe.output,
        trigger_rule="all_done",
    ).expand(account_role=[role.value for role in SEEN if LOOKER in role.duties])
    LookAroundOperator.partial(task_id="look_around", map_index_template=BY_ACCOUNT).expand(
        account_role=[role.value for role in STARTED]
    )
    AccessMatrixOperator(
        task_id="access_matrix", sights=observe.output, probes=probe.output, trigger_rule="all_done"
    )
