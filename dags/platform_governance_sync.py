"""# platform__governance_sync: registry to stage table, gestures to decisions, promotions started

**What it does.** Reads every model group. A version without a Development record gets one; an
approval or rejection by an entitled person becomes a decision, any other is refused and set back; a
version without an open promotion gets one, and its run is started under the id
`<group>-v<version>-<attempt>`. A run that failed is cleared whole, and goes on, when somebody
decides on its attempt after that. The registry's life cycle mirrors the records.

**When.** Woken by registry events in the queue and by promotions that wrote a record; every five
minutes in any case, which does the same work. An event that is late, doubled or lost changes
nothing but latency. A group whose audit chain is broken is left as it is: the others go on, and the
run fails and names it (docs/audit.md).

**Accounts touched.** shared services (read, mirror), governance (stage table, queue).

**Re-run.** Any time: the second run finds nothing to do. Before `platform__accounts` has run once
it skips.

**Roll back.** Decisions are never taken back. Send a version back by rejecting it.
"""

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, AssetAny, AssetOrTimeSchedule

from causeway_airflow.assets import STAGE_RECORDS, registry_events
from causeway_airflow.dag_defaults import at, dag_arguments
from causeway_airflow.operators.governance import RequireChainsOperator, SyncOperator

with DAG(
    "platform__governance_sync",
    schedule=AssetOrTimeSchedule(
        timetable=at("*/5 * * * *"),
        assets=AssetAny(registry_events(), STAGE_RECORDS),
    ),
    dagrun_timeout=timedelta(minutes=15),
    **dag_arguments("platform", "governance", doc=__doc__),
):
    sync = SyncOperator(task_id="sync")
    sync >> RequireChainsOperator(task_id="require_chains")
    # One mapped start for each promotion that is missing: a pass with nothing to do starts nothing.
    TriggerDagRunOperator.partial(
        task_id="start_promotion",
        logical_date=None,
        skip_when_already_exists=True,
        openlineage_inject_parent_info=False,
        map_index_template="{{ task.trigger_run_id }}",
    ).expand_kwargs(sync.output)
