"""Model groups that are shared by a resource policy instead of a resource share.

Writing the policy makes RAM create a share that nobody can discover until its permission and it
are promoted (SageMaker developer guide, "Promote your model package group"). A group has one of
the two routes: with both, two writers would overwrite one policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from causeway.digests import canonical_json, sha256
from causeway.errors import SharingError
from causeway.sharing.actions import (
    Action,
    DeleteGroupPolicy,
    Disassociate,
    PromotePermission,
    PromoteShare,
    PutGroupPolicy,
)
from causeway.sharing.grants import DesiredGrant
from causeway.sharing.permissions import RULES
from causeway.sharing.plan import SharePlan
from causeway.sharing.policies import merge, remove, same, statements_of
from causeway.sharing.shares import PROMOTED, ObservedShare, OwnerState
from causeway.topology.access_rules import Grant, ResourceKind
from causeway.topology.arns import ModelPackageGroupArn

_SID = "CausewayMayModelGroup"


def policy_statements(grants: Iterable[DesiredGrant]) -> list[dict[str, Any]]:
    """Return the statements that give the grants on one model group, one by kind of grant."""
    receivers: dict[Grant, list[str]] = {}
    group: ModelPackageGroupArn | None = None
    for grant in grants:
        group = _group_of(grant)
        receivers.setdefault(grant.grant, []).append(grant.principal)
    if group is None:
        return []
    iam = f"arn:{group.partition}:iam"
    return [
        {
            "Sid": _sid(grant),
            "Effect": "Allow",
            "Principal": {"AWS": [f"{iam}::{account}:root" for account in sorted(accounts)]},
            "Action": [f"sagemaker:{a}" for a in RULES[ResourceKind.MODEL_GROUPS, grant].actions],
            "Resource": [str(group), f"{group.versions}/*"],
        }
        for grant, accounts in sorted(receivers.items())
    ]


def plan_group_policies(grants: Iterable[DesiredGrant], state: OwnerState) -> tuple[SharePlan, ...]:
    """Plan the policies of an owner's model groups, and the promotion of what they make.

    Raises:
        SharingError: a group that is shared through RAM has statements of others in its policy.
    """
    by_group: dict[ModelPackageGroupArn, list[DesiredGrant]] = {}
    by_ram: set[ModelPackageGroupArn] = set()
    for grant in grants:
        if grant.kind is ResourceKind.MODEL_GROUPS and grant.owner == state.account:
            if grant.route == "policy":
                by_group.setdefault(_group_of(grant), []).append(grant)
            else:
                by_ram.add(_group_of(grant))
    plans = [_plan_group(group, by_group[group], state) for group in sorted(by_group, key=str)]
    others = {ModelPackageGroupArn.parse(arn) for arn in state.policies} - set(by_group)
    for group in sorted(others, key=str):
        plans.append(_plan_without(group, group in by_ram, state))
    return tuple(plans)


def groups_to_look_at(
    grants: Iterable[DesiredGrant], shares: Iterable[ObservedShare]
) -> tuple[str, ...]:
    """Return the groups whose policy matters: declared so, or in a share that a policy made."""
    declared = {str(g.resource) for g in grants if g.route == "policy"}
    from_policies = {
        resource
        for share in shares
        if share.lives and not share.ours
        for resource in share.resources
        if ":model-package-group/" in resource and share.holds(resource)
    }
    return tuple(sorted(declared | from_policies))


def promoted_name(grant: Grant, group: str) -> str:
    """Return the name that the permission of a group's statement gets on its promotion."""
    meaning = canonical_json([group, RULES[ResourceKind.MODEL_GROUPS, grant].actions])
    return f"{PROMOTED}{grant.value}-{sha256(meaning)[:8]}"


def _group_of(grant: DesiredGrant) -> ModelPackageGroupArn:
    if not isinstance(grant.resource, ModelPackageGroupArn):
        raise SharingError(
            f"{grant.resource} is no model group: only those have a resource policy",
            next_step="Leave out `route: policy`.",
        )
    return grant.resource


def _plan_group(
    arn: ModelPackageGroupArn, grants: list[DesiredGrant], state: OwnerState
) -> SharePlan:
    name, group = arn.name, str(arn)
    subject = f"policy of {name}"
    if group not in state.resources:
        return SharePlan(subject, (), (f"{group} does not exist yet",))
    actions: list[Action] = [
        Disassociate(share.arn, share.name, (group,))
        for share in state.shares
        if share.lives and share.ours and share.holds(group)
    ]
    statements = policy_statements(grants)
    policy = state.policies.get(group)
    document = merge(_without_ours(policy), statements)
    if not same(policy, document):
        actions.append(PutGroupPolicy(name, document))
    actions += _promotions(group, grants, state)
    return SharePlan(subject, tuple(actions))


def _promotions(group: str, grants: list[DesiredGrant], state: OwnerState) -> list[Action]:
    permissions = {p.arn: p for p in state.permissions}
    names = {p.name for p in state.permissions}
    rules = {frozenset(_lower(RULES[g.kind, g.grant].actions)): g.grant for g in grants}
    actions: list[Action] = []
    for share in state.shares:
        if not share.lives or share.feature_set == "STANDARD" or not share.holds(group):
            continue
        for arn in share.permissions:
            permission = permissions.get(arn)
            if permission is None or permission.feature_set == "STANDARD":
                continue
            grant = rules.get(permission.actions)
            name = promoted_name(grant, group) if grant else None
            if name and name not in names:
                actions.append(PromotePermission(arn, name))
        if share.feature_set == "CREATED_FROM_POLICY":
            actions.append(PromoteShare(share.arn))
    return actions


def _plan_without(group: ModelPackageGroupArn, by_ram: bool, state: OwnerState) -> SharePlan:
    name, policy = group.name, state.policies[str(group)]
    subject = f"policy of {name}"
    left = _without_ours(policy)
    if statements_of(left):
        if by_ram:
            raise SharingError(
                f"model group {name} is shared through RAM and has a resource policy of others",
                account=state.account,
                next_step="Declare the group with `route: policy`, or remove the policy: with "
                "both, two writers overwrite one policy.",
            )
        changed = not same(policy, left)
        return SharePlan(subject, (PutGroupPolicy(name, left),) if changed else ())
    return SharePlan(subject, (DeleteGroupPolicy(name),))


def _without_ours(policy: str | Mapping[str, Any] | None) -> str:
    return remove(policy, [_sid(grant) for grant in Grant])


def _sid(grant: Grant) -> str:
    return _SID + "".join(part.capitalize() for part in grant.value.split("_"))


def _lower(actions: Iterable[str]) -> list[str]:
    return [f"sagemaker:{action}".lower() for action in actions]
