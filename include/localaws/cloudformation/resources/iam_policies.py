"""Policies that are resources of their own: of roles, inline or managed.

Groups and users are not served.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from localaws.cloudformation.errors import DeployError
from localaws.cloudformation.properties import ANYTHING, Property, document, text, unordered
from localaws.cloudformation.resource import (
    REGISTER,
    Context,
    Instance,
    ResourceType,
    exists,
    unless,
)

ABSENT = "NoSuchEntity"


@REGISTER.add
class RolePolicy(ResourceType):
    """AWS::IAM::RolePolicy: one inline policy of a role."""

    name = "AWS::IAM::RolePolicy"
    made_with = ("PolicyDocument", "PolicyName", "RoleName")
    properties = {
        "PolicyDocument": Property(document, required=True),
        "PolicyName": Property(text, required=True, replaces=True),
        "RoleName": Property(text, required=True, replaces=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Put the policy on the role, which must not have one of that name."""
        role, name = instance["RoleName"], instance["PolicyName"]
        if _inline(context.client("iam"), role, name) is not None:
            raise DeployError(f"{name} already exists on role {role}")
        _put(context, instance, [role])
        return f"{name}|{role}"

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Replace the policy."""
        _put(context, instance, [instance["RoleName"]])

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the policy."""
        role, name = instance["RoleName"], instance["PolicyName"]
        policy = _inline(context.client("iam"), role, name)
        return {"PolicyDocument": policy or {}, "PolicyName": name, "RoleName": role}

    def delete(self, context: Context, instance: Instance) -> None:
        """Remove the policy from the role, if the role exists."""
        _take(context, instance, [instance["RoleName"]])


@REGISTER.add
class Policy(ResourceType):
    """AWS::IAM::Policy: one inline policy of several roles."""

    name = "AWS::IAM::Policy"
    made_with = ("PolicyDocument", "PolicyName", "Roles")
    properties = {
        "PolicyDocument": Property(document, required=True),
        "PolicyName": Property(text, required=True, replaces=True),
        "Roles": Property(unordered, required=True),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Put the policy on the roles."""
        _put(context, instance, instance["Roles"])
        return context.generated_name(instance.logical_id)

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Put the policy on the roles, and take it from those that are no longer named."""
        _take(context, instance, set(instance.before.get("Roles", ())) - set(instance["Roles"]))
        _put(context, instance, instance["Roles"])

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the policy of each role."""
        iam, name = context.client("iam"), instance["PolicyName"]
        policies = {role: _inline(iam, role, name) for role in instance["Roles"]}
        documents = [policy for policy in policies.values() if policy is not None]
        same = all(policy == documents[0] for policy in documents)
        return {
            "PolicyDocument": documents[0] if documents and same else {},
            "PolicyName": name,
            "Roles": [role for role, policy in policies.items() if policy is not None],
        }

    def delete(self, context: Context, instance: Instance) -> None:
        """Take the policy from the roles that exist."""
        _take(context, instance, instance["Roles"])


@REGISTER.add
class ManagedPolicy(ResourceType):
    """AWS::IAM::ManagedPolicy; Ref gives its ARN."""

    name = "AWS::IAM::ManagedPolicy"
    attributes = ("PolicyArn",)
    made_with = ("Description", "ManagedPolicyName", "Path", "PolicyDocument")
    properties = {
        "Description": Property(text, default="", replaces=True),
        "ManagedPolicyName": Property(text, default=ANYTHING, replaces=True),
        "Path": Property(text, default="/", replaces=True),
        "PolicyDocument": Property(document, required=True),
        "Roles": Property(unordered, default=[]),
    }

    def create(self, context: Context, instance: Instance) -> str:
        """Create the policy; `apply` attaches it."""
        name = instance["ManagedPolicyName"]
        if name is ANYTHING:
            name = context.generated_name(instance.logical_id)[:128]
        policy = context.client("iam").create_policy(
            PolicyName=name,
            Path=instance["Path"],
            Description=instance["Description"],
            PolicyDocument=json.dumps(instance["PolicyDocument"]),
        )["Policy"]
        return str(policy["Arn"])

    def apply(self, context: Context, instance: Instance, changed: Collection[str]) -> None:
        """Make the document the only version, and attach the policy to the roles."""
        iam, arn = context.client("iam"), instance.physical_id
        if "PolicyDocument" in changed:
            policy = json.dumps(instance["PolicyDocument"])
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy, SetAsDefault=True)
            _drop_versions(iam, arn)
        if "Roles" in changed:
            roles = _roles_of(iam, arn)
            for role in set(instance.before.get("Roles", ())) - set(instance["Roles"]):
                iam.detach_role_policy(RoleName=role, PolicyArn=arn)
            for role in set(instance["Roles"]) - roles:
                iam.attach_role_policy(RoleName=role, PolicyArn=arn)

    def observe(self, context: Context, instance: Instance) -> Mapping[str, Any]:
        """Read the default version, and which of the named roles have the policy."""
        iam, arn = context.client("iam"), instance.physical_id
        policy = iam.get_policy(PolicyArn=arn)["Policy"]
        version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
        return {
            "Description": policy.get("Description", ""),
            "ManagedPolicyName": policy["PolicyName"],
            "Path": policy["Path"],
            "PolicyDocument": version["PolicyVersion"]["Document"],
            "Roles": sorted(_roles_of(iam, arn) & set(instance["Roles"])),
        }

    def delete(self, context: Context, instance: Instance) -> None:
        """Detach the policy everywhere, then delete it."""
        iam, arn = context.client("iam"), instance.physical_id
        if not exists(lambda: iam.get_policy(PolicyArn=arn), ABSENT):
            return
        for role in _roles_of(iam, arn):
            iam.detach_role_policy(RoleName=role, PolicyArn=arn)
        _drop_versions(iam, arn)
        iam.delete_policy(PolicyArn=arn)

    def read_attribute(self, context: Context, instance: Instance, name: str) -> Any:
        """Return the ARN."""
        return instance.physical_id


def _inline(iam: Any, role: str, name: str) -> Any:
    reply = unless(lambda: iam.get_role_policy(RoleName=role, PolicyName=name), ABSENT, default={})
    return reply.get("PolicyDocument")


def _put(context: Context, instance: Instance, roles: Collection[str]) -> None:
    iam, policy = context.client("iam"), json.dumps(instance["PolicyDocument"])
    for role in roles:
        iam.put_role_policy(RoleName=role, PolicyName=instance["PolicyName"], PolicyDocument=policy)


def _take(context: Context, instance: Instance, roles: Collection[str]) -> None:
    iam, name = context.client("iam"), instance["PolicyName"]
    for role in roles:
        unless(partial(iam.delete_role_policy, RoleName=role, PolicyName=name), ABSENT)


def _roles_of(iam: Any, arn: str) -> set[str]:
    pages = iam.get_paginator("list_entities_for_policy").paginate(
        PolicyArn=arn, EntityFilter="Role"
    )
    return {role["RoleName"] for page in pages for role in page["PolicyRoles"]}


def _drop_versions(iam: Any, arn: str) -> None:
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
