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

    def create(self, context: Context, wanted: Instance) -> str:
        """Make the role with its trust policy; its rights follow."""
        name = wanted["RoleName"]
        if name is ANYTHING:
            name = context.generated_name(wanted.logical_id)[:64]
        context.client("iam").create_role(
            RoleName=name,
            Path=wanted["Path"],
            AssumeRolePolicyDocument=json.dumps(wanted["AssumeRolePolicyDocument"]),
        )
        return str(name)

    def apply(self, context: Context, wanted: Instance, changed: Collection[str]) -> None:
        """Write trust, description, policies, boundary and tags."""
        iam, role = context.client("iam"), wanted.physical_id
        if "AssumeRolePolicyDocument" in changed:
            trust = json.dumps(wanted["AssumeRolePolicyDocument"])
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
        if {"Description", "MaxSessionDuration"} & set(changed):
            iam.update_role(
                RoleName=role,
                Description=wanted["Description"],
                MaxSessionDuration=wanted["MaxSessionDuration"],
            )
        if "Policies" in changed:
            _set_inline(iam, role, wanted["Policies"])
        if "ManagedPolicyArns" in changed:
            _set_managed(iam, role, wanted["ManagedPolicyArns"])
        if "PermissionsBoundary" in changed:
            if wanted["PermissionsBoundary"] is None:
                iam.delete_role_permissions_boundary(RoleName=role)
            else:
                iam.put_role_permissions_boundary(
                    RoleName=role, PermissionsBoundary=wanted["PermissionsBoundary"]
                )
        if "Tags" in changed:
            gone = {tag["Key"] for tag in _role(iam, role).get("Tags", [])} - set(wanted["Tags"])
            if gone:
                iam.untag_role(RoleName=role, TagKeys=sorted(gone))
            if wanted["Tags"]:
                iam.tag_role(RoleName=role, Tags=tag_list(wanted["Tags"]))

    def observe(self, context: Context, wanted: Instance) -> Mapping[str, Any]:
        """Read the role and every policy on it."""
        iam, role = context.client("iam"), wanted.physical_id
        held = _role(iam, role)
        boundary = held.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return {
            "AssumeRolePolicyDocument": held["AssumeRolePolicyDocument"],
            "Description": held.get("Description", ""),
            "ManagedPolicyArns": _managed(iam, role),
            "MaxSessionDuration": held["MaxSessionDuration"],
            "Path": held["Path"],
            "PermissionsBoundary": boundary,
            "Policies": [
                {
                    "PolicyName": name,
                    "PolicyDocument": iam.get_role_policy(RoleName=role, PolicyName=name)[
                        "PolicyDocument"
                    ],
                }
                for name in _inline(iam, role)
            ],
            "RoleName": held["RoleName"],
            "Tags": held.get("Tags", []),
        }

    def delete(self, context: Context, made: Instance) -> None:
        """Take every policy off the role, then delete it."""
        iam, role = context.client("iam"), made.physical_id
        if unless(lambda: iam.get_role(RoleName=role), "NoSuchEntity") is None:
            return
        _set_inline(iam, role, {})
        _set_managed(iam, role, [])
        iam.delete_role(RoleName=role)

    def read_attribute(self, context: Context, made: Instance, name: str) -> Any:
        """Return the role's ARN or unique id."""
        if name == "Arn":
            path = str(made["Path"])
            return context.arn("iam", f"role{path}{made.physical_id}", region=False)
        return _role(context.client("iam"), made.physical_id)["RoleId"]


def _role(iam: Any, role: str) -> dict[str, Any]:
    found: dict[str, Any] = iam.get_role(RoleName=role)["Role"]
    return found


def _inline(iam: Any, role: str) -> list[str]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    return [name for page in pages for name in page["PolicyNames"]]


def _managed(iam: Any, role: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]


def _set_inline(iam: Any, role: str, wanted: Mapping[str, Any]) -> None:
    for name in _inline(iam, role):
        if name not in wanted:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
    for name, policy in wanted.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def _set_managed(iam: Any, role: str, wanted: Collection[str]) -> None:
    held = _managed(iam, role)
    for arn in held:
        if arn not in wanted:
            iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    for arn in wanted:
        if arn not in held:
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)
