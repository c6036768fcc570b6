"""What an account's auditor sees: shares and resource policies of an owner, roles of a consumer."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from causeway.accounts import AccountRole, Topology
from causeway.documents import canonical_json
from causeway.preflight.checks import Check
from causeway.preflight.sights import SeenInvitation, SeenRole, SeenShare, Sight
from causeway_airflow.hooks.base import AwsCallError, CausewayHook
from causeway_airflow.hooks.policies import BucketPolicyHook, KeyPolicyHook
from causeway_airflow.hooks.ram import RamHook


class IamHook(CausewayHook):
    """Roles of one account."""

    service = "iam"

    def role(self, name: str) -> SeenRole | None:
        """Return a role's inline policies and what else hangs on it, None where there is none."""
        try:
            found = self.call("get_role", RoleName=name)["Role"]
        except AwsCallError as error:
            if error.missing:
                return None
            raise
        names = self.call("list_role_policies", RoleName=name)["PolicyNames"]
        attached = self.call("list_attached_role_policies", RoleName=name)["AttachedPolicies"]
        return SeenRole(
            identity={policy: self._document(name, policy) for policy in names},
            boundary=found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            attached=tuple(policy["PolicyArn"] for policy in attached),
        )

    def _document(self, role: str, policy: str) -> str:
        found = self.call("get_role_policy", RoleName=role, PolicyName=policy)["PolicyDocument"]
        return unquote(found) if isinstance(found, str) else canonical_json(found)


class RegistrySightHook(CausewayHook):
    """What SageMaker shows an auditor of its own account."""

    service = "sagemaker"

    def existing(self, names: Collection[str]) -> list[str]:
        """Return the ARNs of the feature groups and model groups there are, of these lists."""
        lists = {
            "list_feature_groups": ("FeatureGroupSummaries", "FeatureGroupArn"),
            "list_model_package_groups": ("ModelPackageGroupSummaryList", "ModelPackageGroupArn"),
        }
        return [
            found[arn]
            for operation, (key, arn) in lists.items()
            if operation in names
            for found in self.pages(operation, key)
        ]

    def group_policy(self, group: str) -> str | None:
        """Return the policy of a model group."""
        try:
            reply = self.call("get_model_package_group_policy", ModelPackageGroupName=group)
        except AwsCallError as error:
            if error.missing:
                return None
            raise
        return str(reply["ResourcePolicy"])

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
        resources = {check.resource for check in checks}
        existing, versions = self._registry(resources, policies)
        return {
            "shares": self._shares(),
            "policies": policies,
            "keys": keys,
            "samples": samples,
            "existing": existing,
            "versions": versions,
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

    def _registry(
        self, resources: set[str], policies: dict[str, str | None]
    ) -> tuple[list[str], dict[str, str]]:
        hook = RegistrySightHook(self.connection, self.region)
        wanted = {
            operation
            for kind, operation in (
                (":feature-group/", "list_feature_groups"),
                (":model-package-group/", "list_model_package_groups"),
            )
            if any(kind in resource for resource in resources)
        }
        existing = [arn for arn in hook.existing(wanted) if arn in resources]
        versions: dict[str, str] = {}
        for arn in existing:
            if ":model-package-group/" in arn:
                name = arn.rpartition("/")[2]
                policies[arn] = hook.group_policy(name)
                if latest := hook.latest(name):
                    versions[arn] = latest
        return existing, versions

    def _shares(self) -> list[SeenShare]:
        """Read the owner's shares whole: lists, and each permission that is used."""
        ram = self.ram
        entities: dict[tuple[str, str], dict[str, str]] = {}
        for kind in ("RESOURCE", "PRINCIPAL"):
            for one in ram.pages(
                "get_resource_share_associations",
                "resourceShareAssociations",
                associationType=kind,
            ):
                place = entities.setdefault((kind, one["resourceShareArn"]), {})
                place[one["associatedEntity"]] = one["status"]
        shares = [
            share
            for share in ram.pages("get_resource_shares", "resourceShares", resourceOwner="SELF")
            if share["status"] == "ACTIVE"
        ]
        used: dict[str, set[str]] = {}
        for share in shares:
            arn = share["resourceShareArn"]
            held = ram.pages("list_resource_share_permissions", "permissions", resourceShareArn=arn)
            used[arn] = {one["arn"] for one in held}
        actions = {arn: self._actions(arn) for arn in sorted(set().union(*used.values()))}
        return [
            SeenShare(
                arn=share["resourceShareArn"],
                name=share["name"],
                status=share["status"],
                resources=entities.get(("RESOURCE", share["resourceShareArn"]), {}),
                principals=entities.get(("PRINCIPAL", share["resourceShareArn"]), {}),
                actions=tuple(
                    sorted({a for p in used.get(share["resourceShareArn"], ()) for a in actions[p]})
                ),
            )
            for share in shares
        ]

    def _actions(self, permission: str) -> list[str]:
        answer = self.ram.call("get_permission", permissionArn=permission)["permission"]
        found = json.loads(answer["permission"])["Action"]
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
