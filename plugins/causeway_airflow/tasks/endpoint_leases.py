"""The lease on a model's endpoint: taken by one run at a time, and looked at again after a wait."""

from __future__ import annotations

from datetime import UTC, datetime

from causeway.deployment.leases import Lease, acquire_lease, lease_of, release_lease
from causeway.deployment.rollout import LEASE_LASTING
from causeway.errors import LeaseHeld
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks.promotion import Subject


def take_lease(table: StageTableHook, subject: Subject, run_id: str) -> Lease:
    """Take the lease, or take it again. Raises `LeaseHeld` while another run has it."""
    role, model = subject.role, subject.model.name
    item = table.apply(
        acquire_lease(role, model, run_id, now=datetime.now(UTC), lasting=LEASE_LASTING)
    )
    if item is None:
        other = table.lease(role, model)
        raise LeaseHeld(
            f"run {other.owner if other else '(unknown)'} holds the lease on the endpoint of "
            f"{model} in {role.value}",
            account=subject.account,
            next_step="Wait for it to end, or for its lease to run out; the task retries.",
        )
    return lease_of(item)


def own_lease(table: StageTableHook, subject: Subject, run_id: str) -> Lease:
    """Return the lease that this run took. Raises `LeaseHeld` when it went to another one."""
    lease = table.lease(subject.role, subject.model.name)
    if lease is None or lease.owner != run_id:
        raise LeaseHeld(
            f"the lease on {subject.model.name} in {subject.role.value} went to "
            f"{lease.owner if lease else 'nobody'} while this run waited",
            account=subject.account,
            next_step="The task retries: it takes the lease again or finds itself superseded.",
        )
    return lease


def give_back(table: StageTableHook, lease: Lease) -> None:
    """Give a lease back; one that went to another run meanwhile stays as it is."""
    table.apply(release_lease(lease))
