"""What an account's auditor sees: shares and resource policies of an owner, roles of a consumer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from causeway.access.checks import Check
from causeway.access.prediction import LISTED
from causeway.access.sights import LakeGrant, SeenInvitation, SeenRole, SeenShare, Sight
from causeway.digests import canonical_json
from causeway.topology.access_rules import ResourceKind
from causeway.topology.accounts import AccountRole, Topology
from causeway_airflow.hooks.base import AwsCallError, CausewayHook
from causeway_airflow.hooks.owned_resources import OwnedResourcesHook
from causeway_airflow.hooks.policies import BucketPolicyHook, CatalogPolicyHook, KeyPolicyHook
from causeway_airflow.hooks.ram import RamHook


class IamHook(CausewayHook):
    """Roles of one account."""

    service = "iam"

    def role(self, name: str) -> SeenRole | None:
        """Return a role's policies and its boundary, None where there is no such role."""
        try:
            found = self.call("get_role", RoleName=name)["Role"]
        except AwsCallError as error:
            if error.missing:
                return None
            raise
        names = self.call("list_role_policies", RoleName=name)["PolicyNames"]
        attached = self.call("list_attached_role_policies", RoleName=name)["AttachedPolicies"]
        managed = [policy["PolicyArn"] for policy in attached]
        boundary = found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return SeenRole(
            identity={policy: self._document(name, policy) for policy in names}
            | {arn: self._managed(arn) for arn in managed},
            boundary=self._managed(boundary) if boundary else None,
        )

    def _document(self, role: str, policy: str) -> str:
        found = self.call("get_role_policy", RoleName=role, PolicyName=policy)["PolicyDocument"]
        return _text(found)

    def _managed(self, arn: str) -> str:
        """Return a managed policy's document in the version that counts."""
        version = self.call("get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = self.call("get_policy_version", PolicyArn=arn, VersionId=version)
        return _text(found["PolicyVersion"]["Document"])


def _text(document: str | dict[str, Any]) -> str:
    """Return a policy as JSON; IAM sends it as an encoded text, which botocore may have read."""
    return unquote(document) if isinstance(document, str) else canonical_json(document)


class LakeHook(CausewayHook):
    """Lake Formation's grants on the tables of one account, as far as the auditor is shown them."""

    service = "lakeformation"

    def grants(self) -> list[LakeGrant]:
        """Return the grants on tables.

        `SELECT` may be listed as one on columns; only one on all of them counts as the table's.
        """
        found: list[LakeGrant] = []
        listed = self.pages(
            "list_permissions", "PrincipalResourcePermissions", ResourceType="TABLE"
        )
        for one in listed:
            columns = one["Resource"].get("TableWithColumns")
            table = columns or one["Resource"]["Table"]
            whole = columns is None or columns.get("ColumnWildcard") == {}
            if whole:
                found.append(
                    LakeGrant(
                        principal=one["Principal"]["DataLakePrincipalIdentifier"],
                        database=table["DatabaseName"],
                        table=table.get("Name"),
                        permissions=tuple(one["Permissions"]),
                    )
                )
        return found


class VersionsHook(CausewayHook):
    """Model groups' versions, as an auditor of the account sees them."""

    service = "sagemaker"

    def latest(self, group: str) -> str | None:
        """Return the ARN of a model group's latest version."""
        reply = self.call(
            "list_model_packages",
            ModelPackageGroupName=group,
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=1,
        )
        found = reply["ModelPackageSummaryList"]
        return str(found[0]["ModelPackageArn"]) if found else None


class Auditor:
    """The auditor of one account role; one hook for each service."""

    def __init__(
        self, connection: str, region: str | None, role: AccountRole, places: Topology
    ) -> None:
        self.connection = connection
        self.region = region
        self.role = role
        self.places = places

    def sight(self, checks: Iterable[Check]) -> Sight:
        """Look at all that the checks need of this account."""
        every = tuple(checks)
        account = self.places.account(self.role)
        owned = [check for check in every if check.owner_role is self.role]
        consumed = [check for check in every if check.account_role is self.role]
        found: dict[str, Any] = {"account": account, "region": self.ram.client.meta.region_name}
        if owned:
            found |= self._of_owner(owned)
        if consumed:
            found["roles"] = self._roles({check.duty for check in consumed})
            found["invitations"] = self._invitations()
        return Sight(**found)

    @cached_property
    def ram(self) -> RamHook:
        """RAM as this auditor."""
        return RamHook(self.connection, self.region)

    # ------------------------------------------------------------ as an owner
    def _of_owner(self, checks: list[Check]) -> dict[str, Any]:
        places = {check.place for check in checks if check.place[0]}
        aliases = {need.key_of for check in checks for need in check.needs if need.key_of}
        policies, keys, samples = self._buckets_and_keys(places, aliases)
        kinds = {check.kind for check in checks} & LISTED
        lake: list[LakeGrant] = []
        if ResourceKind.FEATURE_GROUPS in kinds:
            policies |= self._catalogue()
            lake = LakeHook(self.connection, self.region).grants()
        owned = OwnedResourcesHook(self.connection, self.region)
        existing = sorted(owned.existing(kinds) & {check.resource for check in checks})
        groups = [arn for arn in existing if ":model-package-group/" in arn]
        policies |= owned.policies(groups)
        return {
            "shares": self._shares(),
            "policies": policies,
            "lake": lake,
            "keys": keys,
            "samples": samples,
            "existing": existing,
            "cards": owned.card_statuses() if ResourceKind.MODEL_CARDS in kinds else {},
            "versions": self._versions(groups),
        }

    def _buckets_and_keys(
        self, places: set[tuple[str, str]], aliases: set[str]
    ) -> tuple[dict[str, str | None], dict[str, str], dict[str, str]]:
        policies: dict[str, str | None] = {}
        keys: dict[str, str] = {}
        samples: dict[str, str] = {}
        s3 = BucketPolicyHook(self.connection, self.region)
        for bucket in sorted({bucket for bucket, _ in places}):
            policies[f"arn:{self.places.partition}:s3:::{bucket}"] = s3.read(bucket)
        for bucket, prefix in sorted(places):
            listed = s3.call("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
            if listed.get("Contents"):
                samples[f"{bucket}/{prefix}"] = listed["Contents"][0]["Key"]
        kms = KeyPolicyHook(self.connection, self.region)
        for alias in sorted(aliases):
            arn = str(kms.call("describe_key", KeyId=alias)["KeyMetadata"]["Arn"])
            keys[alias] = arn
            policies[arn] = kms.read(arn)
        return policies, keys, samples

    def _catalogue(self) -> dict[str, str | None]:
        """Read the policy of the Glue catalogue, which knows the tables of the offline store."""
        account = self.places.account(self.role)
        hook = CatalogPolicyHook(self.connection, self.region)
        return {self.places.glue_arn(self.role): hook.read(account)}

    def _versions(self, groups: Iterable[str]) -> dict[str, str]:
        hook = VersionsHook(self.connection, self.region)
        found = {arn: hook.latest(arn.rpartition("/")[2]) for arn in groups}
        return {arn: latest for arn, latest in found.items() if latest}

    def _shares(self) -> list[SeenShare]:
        """Read the owner's shares whole: lists, and each version of a permission that is used."""
        shares = [share for share in self.ram.observed() if share.status == "ACTIVE"]
        used = {item for share in shares for item in share.permissions.items()}
        actions = {item: self._actions(*item) for item in sorted(used)}
        return [
            SeenShare(
                arn=share.arn,
                name=share.name,
                status=share.status,
                resources=dict(share.resources),
                principals=dict(share.principals),
                actions=tuple(sorted({a for i in share.permissions.items() for a in actions[i]})),
            )
            for share in shares
        ]

    def _actions(self, permission: str, version: str) -> list[str]:
        answer = self.ram.call(
            "get_permission", permissionArn=permission, permissionVersion=int(version)
        )
        found = json.loads(answer["permission"]["permission"])["Action"]
        return [action.lower() for action in ([found] if isinstance(found, str) else found)]

    # ------------------------------------------------------------ as a consumer
    def _roles(self, duties: set[str]) -> dict[str, SeenRole]:
        iam = IamHook(self.connection, self.region)
        found = {
            self.places.role_arn(self.role, duty): iam.role(f"causeway-{duty}")
            for duty in sorted(duties)
        }
        return {arn: role for arn, role in found.items() if role is not None}

    def _invitations(self) -> list[SeenInvitation]:
        return [
            SeenInvitation(
                share_arn=found.share_arn,
                share_name=found.share_name,
                sender=found.sender,
                status=found.status,
            )
            for found in self.ram.invitations()
        ]
