"""The lease on an endpoint, and the record of what the endpoint serves.

Both are items of the governance table. A conditional write takes the lease. Its fencing number only
grows, and the live record is written under that number: a run that was paused while its lease went
to another run cannot overwrite that run's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from causeway.instants import instant, moment
from causeway.items import Key, Update
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn

#: Lets three cases through: nobody ever held the lease; it was released or has expired
#: (`lease_until` <= :now); the same run asks again (a retried task keeps its lease).
#: Names: #owner; values: :owner, :now. Every grant to another run raises the fencing number.
LEASE_FREE: Final = "attribute_not_exists(pk) OR lease_until <= :now OR #owner = :owner"

#: Lets one case through: the run that renews or releases the lease still owns it. A run whose
#: lease expired and went to another fails here, and must not touch the endpoint any more.
LEASE_OURS: Final = "#owner = :owner AND fencing = :fencing"

#: Lets three cases through: nothing was ever live; what is live was written under an older
#: lease; the same lease writes again. A run with an outdated fencing number fails.
LIVE_NOT_NEWER: Final = "attribute_not_exists(pk) OR fencing <= :fencing"

#: What the sort keys of an endpoint's history begin with.
HISTORY: Final = "LIVE#"


@dataclass(frozen=True)
class Lease:
    """The lease on an endpoint: its owner, until when, and its fencing number."""

    account_role: AccountRole
    model: str
    owner: str
    lease_until: datetime
    fencing: int


@dataclass(frozen=True)
class Live:
    """What an endpoint serves, as its last successful deployment wrote it."""

    account_role: AccountRole
    model: str
    version_arn: ModelPackageArn
    artifact_sha256: str
    endpoint: str
    endpoint_config: str
    run_id: str
    fencing: int
    deployed_at: datetime
    #: The fingerprint of the version's package when it went live.
    package_sha256: str = ""
    #: Why it was rolled back to, by whom; empty for a deployment.
    reason: str = ""
    #: When its endpoint was deleted; None while it serves.
    removed_at: datetime | None = None
    #: The run that deleted it.
    removed_by: str = ""


def lease_key(role: AccountRole, model: str) -> Key:
    """Return the key of the lease on a model's endpoint in an account role."""
    return Key(f"LEASE#{role.value}#{model}", "LEASE")


def live_key(role: AccountRole, model: str) -> Key:
    """Return the key of what a model's endpoint serves in an account role."""
    return Key(f"ENDPOINT#{role.value}#{model}", "LIVE")


def history_key(live: Live) -> Key:
    """Return the key of one entry of an endpoint's history: what was live under which lease."""
    return Key(live_key(live.account_role, live.model).pk, f"{HISTORY}{live.fencing:012d}")


def live_item(live: Live) -> dict[str, Any]:
    """Write what an endpoint serves as an item."""
    return {
        **live_key(live.account_role, live.model).item(),
        "account_role": live.account_role.value,
        "model": live.model,
        "version_arn": str(live.version_arn),
        "artifact_sha256": live.artifact_sha256,
        "endpoint": live.endpoint,
        "endpoint_config": live.endpoint_config,
        "run_id": live.run_id,
        "fencing": live.fencing,
        "deployed_at": instant(live.deployed_at),
        "package_sha256": live.package_sha256,
        "reason": live.reason,
        **({"removed_at": instant(live.removed_at)} if live.removed_at else {}),
        **({"removed_by": live.removed_by} if live.removed_by else {}),
    }


def live_of(item: Mapping[str, Any]) -> Live:
    """Read what an endpoint serves from its item."""
    return Live(
        account_role=AccountRole(item["account_role"]),
        model=item["model"],
        version_arn=ModelPackageArn.parse(item["version_arn"]),
        artifact_sha256=item["artifact_sha256"],
        endpoint=item["endpoint"],
        endpoint_config=item["endpoint_config"],
        run_id=item["run_id"],
        fencing=int(item["fencing"]),
        deployed_at=moment(item["deployed_at"]),
        package_sha256=item.get("package_sha256", ""),
        reason=item.get("reason", ""),
        removed_at=moment(item["removed_at"]) if item.get("removed_at") else None,
        removed_by=item.get("removed_by", ""),
    )


def lease_of(item: Mapping[str, Any]) -> Lease:
    """Read a lease from its item."""
    return Lease(
        account_role=AccountRole(item["account_role"]),
        model=item["model"],
        owner=item.get("owner", ""),
        lease_until=datetime.fromtimestamp(int(item["lease_until"]), UTC),
        fencing=int(item["fencing"]),
    )


def acquire_lease(
    role: AccountRole, model: str, owner: str, *, now: datetime, lasting: timedelta
) -> Update:
    """Take or renew the lease; the answer's attributes are read with `lease_of`.

    The item is never removed, so that the fencing number only grows.
    """
    return Update(
        lease_key(role, model),
        LEASE_FREE,
        {
            ":owner": owner,
            ":now": int(now.timestamp()),
            ":until": int((now + lasting).timestamp()),
            ":role": role.value,
            ":model": model,
            ":one": 1,
        },
        {"#owner": "owner"},
        expression=(
            "SET #owner = :owner, lease_until = :until, account_role = :role, model = :model "
            "ADD fencing :one"
        ),
    )


def release_lease(lease: Lease) -> Update:
    """Release the lease; the item stays, with its fencing number."""
    return Update(
        lease_key(lease.account_role, lease.model),
        LEASE_OURS,
        {":owner": lease.owner, ":fencing": lease.fencing, ":zero": 0},
        {"#owner": "owner"},
        expression="SET lease_until = :zero",
    )


def write_history(live: Live) -> Update:
    """Add what is live to the endpoint's history; the same lease may write it again."""
    key = history_key(live)
    item = live_item(live) | key.item()
    return Update(key, LIVE_NOT_NEWER, {":fencing": live.fencing}, {}, item=item)


def write_live(live: Live) -> Update:
    """Write what an endpoint serves, unless a later lease has written it already."""
    return Update(
        live_key(live.account_role, live.model),
        LIVE_NOT_NEWER,
        {":fencing": live.fencing},
        {},
        item=live_item(live),
    )
