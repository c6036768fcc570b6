"""The test endpoint is deleted once it was tested: it would cost as much as the production one."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime

from causeway.deployment.leases import write_live
from causeway_airflow.hooks.endpoints import EndpointsHook
from causeway_airflow.results import RemovedEndpoint
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.endpoint_leases import give_back, take_lease
from causeway_airflow.tasks.promotion import Subject
from causeway_airflow.tasks.stage_records import stage_table

log = logging.getLogger(__name__)


def remove_endpoint(hook: Hooks, subject: Subject, run_id: str) -> RemovedEndpoint:
    """Delete the endpoint that serves the version, and write that nothing is served any more.

    An endpoint that serves another version by now stays; model and endpoint config always do.

    Raises:
        LeaseHeld: another run deploys to the endpoint.
    """
    table, endpoints = stage_table(hook), hook(EndpointsHook)
    decision = table.decision(subject.version, subject.stage, subject.attempt)
    names = subject.target(decision.artifact_sha256)
    lease = take_lease(table, subject, run_id)
    observed = endpoints.observe(names.endpoint)
    serves = (observed.status, observed.endpoint_config) == ("InService", names.endpoint_config)
    if serves:
        endpoints.delete(names.endpoint)
    else:
        log.info(
            "endpoint %s is left: %s on %s",
            *(names.endpoint, observed.status or "gone", observed.endpoint_config),
        )
    live = table.live(subject.role, subject.model.name)
    gone = serves or observed.status in (None, "Deleting")
    if gone and live and live.version_arn == subject.version and live.removed_at is None:
        table.write(
            write_live(
                replace(live, run_id=run_id, fencing=lease.fencing, removed_at=datetime.now(UTC))
            )
        )
    give_back(table, lease)
    return {"endpoint": names.endpoint, "account": subject.account, "removed": serves}
