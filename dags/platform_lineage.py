"""# platform__lineage: read in what the lineage lacks

**What it does.** Compares the records of the lineage with what feature store, registry, governance
table and endpoints hold, and writes those that are missing: of runs that could not record what they
did, of versions that others registered, and of endpoints that others made. An endpoint of others
that is gone is recorded as ended.

**When.** Every night, and by hand. Runs of features, training, promotion and rollback record what
they did by themselves, at their end.

**Accounts touched.** data, data science, shared services, test, prod, governance: all are read;
records are written in governance, as the lineage keeper.

**Re-run.** Any time: what is on record is not written again.

**Roll back.** Nothing to roll back: records say again what others hold.
"""

from airflow.sdk import DAG

from causeway_airflow.dag_defaults import at, dag_arguments
from causeway_airflow.operators.lineage import ReadInLineageOperator

with DAG(
    "platform__lineage",
    schedule=at("15 3 * * *"),
    **dag_arguments("platform", "governance", doc=__doc__),
):
    ReadInLineageOperator(task_id="read_in")
