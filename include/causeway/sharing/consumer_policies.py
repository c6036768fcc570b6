"""Resource policies for consumers that the templates do not name.

The templates own the baseline: the accounts of the topology read the offline store and the
artifacts by the statements that CloudFormation wrote. The access model may grant to more (another
account, an organisational unit, the organisation); what such a consumer needs of the bucket and the
key is stated here, and merged into the existing policy by the prefix of the Sids. Administrators do
that for buckets and keys, whose policies are guards, Airflow for the others. A repository and the
Glue catalogue have no template (CloudFormation has no type for a catalogue's policy): all of their
readers are stated here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from causeway.digests import sha256
from causeway.errors import ConfigError
from causeway.features.groups import offline_prefix
from causeway.sharing.grants import DesiredGrant, desired_grants
from causeway.sharing.policies import PolicyHolder, Statement
from causeway.topology.access_rules import Grant, ResourceKind
from causeway.topology.account_roles import ONLINE_READERS, AccountRole
from causeway.topology.accounts import AccountId, Topology
from causeway.topology.arns import OrganisationArn
from causeway.topology.names import FEATURE_DATABASE
from causeway.use_cases.use_case import UseCase
from causeway.versions.registry import ARTIFACT, RELEASED, RELEASES

#: How the Sids of consumers' statements begin; no template has one that does.
PREFIX: Final = "CausewayConsumers"
#: How the Sids end that let in one role of each of the topology's consumers, and nobody else there.
READERS: Final = "Readers"

#: The accounts whose duties the templates' own statements name, by what they are granted.
_BASELINE: Final[Mapping[tuple[ResourceKind, Grant], tuple[AccountRole, ...]]] = MappingProxyType(
    {
        (ResourceKind.FEATURE_GROUPS, Grant.READ): (AccountRole.DATA_SCIENCE,),
        (ResourceKind.FEATURE_GROUPS, Grant.READ_WRITE): (AccountRole.DATA_SCIENCE,),
        (ResourceKind.FEATURE_GROUPS, Grant.ADMIN): (AccountRole.DATA_SCIENCE,),
        (ResourceKind.MODEL_GROUPS, Grant.REGISTER): (AccountRole.DATA_SCIENCE,),
        (ResourceKind.MODEL_GROUPS, Grant.DEPLOY): (AccountRole.TEST, AccountRole.PROD),
    }
)
_WRITES: Final = frozenset({Grant.REGISTER, Grant.ADMIN})
_READS_ARTIFACTS: Final = frozenset({Grant.REGISTER, Grant.DEPLOY, Grant.ADMIN})
#: What Athena asks of a table's owner; whether it reads partitions one by one is not verified.
_LOOK_UPS: Final = ("BatchGetPartition", "GetDatabase", "GetPartition", "GetPartitions", "GetTable")
#: Who runs jobs or endpoints and therefore pulls images.
_RUNS_IMAGES: Final = (
    AccountRole.DATA,
    AccountRole.DATA_SCIENCE,
    AccountRole.TEST,
    AccountRole.PROD,
)
_IMAGE: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/(?P<name>[^:@]+)"
)


@dataclass(frozen=True)
class ConsumerPolicy:
    """The consumers' statements on one bucket, key, repository or catalogue of an account.

    `name` is the bucket's or the repository's name, the key's alias, or the catalogue's account.
    """

    holder: PolicyHolder
    name: str
    statements: tuple[Statement, ...]


def consumer_policies(
    role: AccountRole, use_cases: Iterable[UseCase], topology: Topology, now: datetime
) -> tuple[ConsumerPolicy, ...]:
    """Return the policies of an owner's resources, also those without any consumer's statement.

    Raises:
        ConfigError: as `desired_grants`, or a bucket or key needs statements though
            `outside_consumers` is off.
    """
    policies = _policies(role, tuple(use_cases), topology, now)
    if not topology.outside_consumers:
        for policy in policies:
            outside = [s["Sid"] for s in policy.statements if not s["Sid"].endswith(READERS)]
            if outside and policy.holder in (PolicyHolder.BUCKET, PolicyHolder.KEY):
                raise ConfigError(
                    f"the declared access goes beyond the guards of {role.value}: the "
                    f"{policy.holder.word} {policy.name} would need {outside[0]}",
                    next_step="Have an administrator set `outside_consumers: true` and deploy the "
                    "guards, or take the grant out.",
                )
    return policies


def _policies(
    role: AccountRole, cases: Sequence[UseCase], topology: Topology, now: datetime
) -> tuple[ConsumerPolicy, ...]:
    all_grants = desired_grants(cases, topology, now)
    grants = [g for g in all_grants if _is_beyond(g, topology)]
    repositories = _repositories(role, grants, topology)
    if role is AccountRole.DATA:
        return (
            *_of_data(grants, cases, topology),
            _catalog_policy(all_grants, topology),
            *repositories,
        )
    if role is AccountRole.SHARED_SERVICES:
        return (*_of_artifacts(grants, cases, topology), *repositories)
    return repositories


def _of_data(
    grants: Sequence[DesiredGrant], cases: Sequence[UseCase], topology: Topology
) -> tuple[ConsumerPolicy, ...]:
    prefixes = {group.name: offline_prefix(case) for case in cases for group in case.feature_groups}
    bucket = _bucket_arn(topology, AccountRole.DATA)
    readers: dict[str, set[str]] = {}
    for grant in grants:
        if grant.kind is ResourceKind.FEATURE_GROUPS and _reads_offline(grant, topology):
            prefix = prefixes[grant.resource.name]
            readers.setdefault(prefix, set()).add(grant.principal)
    statements: list[Statement] = []
    only = _readers(topology)
    for prefix, principals in sorted(readers.items()):
        word = f"Offline{_word(prefix)}"
        statements += _statements(
            f"Read{word}", ["s3:GetObject"], [f"{bucket}/{prefix}/*"], principals, readers=only
        )
        statements += _statements(
            f"List{word}",
            ["s3:ListBucket"],
            [bucket],
            principals,
            {"StringLike": {"s3:prefix": [f"{prefix}/*"]}},
            only,
        )
    all_readers = {principal for principals in readers.values() for principal in principals}
    return (
        ConsumerPolicy(PolicyHolder.BUCKET, topology.bucket(AccountRole.DATA), tuple(statements)),
        _key_policy(AccountRole.DATA, topology, all_readers, set(), only),
    )


def _catalog_policy(grants: Iterable[DesiredGrant], topology: Topology) -> ConsumerPolicy:
    """Return who may look up the tables of which feature groups, for Athena.

    A table that the feature store makes is called after its group and the time of its creation. Of
    the data science account the trainer is let in, to every table.
    """
    owner, consumer = topology.account(AccountRole.DATA), topology.account(AccountRole.DATA_SCIENCE)
    start = f"arn:{topology.partition}:glue:{topology.region}:{owner}"
    database = [f"{start}:catalog", f"{start}:database/{FEATURE_DATABASE}"]
    tables = f"{start}:table/{FEATURE_DATABASE}"
    actions = [f"glue:{action}" for action in _LOOK_UPS]
    readers: dict[str, set[str]] = {}
    for grant in grants:
        if grant.kind is ResourceKind.FEATURE_GROUPS and _reads_offline(grant, topology):
            group = grant.resource.name.replace("-", "_").lower()
            readers.setdefault(group, set()).add(grant.principal)
    statements: list[Statement] = []
    if any(consumer in principals for principals in readers.values()):
        trainer = {"aws:PrincipalArn": [topology.role_arn(AccountRole.DATA_SCIENCE, "trainer")]}
        statements += _statements(
            "LookUpTrainer", actions, [*database, f"{tables}/*"], {consumer}, {"ArnEquals": trainer}
        )
    for group, principals in sorted(readers.items()):
        statements += _statements(
            f"LookUp{_word(group)}",
            actions,
            [*database, f"{tables}/{group}_*"],
            principals - {consumer},
            readers=_readers(topology),
        )
    return ConsumerPolicy(PolicyHolder.CATALOG, owner, tuple(statements))


def _of_artifacts(
    grants: Sequence[DesiredGrant], cases: Sequence[UseCase], topology: Topology
) -> tuple[ConsumerPolicy, ...]:
    """Return who reads and stores artifacts; who only deploys reads those in production."""
    models = {model.group: model.name for case in cases for model in case.models}
    bucket = _bucket_arn(topology, AccountRole.SHARED_SERVICES)
    writers: dict[str, set[str]] = {}
    deployers: dict[str, set[str]] = {}
    for grant in grants:
        if grant.kind is ResourceKind.MODEL_GROUPS and grant.grant in _READS_ARTIFACTS:
            folder = f"models/{models[grant.resource.name]}"
            among = writers if grant.grant in _WRITES else deployers
            among.setdefault(folder, set()).add(grant.principal)
    tag = f"s3:ExistingObjectTag/{RELEASES[AccountRole.PROD]}"
    released = {"StringEquals": {tag: [RELEASED]}}
    statements: list[Statement] = []
    for verb, action, files, folders, condition in (
        ("Read", "s3:GetObject", "*", writers, None),
        ("ReadReleased", "s3:GetObject", f"*/{ARTIFACT}", deployers, released),
        ("Store", "s3:PutObject", "*", writers, None),
    ):
        for folder, principals in sorted(folders.items()):
            word = f"{verb}Artifacts{_word(folder)}"
            resources = [f"{bucket}/{folder}/{files}"]
            statements += _statements(word, [action], resources, principals, condition)
    writing = {principal for principals in writers.values() for principal in principals}
    reading = writing | {principal for principals in deployers.values() for principal in principals}
    return (
        ConsumerPolicy(
            PolicyHolder.BUCKET, topology.bucket(AccountRole.SHARED_SERVICES), tuple(statements)
        ),
        _key_policy(AccountRole.SHARED_SERVICES, topology, reading, writing),
    )


def _key_policy(
    role: AccountRole,
    topology: Topology,
    reading: set[str],
    writing: set[str],
    readers: Mapping[str, str] = MappingProxyType({}),
) -> ConsumerPolicy:
    through_s3 = {"StringEquals": {"kms:ViaService": [f"s3.{topology.region}.amazonaws.com"]}}
    statements = (
        *_statements("Decrypt", ["kms:Decrypt"], ["*"], reading, through_s3, readers),
        *_statements("Encrypt", ["kms:GenerateDataKey"], ["*"], writing, through_s3),
    )
    return ConsumerPolicy(PolicyHolder.KEY, topology.key_alias(role), statements)


def _repositories(
    role: AccountRole, grants: Sequence[DesiredGrant], topology: Topology
) -> tuple[ConsumerPolicy, ...]:
    """Return the policies of the images' repositories that live in the account of a role."""
    owner = topology.account(role)
    if topology.roles_of(owner)[0] is not role:
        return ()  # of several roles in one account the first one speaks for it
    matches = {_IMAGE.match(uri) for uri in topology.images.values()}
    names = sorted({m["name"] for m in matches if m is not None and m["account"] == owner})
    pulling = {str(topology.account(role_)) for role_ in _RUNS_IMAGES} - {owner}
    pulling |= {g.principal for g in grants if g.grant in (Grant.DEPLOY, Grant.ADMIN)}
    actions = ["BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"]
    return tuple(
        ConsumerPolicy(
            PolicyHolder.REPOSITORY,
            name,
            _statements("Pull", [f"ecr:{action}" for action in actions], [], pulling),
        )
        for name in names
    )


def _statements(
    word: str,
    actions: list[str],
    resources: list[str],
    principals: Iterable[str],
    condition: Mapping[str, Mapping[str, list[str]]] | None = None,
    readers: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Statement, ...]:
    """Return up to four statements: for accounts, their only readers, units, the organisation.

    `readers` are the roles that alone are let in, by their account.
    """
    receivers = sorted(principals)
    accounts = [p for p in receivers if p.isdigit() and p not in readers]
    consumers = [p for p in receivers if p in readers]
    arns = [OrganisationArn.parse(p) for p in receivers if not p.isdigit()]
    partition = next((arn.partition for arn in arns), "aws")
    units = [_path(arn) for arn in arns if arn.unit]
    organisations = [arn.organisation for arn in arns if not arn.unit]
    statements: list[Statement] = []
    for suffix, who, membership in (
        ("", accounts, {}),
        (
            READERS,
            consumers,
            {"ArnEquals": {"aws:PrincipalArn": [readers[account] for account in consumers]}},
        ),
        ("Units", units, {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": units}}),
        ("Organisation", organisations, {"StringEquals": {"aws:PrincipalOrgID": organisations}}),
    ):
        if not who:
            continue
        roots = [f"arn:{partition}:iam::{account}:root" for account in who]
        statement: Statement = {
            "Sid": f"{PREFIX}{word}{suffix}",
            "Effect": "Allow",
            "Principal": {"AWS": roots if suffix in ("", READERS) else "*"},
            "Action": actions,
        }
        if resources:  # a repository's policy names none
            statement["Resource"] = resources
        conditions = _both(condition or {}, membership)
        if conditions:
            statement["Condition"] = conditions
        statements.append(statement)
    return tuple(statements)


def _both(
    first: Mapping[str, Mapping[str, list[str]]], second: Mapping[str, Mapping[str, list[str]]]
) -> dict[str, dict[str, list[str]]]:
    conditions = {operator: dict(keys) for operator, keys in first.items()}
    for operator, keys in second.items():
        conditions.setdefault(operator, {}).update(keys)
    return conditions


def _path(unit: OrganisationArn) -> str:
    """Return a unit's path as `aws:PrincipalOrgPaths` has it; the root is whatever it is."""
    return f"{unit.organisation}/*/{unit.unit}/*"


def _is_beyond(grant: DesiredGrant, topology: Topology) -> bool:
    baseline = {topology.account(role) for role in _BASELINE.get((grant.kind, grant.grant), ())}
    return AccountId(grant.principal) not in baseline


def _readers(topology: Topology) -> dict[str, str]:
    return {
        topology.account(role): topology.role_arn(role, "reader") for role in topology.consumers
    }


def _reads_offline(grant: DesiredGrant, topology: Topology) -> bool:
    """Tell whether a receiver of features may have use for their offline store."""
    roles = topology.roles_of(grant.principal)
    return not roles or any(role not in ONLINE_READERS for role in roles)


def _bucket_arn(topology: Topology, role: AccountRole) -> str:
    return f"arn:{topology.partition}:s3:::{topology.bucket(role)}"


def _word(path: str) -> str:
    """Return a path as a part of a Sid, which takes letters and digits only."""
    name = path.rpartition("/")[2]
    plain = "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name))
    return f"{plain}{sha256(path)[:6]}"
