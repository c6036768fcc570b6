"""Proof that sharing works: each shared resource is described by the duty that will use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from causeway.errors import NotSharedYet
from causeway.sharing.shares import DesiredShare
from causeway.topology.access_rules import ResourceKind
from causeway.topology.account_roles import AccountRole
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.ram import RamHook
from causeway_airflow.hooks.shared_with_me import SharedWithMeHook
from causeway_airflow.results import VerifiedAccess
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.declared_access import consumed_shares

#: The duties that use each kind of resource; the first that the account role has describes it.
USERS: Final[Mapping[ResourceKind, tuple[str, ...]]] = {
    ResourceKind.FEATURE_GROUPS: ("trainer", "reader"),
    ResourceKind.MODEL_GROUPS: ("registrar", "deployer"),
    ResourceKind.MODEL_CARDS: ("acceptor",),
}


def verify_access(hook: Hooks, consumer: AccountRole) -> VerifiedAccess:
    """Describe each resource that is shared with an account.

    Raises:
        NotSharedYet: RAM shows a resource as shared, and describing it is denied.
    """
    ram, shares = hook(RamHook), consumed_shares(consumer)
    visible = {
        resource_type: frozenset(ram.shared_with_me(resource_type))
        for resource_type in sorted({share.resource_type for share in shares})
    }
    described: set[str] = set()
    waiting: set[str] = set()
    for share in shares:
        duty = next((d for d in USERS.get(share.kind, ()) if d in consumer.duties), None)
        for arn in map(str, share.resources):
            if arn not in visible[share.resource_type]:
                waiting.add(arn)
            elif duty is not None:
                _describe(hook(SharedWithMeHook, consumer, duty), share, arn)
                described.add(arn)
    return VerifiedAccess(described=sorted(described), waiting=sorted(waiting))


def _describe(shared: SharedWithMeHook, share: DesiredShare, arn: str) -> None:
    try:
        shared.describe(share.kind, arn)
    except AwsCallError as error:
        if not error.denied:
            raise
        # An association takes minutes to work everywhere; the next look may see it.
        raise NotSharedYet(
            f"{arn} is shared, but not yet open: {error.what}",
            account=share.owner,
            principal=error.principal,
            next_step="Wait a minute; then compare the role's policy and the share.",
        ) from error
