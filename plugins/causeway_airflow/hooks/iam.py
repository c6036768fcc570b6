"""IAM roles of an account, with the policies that decide what they may do."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from causeway.access.sights import SeenRole
from causeway.digests import canonical_json
from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class IamHook(CausewayHook):
    """Roles of one account."""

    service = "iam"

    def role(self, name: str) -> SeenRole | None:
        """Return a role's policies and its boundary, None where there is no such role."""
        try:
            role = self.call("get_role", RoleName=name)["Role"]
        except AwsCallError as error:
            if error.missing:
                return None
            raise
        names = self.call("list_role_policies", RoleName=name)["PolicyNames"]
        attached = self.call("list_attached_role_policies", RoleName=name)["AttachedPolicies"]
        managed = [policy["PolicyArn"] for policy in attached]
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return SeenRole(
            identity={policy: self._document(name, policy) for policy in names}
            | {arn: self._managed(arn) for arn in managed},
            boundary=self._managed(boundary) if boundary else None,
        )

    def trust(self, name: str) -> dict[str, Any]:
        """Return a role's trust policy."""
        policy = self.call("get_role", RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        document: dict[str, Any] = json.loads(_text(policy))
        return document

    def _document(self, role: str, policy: str) -> str:
        reply = self.call("get_role_policy", RoleName=role, PolicyName=policy)
        return _text(reply["PolicyDocument"])

    def _managed(self, arn: str) -> str:
        """Return a managed policy's document in the version that counts."""
        version = self.call("get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        reply = self.call("get_policy_version", PolicyArn=arn, VersionId=version)
        return _text(reply["PolicyVersion"]["Document"])


def _text(document: str | dict[str, Any]) -> str:
    """Return a policy as JSON; IAM sends it as an encoded text, which botocore may have read."""
    return unquote(document) if isinstance(document, str) else canonical_json(document)
