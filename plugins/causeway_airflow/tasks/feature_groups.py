"""Feature groups: created from their contract, and brought to it when the contract grew."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from causeway.errors import StillRunning, UnexpectedState
from causeway.features.changes import metadata, tag_changes, updates
from causeway.features.groups import create_request
from causeway.statuses import Meaning, meaning
from causeway.topology.account_roles import AccountRole
from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.feature_store import FeatureGroupsHook

log = logging.getLogger(__name__)

#: Seconds until a group must be created or changed, and between two looks at it.
SETTLED_SECONDS: Final = 600.0
LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class EnsuredGroup:
    """A feature group that is as its contract says, and what was done to that end."""

    description: dict[str, Any]
    created: bool = False
    changed: bool = False


def request_of(
    group: FeatureGroup, case: UseCase, role: AccountRole = AccountRole.DATA
) -> dict[str, Any]:
    """Return the `CreateFeatureGroup` request of a contract, with the key of its account."""
    accounts = topology()
    return create_request(group, case, accounts, kms_key_id=accounts.key_alias_arn(role))


def ensure(groups: FeatureGroupsHook, request: dict[str, Any]) -> EnsuredGroup:
    """Create a feature group, or bring the existing one to its contract, and wait for it.

    `request` is the `CreateFeatureGroup` request of the contract.

    Raises:
        UnexpectedState: the group cannot be used, or differs in what can never change.
        StillRunning: its creation or change does not end in time.
    """
    name = request["FeatureGroupName"]
    created = groups.find(name) is None and _create(groups, request)
    description = _settled(groups, name)
    if created:
        return EnsuredGroup(description, created=True)
    changes = updates(request, description)
    for change in changes:
        groups.call("update_feature_group", **change)
        log.info("%s: %s", name, ", ".join(sorted(set(change) - {"FeatureGroupName"})))
        description = _settled(groups, name)
    tagged = _tag(groups, description["FeatureGroupArn"], request["Tags"])
    return EnsuredGroup(description, changed=bool(changes) or tagged)


def describe_features(groups: FeatureGroupsHook, group: FeatureGroup, case: UseCase) -> int:
    """Give each feature the metadata of its contract; return how many were changed."""
    stored = {
        name: groups.call(
            "describe_feature_metadata", FeatureGroupName=group.name, FeatureName=name
        )
        for name in group.feature_names
    }
    changes = metadata(group, case, stored)
    for change in changes:
        groups.call("update_feature_metadata", **change)
    return len(changes)


def _create(groups: FeatureGroupsHook, request: dict[str, Any]) -> bool:
    """Create a group; return whether it was this call that created it."""
    try:
        groups.call("create_feature_group", **request)
    except AwsCallError as error:
        if not error.exists:
            raise
        return False
    return True


def _tag(groups: FeatureGroupsHook, arn: str, tags: Sequence[dict[str, str]]) -> bool:
    """Bring a group's tags to its contract's; return whether any was changed."""
    present = groups.pages("list_tags", "Tags", ResourceArn=arn)
    added, removed = tag_changes(tags, present)
    if removed:  # first: while the tag that lists ours still names them
        groups.call("delete_tags", ResourceArn=arn, TagKeys=removed)
    if added:
        groups.call("add_tags", ResourceArn=arn, Tags=added)
    return bool(added or removed)


def _settled(groups: FeatureGroupsHook, name: str) -> dict[str, Any]:
    """Return the description of a group once it is neither being created nor being changed."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        description = groups.find(name) or {"FeatureGroupStatus": "(gone)"}
        update = description.get("LastUpdateStatus") or {"Status": "Successful"}
        match _state(description, update):
            case Meaning.SUCCESS:
                return description
            case Meaning.WAITING if time.monotonic() > deadline:
                raise StillRunning(
                    f"the creation or change of feature group {name} is still running after "
                    f"{SETTLED_SECONDS:.0f} seconds",
                    principal=groups.principal,
                    next_step="Re-run the task: it goes on waiting.",
                )
            case Meaning.WAITING:
                time.sleep(LOOK_SECONDS)
            case _:
                raise _unusable(groups, name, description, update)


def _state(description: dict[str, Any], update: dict[str, Any]) -> Meaning:
    """Return the meaning of a group's status; where that is a success, of its last update's."""
    state = meaning("FeatureGroupStatus", description["FeatureGroupStatus"])
    if state is not Meaning.SUCCESS:
        return state
    return meaning("LastUpdateStatusValue", update["Status"])


def _unusable(
    groups: FeatureGroupsHook, name: str, description: dict[str, Any], update: dict[str, Any]
) -> UnexpectedState:
    status = description["FeatureGroupStatus"]
    reason = description.get("FailureReason") or update.get("FailureReason", "no reason")
    return UnexpectedState(
        f"feature group {name} is {status} ({update['Status']}): {reason}",
        principal=groups.principal,
        next_step="Delete it when it failed to be created, then re-run.",
    )
