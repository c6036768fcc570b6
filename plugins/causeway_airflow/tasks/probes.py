"""The probes of the preflight: harmless calls with the consumer's own credentials.

A probe of a write is refused for what it says, after it was authorised: that refusal is its yes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from causeway.access.answers import RamView, absence, denial
from causeway.access.checks import LOOKER, Check, Probe
from causeway.access.sights import Sight
from causeway.access.verdicts import YES, Side, Verdict, no, untested
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import FeatureGroupArn, ModelPackageGroupArn
from causeway.topology.names import DATA_CATALOG
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.athena import AthenaHook
from causeway_airflow.hooks.base import AwsCallError, CausewayHook
from causeway_airflow.hooks.feature_records import FeatureRecordsHook
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.hooks.glue import GlueHook
from causeway_airflow.hooks.ram import RamHook
from causeway_airflow.tasks.acting import Hooks

H = TypeVar("H")

#: What no resource of ours is called.
NOBODY: Final = "causeway-preflight-asks-for-nothing"
#: A version that no group reaches.
NO_VERSION: Final = 999999999
#: The MD5 of other content than is sent: S3 would refuse it even without the other condition.
OTHER_MD5: Final = "1B2M2Y8AsgTpgAmY7PhCfh=="
#: How a service refuses a request for what it says.
REFUSED: Final = frozenset(
    {
        "BadDigest",
        "InvalidDigest",
        "InvalidRange",
        "PreconditionFailed",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ValidationError",
        "ValidationException",
        "412",
    }
)


class Prober:
    """Probes of one consumer's account."""

    def __init__(self, hook: Hooks, sights: Iterable[Sight]) -> None:
        self._acting = hook
        sights = tuple(sights)
        self._versions = {k: v for sight in sights for k, v in sight.versions.items()}
        self._samples = {k: v for sight in sights for k, v in sight.samples.items()}
        self._views: dict[AccountRole, RamView] = {}

    def probe(self, check: Check) -> Verdict:
        """Make a check's call and read the answer."""
        try:
            return PROBES[check.probe](self, check)
        except AwsCallError as error:
            return self._read(error, check)

    def _read(self, error: AwsCallError, check: Check) -> Verdict:
        region = self._region(check)
        if error.denied:
            return denial(error.text or error.what, check, region, self._view(check))
        if error.missing:
            return absence(error.text or error.what, check, region, self._view(check))
        if error.retryable:
            return untested(error.what)
        if check.arn.region != region:
            return no(Side.REGION, reason=f"asked in {region}: {error.what}")
        return no(Side.UNKNOWN, reason=error.what)

    # ------------------------------------------------------------ hooks
    def hook(self, kind: type[H], check: Check, duty: str | None = None) -> H:
        """Return a hook that acts as the check's duty, or as another duty of its account."""
        return self._acting(kind, check.account_role, duty or check.duty)

    def _region(self, check: Check) -> str:
        return str(self.hook(FeatureGroupsHook, check).client.meta.region_name)

    def _view(self, check: Check) -> RamView | None:
        """Return what the consumer sees of RAM, None where it may not look."""
        if check.account_role not in self._views:
            ram = self.hook(RamHook, check, LOOKER)
            try:
                self._views[check.account_role] = RamView.of(
                    ram.shared_with_me(),
                    ((i.share_name, i.sender) for i in ram.invitations() if i.status != "ACCEPTED"),
                )
            except AwsCallError:
                return None
        return self._views[check.account_role]

    # ------------------------------------------------------------ probes
    def visible(self, check: Check) -> Verdict:
        """Look whether RAM shows the resource to this account."""
        view = self._view(check)
        if view is None:
            return no(Side.IDENTITY, reason=f"{LOOKER} may not look at RAM")
        return YES if check.resource in view.resources else no(view.blame(check))

    def search(self, check: Check) -> Verdict:
        """Search others' catalogs for something of the owner."""
        reply = self.hook(FeatureGroupsHook, check).call(
            "search", Resource="FeatureGroup", CrossAccountFilterOption="CrossAccount"
        )
        groups = [hit["FeatureGroup"]["FeatureGroupArn"] for hit in reply["Results"]]
        if check.owner in {FeatureGroupArn.parse(group).account for group in groups}:
            return YES
        view = self._view(check)
        if view is None or check.resource in view.resources:
            return untested("the search finds nothing of the owner")
        return no(view.blame(check), reason="the search finds nothing of the owner")

    def describe_version(self, check: Check) -> Verdict:
        """Describe the group's latest version."""
        version = self._versions.get(check.resource)
        if version is None:
            return untested("there is no version yet")
        self.hook(FeatureGroupsHook, check).call("describe_model_package", ModelPackageName=version)
        return YES

    def list_offline(self, check: Check) -> Verdict:
        """List one object under the offline store's prefix."""
        bucket, prefix = check.location
        self.hook(ArtifactsHook, check).call(
            "list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1
        )
        return YES

    def find_catalogue(self, check: Check) -> Verdict:
        """Look whether this account's Athena knows the owner's catalogue."""
        self.hook(AthenaHook, check).call("get_data_catalog", Name=DATA_CATALOG)
        return YES

    def look_up_table(self, check: Check) -> Verdict:
        """Look up the table of the group's offline store in the owner's catalogue."""
        try:
            group = self.hook(FeatureGroupsHook, check).find(check.resource) or {}
        except AwsCallError as error:
            return untested(f"the table's name is not known: {error.what}")
        table = (group.get("OfflineStoreConfig") or {}).get("DataCatalogConfig")
        if not table:
            return untested("the group has no table in Glue")
        self.hook(GlueHook, check).call(
            "get_table",
            CatalogId=check.owner,
            DatabaseName=table["Database"],
            Name=table["TableName"],
        )
        return YES

    def read_object(self, check: Check) -> Verdict:
        """Read the first byte of an object that the owner's auditor found: bucket and key."""
        bucket, prefix = check.location
        key = self._samples.get(check.place)
        if key is None:
            what = f"nothing tagged {check.tag}" if check.tag else "nothing"
            return untested(f"there is {what} in s3://{bucket}/{prefix} yet")
        s3 = self.hook(ArtifactsHook, check)
        return _yes_or_refused(s3, "get_object", Bucket=bucket, Key=key, Range="bytes=0-0")

    def store_artifact(self, check: Check) -> Verdict:
        """Ask to write where an artifact is, once only and with a wrong digest: never written."""
        bucket, prefix = check.location
        key = self._samples.get(check.place)
        if key is None:
            return untested(f"there is nothing in s3://{bucket}/{prefix} yet")
        alias = next(need.key_of for need in check.needs if need.key_of)
        return _yes_or_refused(
            self.hook(ArtifactsHook, check),
            "put_object",
            Bucket=bucket,
            Key=key,
            Body=b"",
            IfNoneMatch="*",
            ContentMD5=OTHER_MD5,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=alias,
        )


def _yes_or_refused(hook: CausewayHook, operation: str, **params: Any) -> Verdict:
    try:
        hook.call(operation, **params)
    except AwsCallError as error:
        if error.code not in REFUSED:
            raise
    return YES


def _call(
    kind: type[CausewayHook], operation: str, named: str, **more: Any
) -> Callable[[Prober, Check], Verdict]:
    """Return a probe that is one call on the resource, by its ARN."""

    def probe(prober: Prober, check: Check) -> Verdict:
        prober.hook(kind, check).call(operation, **{named: check.resource}, **more)
        return YES

    return probe


def _refused(
    kind: type[CausewayHook], operation: str, **params: Any
) -> Callable[[Prober, Check], Verdict]:
    """Return a probe that is refused for what it says; `{arn}` and `{version}` are filled in."""

    def probe(prober: Prober, check: Check) -> Verdict:
        names = {"arn": check.resource}
        if isinstance(check.arn, ModelPackageGroupArn):
            names["version"] = str(check.arn.version(NO_VERSION))
        return _yes_or_refused(prober.hook(kind, check), operation, **_fill(params, names))

    return probe


def _fill(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, names) for item in value]
    return value.format(**names) if isinstance(value, str) else value


_GROUP: Final = "FeatureGroupName"
_MODELS: Final = "ModelPackageGroupName"

PROBES: Final[dict[Probe, Callable[[Prober, Check], Verdict]]] = {
    Probe.VISIBLE: Prober.visible,
    Probe.DESCRIBE_FEATURE_GROUP: _call(FeatureGroupsHook, "describe_feature_group", _GROUP),
    Probe.GET_RECORD: _call(
        FeatureRecordsHook, "get_record", _GROUP, RecordIdentifierValueAsString=NOBODY
    ),
    Probe.PUT_RECORD: _refused(
        FeatureRecordsHook,
        "put_record",
        FeatureGroupName="{arn}",
        Record=[{"FeatureName": NOBODY, "ValueAsString": "0"}],
    ),
    Probe.DELETE_RECORD: _refused(
        FeatureRecordsHook,
        "delete_record",
        FeatureGroupName="{arn}",
        RecordIdentifierValueAsString=NOBODY,
        EventTime="never",
    ),
    Probe.UPDATE_METADATA: _refused(
        FeatureGroupsHook, "update_feature_metadata", FeatureGroupName="{arn}", FeatureName=NOBODY
    ),
    Probe.LIST_OFFLINE: Prober.list_offline,
    Probe.READ_OFFLINE: Prober.read_object,
    Probe.FIND_CATALOGUE: Prober.find_catalogue,
    Probe.LOOK_UP_TABLE: Prober.look_up_table,
    Probe.SEARCH: Prober.search,
    Probe.DESCRIBE_GROUP: _call(FeatureGroupsHook, "describe_model_package_group", _MODELS),
    Probe.LIST_VERSIONS: _call(FeatureGroupsHook, "list_model_packages", _MODELS, MaxResults=1),
    Probe.DESCRIBE_VERSION: Prober.describe_version,
    # Both names at once are refused, whatever else is said.
    Probe.REGISTER: _refused(
        FeatureGroupsHook,
        "create_model_package",
        ModelPackageGroupName="{arn}",
        ModelPackageName=NOBODY,
    ),
    # Neither is there such a version nor is a role named.
    Probe.DEPLOY: _refused(
        FeatureGroupsHook,
        "create_model",
        ModelName=NOBODY,
        PrimaryContainer={"ModelPackageName": "{version}"},
    ),
    Probe.DESCRIBE_CARD: _call(FeatureGroupsHook, "describe_model_card", "ModelCardName"),
    Probe.READ_ARTIFACT: Prober.read_object,
    Probe.STORE_ARTIFACT: Prober.store_artifact,
}
