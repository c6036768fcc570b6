"""The declared access: every grant that should hold at a given time, one by one.

Use cases and topology declare rules (`causeway.topology.access_rules`); this works out the owner,
the resource's ARN and the principal of each. `causeway.sharing.shares` turns the grants into
shares, the preflight and the access review compare them with what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from causeway.errors import ConfigError
from causeway.topology.access_rules import (
    ORGANISATION,
    WHOLE_ACCOUNT,
    AccessRule,
    CardStatusName,
    Grant,
    ResourceKind,
    Route,
)
from causeway.topology.account_roles import SHARERS, AccountRole
from causeway.topology.accounts import AccountId, Topology
from causeway.topology.arns import (
    FeatureCatalogArn,
    FeatureGroupArn,
    LineageGroupArn,
    ModelCardArn,
    ModelPackageGroupArn,
    OrganisationArn,
    SageMakerArn,
)
from causeway.use_cases.use_case import UseCase

CATALOG_NAME: Final = "DefaultFeatureGroupCatalog"
LINEAGE_GROUP_NAME: Final = "sagemaker-default-lineage-group"

#: How a kind of resource is owned, named in shares and named in ARNs.
_OWNERS: Final = {
    ResourceKind.FEATURE_CATALOG: AccountRole.DATA,
    ResourceKind.FEATURE_GROUPS: AccountRole.DATA,
    ResourceKind.MODEL_GROUPS: AccountRole.SHARED_SERVICES,
    ResourceKind.MODEL_CARDS: AccountRole.SHARED_SERVICES,
    ResourceKind.LINEAGE_GROUP: AccountRole.SHARED_SERVICES,
}
_WORDS: Final = {
    ResourceKind.FEATURE_CATALOG: "catalog",
    ResourceKind.FEATURE_GROUPS: "features",
    ResourceKind.MODEL_GROUPS: "models",
    ResourceKind.MODEL_CARDS: "cards",
    ResourceKind.LINEAGE_GROUP: "lineage",
}
_ARNS: Final[Mapping[ResourceKind, type[SageMakerArn]]] = {
    ResourceKind.FEATURE_CATALOG: FeatureCatalogArn,
    ResourceKind.FEATURE_GROUPS: FeatureGroupArn,
    ResourceKind.MODEL_GROUPS: ModelPackageGroupArn,
    ResourceKind.MODEL_CARDS: ModelCardArn,
    ResourceKind.LINEAGE_GROUP: LineageGroupArn,
}

#: What a use case without a section `access` declares.
DEFAULT_ACCESS: Final = (
    AccessRule(resource=ResourceKind.FEATURE_GROUPS, grant=Grant.READ, to=("data_science",)),
    AccessRule(resource=ResourceKind.MODEL_GROUPS, grant=Grant.REGISTER, to=("data_science",)),
    AccessRule(resource=ResourceKind.MODEL_GROUPS, grant=Grant.DEPLOY, to=("test", "prod")),
    # A model's card is written in development and, from its hand-over on, in test, and only read
    # in production.
    AccessRule(
        resource=ResourceKind.MODEL_CARDS,
        grant=Grant.READ_WRITE,
        to=("data_science",),
        label="development",
    ),
    AccessRule(
        resource=ResourceKind.MODEL_CARDS,
        grant=Grant.READ_WRITE,
        to=("test",),
        label="test",
        from_status="PendingReview",
    ),
    AccessRule(
        resource=ResourceKind.MODEL_CARDS,
        grant=Grant.READ,
        to=("prod",),
        label="production",
        from_status="Approved",
    ),
)


@dataclass(frozen=True)
class DesiredGrant:
    """One principal's grant on one resource, as declared.

    `principal` is an account id, or the ARN of an organisational unit or of the organisation.
    `share` is the name of the resource share that carries the grant.
    """

    owner: AccountId
    share: str
    resource: SageMakerArn
    principal: str
    kind: ResourceKind
    grant: Grant
    owner_role: AccountRole
    route: Route = "ram"
    until: datetime | None = None
    from_status: CardStatusName = "Draft"


def desired_grants(
    use_cases: Iterable[UseCase], topology: Topology, now: datetime
) -> tuple[DesiredGrant, ...]:
    """Return every grant that should hold at `now`, sorted; an expired one is not among them.

    Raises:
        ConfigError: a rule names a resource or a receiver that is not declared, two rules that
            differ have one share name, one model group has both routes, or a receiver is outside
            the topology though `outside_consumers` is off.
    """
    by_key: dict[tuple[str, ...], DesiredGrant] = {}
    for grant in _declared(tuple(use_cases), topology, now):
        key = (grant.owner, grant.share, str(grant.resource), grant.principal, grant.grant.value)
        earlier = by_key.get(key)
        if earlier is None or _outlasts(grant, earlier):
            by_key[key] = grant
    grants = tuple(by_key[key] for key in sorted(by_key))
    _refuse_what_differs(grants)
    _refuse_two_routes(grants)
    _refuse_outsiders(grants, topology)
    return grants


def may_read(grants: Iterable[DesiredGrant], group: FeatureGroupArn, reader: AccountId) -> bool:
    """Tell whether the declared access lets an account read a feature group.

    The owner may. Who is in an organisation or one of its units only AWS knows: they are let by.
    """
    receivers = {grant.principal for grant in grants if grant.resource == group}
    return group.account == reader or any(
        principal == reader or not principal.isdigit() for principal in receivers
    )


def _refuse_outsiders(grants: Iterable[DesiredGrant], topology: Topology) -> None:
    """Refuse what the sharing duties may not do: AWS would, with less to go by."""
    inside = set(topology.accounts.values())
    outsiders = sorted({g.principal for g in grants if g.principal not in inside})
    if outsiders and not topology.outside_consumers:
        raise ConfigError(
            f"access is granted to {outsiders[0]}, which is no account of topology {topology.name}",
            next_step="Have an administrator set `outside_consumers: true` and deploy the guards, "
            "or take the grant out.",
        )


def receiving_accounts(grant: DesiredGrant, topology: Topology) -> tuple[AccountId, ...]:
    """Return the accounts of the topology that a grant reaches, the owner left out.

    The members of an organisational unit are not in the topology, so its grants name nobody.
    """
    if grant.principal.isdigit():
        accounts = {AccountId(grant.principal)}
    elif OrganisationArn.parse(grant.principal).unit is None:
        accounts = {topology.account(role) for role in topology.roles}
    else:
        accounts = set()
    return tuple(sorted(accounts - {grant.owner}))


def _declared(
    use_cases: Sequence[UseCase], topology: Topology, now: datetime
) -> Iterator[DesiredGrant]:
    for case in use_cases:
        rules = DEFAULT_ACCESS if case.access is None else case.access
        for rule in rules:
            if rule.holds(now):
                yield from _of_rule(rule, (case,), topology, case.id.replace("_", "-"))
    for rule in topology.access:
        if rule.holds(now):
            yield from _of_rule(rule, use_cases, topology, "all")


def _of_rule(
    rule: AccessRule, use_cases: Sequence[UseCase], topology: Topology, scope: str
) -> Iterator[DesiredGrant]:
    names = _chosen(rule, use_cases, scope)
    principals = [_principal(receiver, topology) for receiver in rule.to]
    scopes = () if rule.resource in WHOLE_ACCOUNT else (scope,)
    share = "-".join(("causeway", _WORDS[rule.resource], *scopes, rule.share_label))
    for role in _owner_roles(rule):
        owner = topology.account(role)
        for name in names:
            arn = _ARNS[rule.resource].of(topology, role, name)
            for principal in principals:
                # Roles may live in one account; nobody shares with themselves.
                if principal != owner:
                    yield DesiredGrant(
                        owner,
                        share,
                        arn,
                        principal,
                        rule.resource,
                        rule.grant,
                        role,
                        rule.route,
                        rule.until,
                        rule.from_status,
                    )


def _chosen(rule: AccessRule, use_cases: Sequence[UseCase], scope: str) -> tuple[str, ...]:
    if rule.resource is ResourceKind.FEATURE_CATALOG:
        return (CATALOG_NAME,)
    if rule.resource is ResourceKind.LINEAGE_GROUP:
        return (LINEAGE_GROUP_NAME,)
    if rule.resource is ResourceKind.FEATURE_GROUPS:
        candidates = {g.name: g.tags for case in use_cases for g in case.feature_groups}
    else:
        # A model's card is called as the model's group.
        candidates = {model.group: {} for case in use_cases for model in case.models}
    strangers = sorted(set(rule.names) - set(candidates))
    if strangers:
        raise ConfigError(
            f"access of {scope}: {rule.resource.value} has no {', '.join(strangers)}",
            next_step=f"Use some of: {', '.join(sorted(candidates))}.",
        )
    return tuple(
        name
        for name, tags in candidates.items()
        if (not rule.names or name in rule.names) and rule.tags.items() <= tags.items()
    )


def _owner_roles(rule: AccessRule) -> tuple[AccountRole, ...]:
    roles = tuple(_role(word) for word in rule.of) or (_OWNERS[rule.resource],)
    for role in roles:
        if role not in SHARERS:
            raise ConfigError(
                f"access: account role {role.value} has no duty that shares",
                next_step=f"Let `of` be some of: {', '.join(r.value for r in SHARERS)}.",
            )
    return roles


def _principal(receiver: str, topology: Topology) -> str:
    if receiver.isdigit() or receiver.startswith("arn:"):
        return receiver
    if receiver == ORGANISATION or receiver.startswith("ou-"):
        return topology.organisation_arn(None if receiver == ORGANISATION else receiver)
    return topology.account(_role(receiver))


def _role(word: str) -> AccountRole:
    try:
        return AccountRole(word)
    except ValueError as error:
        raise ConfigError(
            f"access: {word!r} is no account role",
            next_step=f"Use one of: {', '.join(role.value for role in AccountRole)}, "
            "consumer_<name>.",
        ) from error


def _outlasts(grant: DesiredGrant, other: DesiredGrant) -> bool:
    return other.until is not None and (grant.until is None or grant.until > other.until)


def _refuse_what_differs(grants: Iterable[DesiredGrant]) -> None:
    # A share is resources times principals under one grant: other rules do not fit into it.
    shares: dict[tuple[str, str], list[DesiredGrant]] = {}
    for grant in grants:
        shares.setdefault((grant.owner, grant.share), []).append(grant)
    for (owner, name), of_share in shares.items():
        whole = len({g.resource for g in of_share}) * len({g.principal for g in of_share})
        if len(of_share) != whole or len({(g.grant, g.route, g.from_status) for g in of_share}) > 1:
            raise ConfigError(
                f"access: rules that differ would make one share {name}",
                account=owner,
                next_step="Give one of the rules a `label` of its own.",
            )


def _refuse_two_routes(grants: Iterable[DesiredGrant]) -> None:
    # Two writers of one policy overwrite each other.
    routes: dict[SageMakerArn, set[Route]] = {}
    for grant in grants:
        routes.setdefault(grant.resource, set()).add(grant.route)
    for resource, used in routes.items():
        if len(used) > 1:
            raise ConfigError(
                f"access: {resource} is shared through RAM and through a resource policy",
                next_step="Use one `route` in all rules that mean this model group.",
            )
