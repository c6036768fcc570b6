"""# platform__audit: whether anybody changed what governance wrote

**What it does.** Reads every chain of the audit and compares it with itself, with its head, with
the heads that were locked in S3, and with the items of the governance table that its entries are
about. When something is not as it was written, it raises a critical alert, and the run fails naming
the first entry that is wrong. The head of each chain that is right is locked.

**When.** Every day, and by hand. A deployment to production, a rejection for production, a stop and
a rollback lock the head of their model's chain, too.

**Accounts touched.** governance: the table is read, heads are put into the audit bucket, alerts
published.

**Re-run.** Any time: it changes nothing in the table. A head that is locked again is another
version of the same object.

**Roll back.** Nothing to roll back: a head stays locked for the days that the topology says
(`retention.audit_days`). What to do when the audit is broken: docs/audit.md.
"""

from airflow.sdk import DAG

from causeway_airflow.dag_defaults import at, dag_arguments
from causeway_airflow.operators.audit import AuditOperator

with DAG(
    "platform__audit",
    schedule=at("0 4 * * *"),
    **dag_arguments("platform", "governance", doc=__doc__),
):
    AuditOperator(task_id="verify")
