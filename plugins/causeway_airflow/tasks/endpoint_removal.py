"""The test endpoint is deleted once it was tested: it would cost as much as the production one."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from causeway.deployment.live_changes import removed
from causeway.statuses import Meaning, meaning
from causeway_airflow.hooks.endpoints import EndpointsHook
from causeway_airflow.results import RemovedEndpoint
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.deployment import EndpointBusy, target
from causeway_airflow.tasks.endpoint_leases import give_back, take_lease
from causeway_airflow.tasks.promotion import Subject
from causeway_airflow.tasks.stage_records import stage_table

log = logging.getLogger(__name__)


def remove_endpoint(hook: Hooks, subject: Subject, run_id: str) -> RemovedEndpoint:
    """Delete the version's endpoint, healthy or not, and write that nothing is served any more.

    An endpoint that serves another version by now stays; model and endpoint config always do.

    Raises:
        LeaseHeld: another run deploys to the endpoint.
        EndpointBusy: it changes, and AWS deletes it only afterwards (a system update, say).
    """
    table, endpoints = stage_table(hook), hook(EndpointsHook)
    names = target(table, subject)
    lease = take_lease(table, subject, run_id)
    observed = endpoints.observe(names.endpoint)
    ours = observed.endpoint_config == names.endpoint_config
    state = meaning("EndpointStatus", observed.status) if observed.status else Meaning.GONE
    if ours and state is Meaning.WAITING:
        give_back(table, lease)
        raise EndpointBusy(
            f"endpoint {names.endpoint} is {observed.status}",
            account=subject.account,
            next_step="The task retries until that change has ended.",
        )
    removable = ours and state in (Meaning.SUCCESS, Meaning.FAILURE)
    if removable:
        endpoints.delete(names.endpoint)
    else:
        log.info(
            "endpoint %s is left: %s on %s",
            *(names.endpoint, observed.status or "gone", observed.endpoint_config),
        )
    live = table.live(subject.role, subject.model.name)
    gone = removable or state is Meaning.GONE
    if gone and live and live.version_arn == subject.version and live.removed_at is None:
        table.record_or_raise(
            removed(
                live,
                subject.by,
                subject.account,
                run_id=run_id,
                fencing=lease.fencing,
                at=datetime.now(UTC),
            )
        )
    give_back(table, lease)
    return {"endpoint": names.endpoint, "account": subject.account, "removed": removable}
