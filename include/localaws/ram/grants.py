"""What RAM grants: access to resources of other accounts, as the authoriser checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.kit.arns import parse_arn
from localaws.ram import organisation as organisations
from localaws.ram.permissions import resource_types
from localaws.ram.shares import RamStore, Share

if TYPE_CHECKING:
    from datetime import datetime

    from localaws.kit.capabilities import Stores, TimedStores

LINEAGE = ("artifact", "action", "context", "experiment-trial-component")


def store_of(stores: Stores, region: str) -> RamStore:
    """Return RAM's state in a region, for all accounts."""
    return stores.store(RamStore, "aws", region)


def shared_arn(resource_arn: str) -> str:
    """Return the ARN under which a resource is shared.

    A model package is shared with its group, an export job with its model card, an execution with
    its pipeline, a lineage entity with the lineage group of its account.
    """
    arn = parse_arn(resource_arn)
    first = arn.resource_id.split("/", 1)[0]
    if arn.resource_type == "model-package":
        shared = f"model-package-group/{first}"
    elif arn.resource_type == "model-card":
        shared = f"model-card/{first}"
    elif arn.resource_type == "pipeline":
        shared = f"pipeline/{first}"
    elif arn.resource_type in LINEAGE:
        shared = "lineage-group/sagemaker-default-lineage-group"
    else:
        return resource_arn
    return f"arn:{arn.partition}:sagemaker:{arn.region}:{arn.account}:{shared}"


def allowed(stores: Stores, principal_account: str, action: str, resource_arn: str) -> bool:
    """Tell whether an account may do `action` (`sagemaker:…`) on a resource through RAM.

    True for its own resources. Otherwise an active share of the owner must contain the resource,
    the account must be a member of it (invitation accepted, or none needed), and the permission of
    the resource's type must include the action.
    """
    arn = parse_arn(resource_arn)
    if arn.account == principal_account:
        return True
    store = store_of(stores, arn.region)
    shared = shared_arn(resource_arn)
    with store.lock:
        for share in store.sharing(shared):
            kind = share.resources[shared].resource_type
            if (
                share.origin is None  # for the others, the resource policy itself decides
                and share.owner == arn.account
                and kind is not None
                and action in share.actions(kind)
                and member(stores, share, principal_account)
            ):
                return True
    return False


def member(stores: Stores, share: Share, account: str) -> bool:
    """Tell whether an account is in a share, by its id, its unit or its organisation."""
    return joined(stores, share, account) is not None


def joined(stores: Stores, share: Share, account: str) -> datetime | None:
    """Return since when an account is in a share, or None."""
    organisation = organisations.of(stores)
    for principal in (account, *organisation.above(account)):
        association = share.principals.get(principal)
        if association is None or association.status != "ASSOCIATED":
            continue
        if principal == account or organisation.together(share.owner, account):
            return association.updated
    return None


def shared_with(
    stores: Stores, account: str, region: str, resource_type: str, action: str
) -> list[str]:
    """Return the ARNs of other accounts' resources of a type that an account may do `action` on."""
    if resource_type not in resource_types():
        raise ValueError(f"{resource_type} is not shareable")
    store = store_of(stores, region)
    arns: dict[str, None] = {}
    with store.lock:
        for share in store.shares.values():
            if share.owner == account or share.status != "ACTIVE" or not share.discoverable:
                continue
            if action in share.actions(resource_type) and member(stores, share, account):
                for association in share.live_resources():
                    if association.resource_type == resource_type:
                        arns[association.entity] = None
    return list(arns)


def forget(aws: TimedStores, resource_arn: str) -> None:
    """Remove a deleted resource from every share, as AWS does."""
    store = store_of(aws, parse_arn(resource_arn).region)
    with store.lock:
        for share in list(store.sharing(resource_arn)):
            store.remove(share, share.resources[resource_arn], aws.clock.now())
