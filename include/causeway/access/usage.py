"""Which grants are in use, as far as recorded calls show it.

Only management events are in CloudTrail's event history (User Guide, "Viewing events with event
history"), so reads and writes of records prove no use: a grant of nothing but those is never
called unused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from causeway.sharing.grants import DesiredGrant, receiving_accounts
from causeway.topology.access_rules import Grant, ResourceKind
from causeway.topology.accounts import Topology

#: The management events that show a grant in use; no entry: nothing there can show it.
USES: Final[Mapping[tuple[ResourceKind, Grant], tuple[str, ...]]] = {
    (ResourceKind.FEATURE_CATALOG, Grant.DISCOVER): ("Search",),
    (ResourceKind.MODEL_GROUPS, Grant.REGISTER): ("CreateModelPackage",),
    (ResourceKind.MODEL_GROUPS, Grant.DEPLOY): ("DescribeModelPackage",),
    (ResourceKind.MODEL_GROUPS, Grant.REVIEW): ("DescribeModelPackage",),
    (ResourceKind.MODEL_GROUPS, Grant.ADMIN): ("UpdateModelPackage", "DescribeModelPackage"),
    # The sharing run itself describes each card every day as its consumer, so that is no use.
    (ResourceKind.MODEL_CARDS, Grant.READ_WRITE): ("UpdateModelCard",),
    (ResourceKind.MODEL_CARDS, Grant.EXPORT): ("CreateModelCardExportJob",),
    (ResourceKind.LINEAGE_GROUP, Grant.READ_WRITE): ("QueryLineage", "AddAssociation"),
}

#: A grant in use: the resource, the account that used it, the grant.
Use = tuple[str, str, str]


def operations_of(grants: Iterable[DesiredGrant]) -> tuple[str, ...]:
    """Return the operations whose recorded calls show whether the grants are used."""
    return tuple(sorted({name for g in grants for name in USES.get((g.kind, g.grant), ())}))


def in_use(
    grants: Iterable[DesiredGrant], events: Iterable[str], topology: Topology
) -> tuple[Use, ...]:
    """Return which grants CloudTrail events show in use, each once; refused calls show nothing."""
    calls = [_call(json.loads(event)) for event in events]
    return tuple(
        sorted(
            {
                (str(grant.resource), account, grant.grant.value)
                for grant in grants
                for account in receiving_accounts(grant, topology)
                if any(_shows(call, grant, account) for call in calls if call)
            }
        )
    )


def _call(event: Mapping[str, Any]) -> tuple[str, str, str] | None:
    account = (event.get("userIdentity") or {}).get("accountId")
    if event.get("errorCode") or not account:
        return None
    return str(event["eventName"]), str(account), json.dumps(event.get("requestParameters") or {})


def _shows(call: tuple[str, str, str], grant: DesiredGrant, account: str) -> bool:
    operation, caller, about = call
    if caller != account or operation not in USES.get((grant.kind, grant.grant), ()):
        return False
    if grant.kind in (ResourceKind.FEATURE_CATALOG, ResourceKind.LINEAGE_GROUP):
        return True  # such a call names no resource
    # A version's ARN holds its group's name; a call may name the group or the version.
    return str(grant.resource) in about or f"/{grant.resource.name}/" in about
