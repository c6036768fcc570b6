"""IAM roles with their trust, inline and managed policies."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from localaws.cloudformation.properties import (
    ANYTHING,
    Property,
    document,
    integer,
    keyed,
    structure,
    tags,
    text,
    unordered,
)
from localaws.cloudformation.resource import (
    REGISTER,
    Context,
    Instance,
    ResourceType,
    tag_list,
    unless,
)


@REGISTER.add
class Role(ResourceType):
    """AWS::IAM::Role."""

    name = "AWS::IAM::Role"
    attributes = ("Arn", "RoleId")
    made_with = ("AssumeRolePolicyDocument", "Path", "RoleName")
    properties = {
        "AssumeRolePolicyDocument": Property(document, required=True),
        "Description": Property(text, default=""),
        "ManagedPolicyArns": Property(unordered, default=[]),
        "MaxSessionDuration": Property(integer, default=3600),
        "Path": Property(text, default="/", replaces=True),
        "PermissionsBoundary": Property(text),
        "Policies": Property(
            keyed(
                "PolicyName",
                structure(PolicyName=text, PolicyDocument=document),
                lambda item: item.get("PolicyDocument"),
            ),
            default={},
        ),
        "RoleName": Property(text, default=ANYTHING, replaces=True),
        "Tags": Property(tags, default={}),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the role with its trust policy; `apply` adds its permissions."""
        name = instance["RoleName"]
        if name is ANYTHING:
            name = context.generated_name(instance.logical_id)[:64]
        context.client("iam").create_role(
            RoleName=name,
            Path=instance["Path"],
            AssumeRolePolicyDocument=json.dumps(instance["AssumeRolePolicyDocument"]),
        )
        return str(name)

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Write trust, description, policies, boundary and tags."""
        iam, role = context.client("iam"), instance.physical_id
        if "AssumeRolePolicyDocument" in changed:
            trust = json.dumps(instance["AssumeRolePolicyDocument"])
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
        if {"Description", "MaxSessionDuration"} & set(changed):
            iam.update_role(
                RoleName=role,
                Description=instance["Description"],
                MaxSessionDuration=instance["MaxSessionDuration"],
            )
        if "Policies" in changed:
            _set_inline(iam, role, instance["Policies"], instance.before.get("Policies") or {})
        if "ManagedPolicyArns" in changed:
            gone = set(instance.before.get("ManagedPolicyArns") or [])
            _set_managed(iam, role, instance["ManagedPolicyArns"], gone)
        if "PermissionsBoundary" in changed:
            if instance["PermissionsBoundary"] is None:
                iam.delete_role_permissions_boundary(RoleName=role)
            else:
                iam.put_role_permissions_boundary(
                    RoleName=role, PermissionsBoundary=instance["PermissionsBoundary"]
                )
        if "Tags" in changed:
            gone = {tag["Key"] for tag in _role(iam, role).get("Tags", [])} - set(instance["Tags"])
            if gone:
                iam.untag_role(RoleName=role, TagKeys=sorted(gone))
            if instance["Tags"]:
                iam.tag_role(RoleName=role, Tags=tag_list(instance["Tags"]))

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the role and its policies, without those that other resources give it."""
        iam, role = context.client("iam"), instance.physical_id
        description = _role(iam, role)
        boundary = description.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return {
            "AssumeRolePolicyDocument": description["AssumeRolePolicyDocument"],
            "Description": description.get("Description", ""),
            "ManagedPolicyArns": [
                arn for arn in attached_to(iam, role) if arn in instance["ManagedPolicyArns"]
            ],
            "MaxSessionDuration": description["MaxSessionDuration"],
            "Path": description["Path"],
            "PermissionsBoundary": boundary,
            "Policies": [
                {
                    "PolicyName": name,
                    "PolicyDocument": iam.get_role_policy(RoleName=role, PolicyName=name)[
                        "PolicyDocument"
                    ],
                }
                for name in _inline(iam, role)
                if name in instance["Policies"]
            ],
            "RoleName": description["RoleName"],
            "Tags": description.get("Tags", []),
        }

    def delete(self, context: Context, instance: Instance) -> None:
        """Remove all policies from the role, then delete it."""
        iam, role = context.client("iam"), instance.physical_id
        if unless(lambda: iam.get_role(RoleName=role), "NoSuchEntity") is None:
            return
        _set_inline(iam, role, {}, _inline(iam, role))
        _set_managed(iam, role, [], attached_to(iam, role))
        iam.delete_role(RoleName=role)

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the role's ARN or unique id."""
        if name == "Arn":
            path = str(instance["Path"])
            return context.arn("iam", f"role{path}{instance.physical_id}", region=False)
        return _role(context.client("iam"), instance.physical_id)["RoleId"]


def _role(iam: Any, role: str) -> dict[str, Any]:
    description: dict[str, Any] = iam.get_role(RoleName=role)["Role"]
    return description


def _inline(iam: Any, role: str) -> list[str]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    return [name for page in pages for name in page["PolicyNames"]]


def attached_to(iam: Any, role: str) -> list[str]:
    """Return the ARNs of the managed policies of a role."""
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _set_inline(iam: Any, role: str, policies: Mapping[str, Any], before: Collection[str]) -> None:
    present = _inline(iam, role)
    for name in before:
        if name not in policies and name in present:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
    for name, policy in policies.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def _set_managed(iam: Any, role: str, arns: Collection[str], before: Collection[str]) -> None:
    attached = attached_to(iam, role)
    for arn in before:
        if arn not in arns and arn in attached:
            iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    for arn in arns:
        if arn not in attached:
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)
