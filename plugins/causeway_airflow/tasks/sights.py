"""What an account's auditor sees: shares and resource policies of an owner, roles of a consumer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from causeway.access.checks import Check
from causeway.access.prediction import LISTED
from causeway.access.sights import LakeGrant, SeenInvitation, SeenRole, SeenShare, Sight
from causeway.topology.access_rules import ResourceKind
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.arns import ModelPackageGroupArn
from causeway.versions.registry import ARTIFACT
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.iam import IamHook
from causeway_airflow.hooks.lake_formation import LakeHook
from causeway_airflow.hooks.owned_resources import OwnedResourcesHook
from causeway_airflow.hooks.policies import BucketPolicyHook, CatalogPolicyHook, KeyPolicyHook
from causeway_airflow.hooks.ram import RamHook
from causeway_airflow.tasks.acting import Hooks

#: How many artifacts, the newest first, are looked at for one that has a tag.
LOOKS: Final = 20


def _sample(files: ArtifactsHook, check: Check) -> str | None:
    """Return the key of an object that a check may read, None where there is none."""
    bucket, prefix = check.location
    few = {} if check.tag else {"MaxKeys": 1}
    listed = files.call("list_objects_v2", Bucket=bucket, Prefix=prefix, **few).get("Contents", [])
    if check.tag is None:
        return str(listed[0]["Key"]) if listed else None
    newest = sorted(listed, key=lambda item: item["LastModified"], reverse=True)
    keys = [str(item["Key"]) for item in newest if item["Key"].endswith(f"/{ARTIFACT}")]
    return next((k for k in keys[:LOOKS] if check.tag in files.tags(f"s3://{bucket}/{k}")), None)


@dataclass(frozen=True)
class Auditor:
    """The auditor of one account role."""

    hook: Hooks
    role: AccountRole
    places: Topology

    def sight(self, checks: Iterable[Check]) -> Sight:
        """Look at all that the checks need of this account."""
        checks = tuple(checks)
        owned = [check for check in checks if check.owner_role is self.role]
        consumed = [check for check in checks if check.account_role is self.role]
        parts: dict[str, Any] = {
            "account": self.places.account(self.role),
            "region": self.hook(RamHook).client.meta.region_name,
        }
        if owned:
            parts |= self._of_owner(owned)
        if consumed:
            parts["roles"] = self._roles({check.duty for check in consumed})
            parts["invitations"] = self._invitations()
        return Sight(**parts)

    # ------------------------------------------------------------ as an owner
    def _of_owner(self, checks: Sequence[Check]) -> dict[str, Any]:
        by_place = {check.place: check for check in checks if check.location[0]}
        aliases = {need.key_of for check in checks for need in check.needs if need.key_of}
        policies, samples = self._buckets(by_place.values())
        keys, of_keys = self._keys(aliases)
        policies |= of_keys
        kinds = {check.kind for check in checks} & LISTED
        lake: list[LakeGrant] = []
        if ResourceKind.FEATURE_GROUPS in kinds:
            policies |= self._catalogue()
            lake = self.hook(LakeHook).grants()
        owned = self.hook(OwnedResourcesHook)
        existing = sorted(owned.existing(kinds) & {check.resource for check in checks})
        groups = {check.arn for check in checks if isinstance(check.arn, ModelPackageGroupArn)}
        versions = {
            str(arn): owned.latest_version(arn.name) for arn in groups if str(arn) in existing
        }
        policies |= owned.policies(versions)
        return {
            "shares": self._shares(),
            "policies": policies,
            "lake": lake,
            "keys": keys,
            "samples": samples,
            "existing": existing,
            "cards": owned.card_statuses() if ResourceKind.MODEL_CARDS in kinds else {},
            "versions": {arn: latest for arn, latest in sorted(versions.items()) if latest},
        }

    def _buckets(self, places: Iterable[Check]) -> tuple[dict[str, str | None], dict[str, str]]:
        """Return the policies of the buckets, and the key of one object in each place."""
        in_order = sorted(places, key=lambda check: check.place)
        s3, files = self.hook(BucketPolicyHook), self.hook(ArtifactsHook)
        policies = {
            f"arn:{self.places.partition}:s3:::{bucket}": s3.read(bucket)
            for bucket in dict.fromkeys(check.location[0] for check in in_order)
        }
        samples = {check.place: _sample(files, check) for check in in_order}
        return policies, {place: key for place, key in samples.items() if key}

    def _keys(self, aliases: Iterable[str]) -> tuple[dict[str, str], dict[str, str | None]]:
        """Return the key behind each alias, and the keys' policies."""
        kms = self.hook(KeyPolicyHook)
        keys = {
            alias: str(kms.call("describe_key", KeyId=alias)["KeyMetadata"]["Arn"])
            for alias in sorted(aliases)
        }
        return keys, {arn: kms.read(arn) for arn in keys.values()}

    def _catalogue(self) -> dict[str, str | None]:
        """Read the policy of the Glue catalogue, which knows the tables of the offline store."""
        account = self.places.account(self.role)
        return {self.places.glue_arn(self.role): self.hook(CatalogPolicyHook).read(account)}

    def _shares(self) -> list[SeenShare]:
        """Read the owner's shares whole: lists, and each version of a permission that is used."""
        ram = self.hook(RamHook)
        shares = [share for share in ram.observed() if share.status == "ACTIVE"]
        permissions = {item for share in shares for item in share.permissions.items()}
        actions = {item: ram.actions(*item) for item in sorted(permissions)}
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

    # ------------------------------------------------------------ as a consumer
    def _roles(self, duties: Iterable[str]) -> dict[str, SeenRole]:
        iam = self.hook(IamHook)
        roles = {
            self.places.role_arn(self.role, duty): iam.role(f"causeway-{duty}")
            for duty in sorted(duties)
        }
        return {arn: role for arn, role in roles.items() if role is not None}

    def _invitations(self) -> list[SeenInvitation]:
        return [
            SeenInvitation(
                share_arn=invitation.share_arn,
                share_name=invitation.share_name,
                sender=invitation.sender,
                status=invitation.status,
            )
            for invitation in self.hook(RamHook).invitations()
        ]
