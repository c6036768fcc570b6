"""What the preflight asks: for every account, resource and grant the calls that have to work.

A check names the permissions that it needs, so that it can be predicted, and the probe that asks
AWS the same. Probes of writes have no effect: AWS authorises them and then refuses their content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from causeway.features.groups import offline_prefix
from causeway.sharing.grants import DesiredGrant, desired_grants, receiving_accounts
from causeway.topology.access_rules import CardStatusName, Grant, ResourceKind, Route
from causeway.topology.account_roles import ONLINE_READERS, AccountRole
from causeway.topology.accounts import AccountId, Topology
from causeway.topology.arns import ModelPackageGroupArn, SageMakerArn
from causeway.topology.names import DATA_CATALOG
from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.use_case import UseCase
from causeway.versions.registry import RELEASED, RELEASES


class Probe(StrEnum):
    """The calls that can be made; the values are the words of the matrix."""

    VISIBLE = "see it in RAM"
    DESCRIBE_FEATURE_GROUP = "describe"
    GET_RECORD = "read a record"
    PUT_RECORD = "write a record"
    DELETE_RECORD = "delete a record"
    UPDATE_METADATA = "change metadata"
    LIST_OFFLINE = "list the offline store"
    READ_OFFLINE = "read the offline store"
    FIND_CATALOGUE = "find the catalogue in Athena"
    LOOK_UP_TABLE = "look up the offline table"
    SEARCH = "search"
    DESCRIBE_GROUP = "describe the group"
    LIST_VERSIONS = "list versions"
    DESCRIBE_VERSION = "describe a version"
    DESCRIBE_CARD = "describe the card"
    REGISTER = "register a version"
    DEPLOY = "make a model"
    READ_ARTIFACT = "read an artifact"
    STORE_ARTIFACT = "store an artifact"


@dataclass(frozen=True)
class Need:
    """One permission: an action on a resource of an owner, with what the call's context holds.

    `key_of` stands for the key behind an alias, which is only known once it was looked at.
    """

    action: str
    resource: str
    facts: Mapping[str, str | bool] = field(default_factory=dict)
    key_of: str | None = None


@dataclass(frozen=True)
class Check:
    """One thing that a duty of a consumer has to be able to do with a shared resource."""

    account: AccountId
    account_role: AccountRole
    duty: str
    owner: AccountId
    owner_role: AccountRole
    share: str
    arn: SageMakerArn
    kind: ResourceKind
    grant: Grant
    probe: Probe
    needs: tuple[Need, ...] = ()
    #: Where the probe looks besides the resource: a bucket and a prefix of it.
    location: tuple[str, str] = ("", "")
    route: Route = "ram"
    #: The status from which on a model card is shared.
    from_status: CardStatusName = "Draft"
    #: A tag that an object must have to be read; without one any object there will do.
    tag: str | None = None

    @property
    def resource(self) -> str:
        """The resource's ARN as policies, shares and calls write it."""
        return str(self.arn)

    @property
    def place(self) -> str:
        """Where the owner's auditor looks for an object to probe, and with which tag."""
        return "/".join(self.location) + (f"#{self.tag}" if self.tag else "")

    @property
    def key(self) -> str:
        """What tells the check from every other one."""
        parts = (self.account, self.duty, self.resource, self.grant, self.probe.name)
        return " ".join(parts).lower()


#: The duty of an account that uses each kind of resource, the first that the account has.
_USERS: Final[Mapping[tuple[ResourceKind, Grant], tuple[str, ...]]] = {
    (ResourceKind.FEATURE_CATALOG, Grant.DISCOVER): ("acceptor",),
    (ResourceKind.FEATURE_GROUPS, Grant.READ): ("trainer", "reader"),
    (ResourceKind.FEATURE_GROUPS, Grant.READ_WRITE): ("trainer",),
    (ResourceKind.FEATURE_GROUPS, Grant.ADMIN): ("trainer",),
    (ResourceKind.MODEL_GROUPS, Grant.REGISTER): ("registrar",),
    (ResourceKind.MODEL_GROUPS, Grant.DEPLOY): ("deployer",),
    (ResourceKind.MODEL_GROUPS, Grant.REVIEW): ("registrar", "deployer"),
    (ResourceKind.MODEL_GROUPS, Grant.ADMIN): ("registrar",),
    # No duty writes or exports another account's card; every grant on one lets it be read.
    (ResourceKind.MODEL_CARDS, Grant.READ): ("acceptor",),
    (ResourceKind.MODEL_CARDS, Grant.READ_WRITE): ("acceptor",),
    (ResourceKind.MODEL_CARDS, Grant.EXPORT): ("acceptor",),
}
#: The account roles whose stacks name the owner's catalogue to their Athena.
DATA_CATALOG_USERS: Final = (AccountRole.DATA_SCIENCE, AccountRole.CONSUMER)
#: Who looks at RAM in a consumer's account.
LOOKER: Final = "acceptor"


def checks(use_cases: Iterable[UseCase], topology: Topology, now: datetime) -> tuple[Check, ...]:
    """Return every check of the declared access, in a stable order.

    A receiver outside the topology has no check: nobody here has its credentials.

    Raises:
        ConfigError: as `desired_grants`.
    """
    cases = tuple(use_cases)
    by_key: dict[str, Check] = {}
    for grant in desired_grants(cases, topology, now):
        for account in receiving_accounts(grant, topology):
            for role in topology.roles_of(account):
                if LOOKER in role.duties:
                    for check in _of_grant(grant, account, role, cases, topology):
                        by_key.setdefault(check.key, check)
    return tuple(sorted(by_key.values(), key=lambda c: (c.account, c.resource, c.grant, c.duty)))


def _of_grant(
    grant: DesiredGrant,
    account: AccountId,
    role: AccountRole,
    cases: Sequence[UseCase],
    topology: Topology,
) -> Iterator[Check]:
    def check(
        probe: Probe,
        *needs: Need,
        duty: str,
        location: tuple[str, str] = ("", ""),
        tag: str | None = None,
    ) -> Check:
        return Check(
            account,
            role,
            duty,
            grant.owner,
            grant.owner_role,
            grant.share,
            grant.resource,
            grant.kind,
            grant.grant,
            probe,
            needs,
            location,
            grant.route,
            grant.from_status,
            tag,
        )

    if grant.route == "ram":
        yield check(Probe.VISIBLE, duty=LOOKER)
    users = _USERS.get((grant.kind, grant.grant), ())
    duty = next((user for user in users if user in role.duties), None)
    if duty is None:
        return
    if grant.kind is ResourceKind.FEATURE_CATALOG:
        yield check(Probe.SEARCH, Need("sagemaker:Search", "*"), duty=duty)
    elif grant.kind is ResourceKind.FEATURE_GROUPS:
        for probe, needs, location in _of_feature_group(grant, account, role, cases, topology):
            yield check(probe, *needs, duty=duty, location=location)
    elif grant.kind is ResourceKind.MODEL_CARDS:
        need = Need("sagemaker:DescribeModelCard", str(grant.resource))
        yield check(Probe.DESCRIBE_CARD, need, duty=duty)
    else:
        released = RELEASES.get(role) if grant.grant is Grant.DEPLOY else None
        for probe, needs, location in _of_model_group(grant, account, cases, topology, released):
            tag = released if probe is Probe.READ_ARTIFACT else None
            yield check(probe, *needs, duty=duty, location=location, tag=tag)


_Part = tuple[Probe, tuple[Need, ...], tuple[str, str]]
_NOWHERE: Final = ("", "")


def _of_feature_group(
    grant: DesiredGrant,
    account: AccountId,
    role: AccountRole,
    cases: Sequence[UseCase],
    topology: Topology,
) -> Iterator[_Part]:
    group = str(grant.resource)
    actions = [
        (Probe.DESCRIBE_FEATURE_GROUP, "DescribeFeatureGroup"),
        (Probe.GET_RECORD, "GetRecord"),
    ]
    if grant.grant in (Grant.READ_WRITE, Grant.ADMIN):
        actions += [(Probe.PUT_RECORD, "PutRecord"), (Probe.DELETE_RECORD, "DeleteRecord")]
    if grant.grant is Grant.ADMIN:
        actions += [(Probe.UPDATE_METADATA, "UpdateFeatureMetadata")]
    for probe, action in actions:
        yield probe, (Need(f"sagemaker:{action}", group),), _NOWHERE
    name = grant.resource.name
    case, contract = next((c, g) for c in cases for g in c.feature_groups if g.name == name)
    if not contract.offline.enabled or role in ONLINE_READERS:
        return
    prefix = offline_prefix(case)
    bucket = topology.bucket(grant.owner_role)
    arn = f"arn:{topology.partition}:s3:::{bucket}"
    location = (bucket, f"{prefix}/")
    yield (
        Probe.LIST_OFFLINE,
        (Need("s3:ListBucket", arn, {"s3:prefix": f"{prefix}/"}),),
        location,
    )
    yield (
        Probe.READ_OFFLINE,
        (
            Need("s3:GetObject", f"{arn}/{prefix}/object"),
            _of_key("kms:Decrypt", grant.owner_role, topology),
        ),
        location,
    )
    if role.kind in DATA_CATALOG_USERS:
        own = f"arn:{topology.partition}:athena:{topology.region}:{account}"
        needs = (Need("athena:GetDataCatalog", f"{own}:datacatalog/{DATA_CATALOG}"),)
        yield Probe.FIND_CATALOGUE, needs, _NOWHERE
    yield Probe.LOOK_UP_TABLE, _of_table(contract, grant.owner_role, topology), _NOWHERE


def _of_table(group: FeatureGroup, owner: AccountRole, topology: Topology) -> tuple[Need, ...]:
    # Where the contract names no table the store calls it after the group and its creation.
    table = group.offline.table or f"{group.name.replace('-', '_')}_0"
    database = group.offline.database
    parts = ("catalog", f"database/{database}", f"table/{database}/{table.lower()}")
    return tuple(Need("glue:GetTable", topology.glue_arn(owner, part)) for part in parts)


def _of_model_group(
    grant: DesiredGrant,
    account: AccountId,
    cases: Sequence[UseCase],
    topology: Topology,
    released: str | None,
) -> Iterator[_Part]:
    group = ModelPackageGroupArn.parse(str(grant.resource))
    versions = group.versions
    need = Need("sagemaker:DescribeModelPackageGroup", str(group))
    yield Probe.DESCRIBE_GROUP, (need,), _NOWHERE
    if grant.grant is not Grant.DEPLOY:
        needs = (Need("sagemaker:ListModelPackages", f"{versions}/*"),)
        yield Probe.LIST_VERSIONS, needs, _NOWHERE
    needs = (Need("sagemaker:DescribeModelPackage", f"{versions}/1"),)
    yield Probe.DESCRIBE_VERSION, needs, _NOWHERE
    if grant.grant is Grant.REVIEW:
        return
    model = next(m.name for case in cases for m in case.models if m.group == group.name)
    bucket = topology.bucket(grant.owner_role)
    artifact = f"arn:{topology.partition}:s3:::{bucket}/models/{model}/object/model.tar.gz"
    tags: dict[str, str | bool] = {f"s3:ExistingObjectTag/{released}": RELEASED} if released else {}
    location = (bucket, f"models/{model}/")
    if grant.grant in (Grant.REGISTER, Grant.ADMIN):
        needs = (Need("sagemaker:CreateModelPackage", f"{versions}/1"),)
        yield Probe.REGISTER, needs, _NOWHERE
    if grant.grant in (Grant.DEPLOY, Grant.ADMIN):
        own = f"arn:{topology.partition}:sagemaker:{topology.region}:{account}:model/preflight"
        both = (
            Need("sagemaker:CreateModel", own),
            Need("sagemaker:CreateModel", f"{versions}/1"),
        )
        yield Probe.DEPLOY, both, _NOWHERE
    yield (
        Probe.READ_ARTIFACT,
        (
            Need("s3:GetObject", artifact, tags),
            _of_key("kms:Decrypt", grant.owner_role, topology),
        ),
        location,
    )
    if grant.grant in (Grant.REGISTER, Grant.ADMIN):
        facts: dict[str, str | bool] = {
            "s3:if-none-match": "*",
            "s3:ObjectCreationOperation": True,
            "s3:x-amz-server-side-encryption": "aws:kms",
        }
        yield (
            Probe.STORE_ARTIFACT,
            (
                Need("s3:PutObject", artifact, facts),
                _of_key("kms:GenerateDataKey", grant.owner_role, topology),
            ),
            location,
        )


def _of_key(action: str, owner: AccountRole, topology: Topology) -> Need:
    facts: dict[str, str | bool] = {"kms:ViaService": f"s3.{topology.region}.amazonaws.com"}
    return Need(action, "", facts, key_of=topology.key_alias_arn(owner))
