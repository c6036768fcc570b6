"""What an account can find: the catalogue's answer to a question, and what others share with it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from causeway.errors import ConfigError
from causeway.features.discovery import DiscoveryContext, Hit, Question, answer, table
from causeway.features.health import health_key
from causeway.instants import moment
from causeway.sharing.grants import receiving_accounts
from causeway.sharing.permissions import RESOURCE_TYPES
from causeway.topology.access_rules import ResourceKind
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.arns import FeatureGroupArn
from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.governance import GovernanceHook
from causeway_airflow.hooks.ram import RamHook
from causeway_airflow.hooks.search import SearchHook
from causeway_airflow.hooks.shared_with_me import SharedWithMeHook
from causeway_airflow.results import DiscoveredResources
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.declared_access import declared_grants

log = logging.getLogger(__name__)

#: The duty that looks for features, in the accounts that have it.
EXPLORER: Final = "explorer"


def find_features(hook: Hooks, question: Question, account_role: str) -> tuple[Hit, ...]:
    """Return the feature groups that an account can find and that answer a question.

    Raises:
        ConfigError: the account role is unknown, or has nobody who looks for features.
        AwsCallError: a call was refused.
    """
    role = _explorer_role(account_role)
    places, cases = topology(), use_cases()
    search = hook(SearchHook, role, EXPLORER)
    shared = hook(RamHook, role, EXPLORER).shared_with_me(
        RESOURCE_TYPES[ResourceKind.FEATURE_GROUPS]
    )
    contracts = _contracts(cases, places)
    discovery = DiscoveryContext(
        topology=places,
        account=places.account(role),
        shared=frozenset(shared),
        contracts={arn: group for arn, (group, _) in contracts.items()},
        owners={arn: owner for arn, (_, owner) in contracts.items()},
        consumers=_consumers(places),
        ingested=_ingested(hook(GovernanceHook, AccountRole.GOVERNANCE, "recorder"), contracts),
        now=clock.now(),
    )
    return answer(question, search.feature_groups(), search.features(), discovery)


def list_features(
    hook: Hooks, account_role: str, *, text: str, owner: str, tag: str, type: str
) -> list[dict[str, Any]]:
    """Log what `find_features` finds as a table, and return it as documents."""
    hits = find_features(hook, Question(text, owner, tag, type), account_role)
    log.info("what account role %s can find:\n%s", account_role, table(hits))
    return [hit.document() for hit in hits]


def discover_shared(hook: Hooks) -> DiscoveredResources:
    """List what others let this account find, by kind of resource."""
    shared = hook(SharedWithMeHook)
    # Model cards have no cross-account list call: RAM knows them.
    cards = hook(RamHook).shared_with_me(RESOURCE_TYPES[ResourceKind.MODEL_CARDS])
    return DiscoveredResources(
        feature_groups=list(shared.feature_groups()),
        model_groups=list(shared.model_groups()),
        model_cards=list(cards),
    )


def _explorer_role(account_role: str) -> AccountRole:
    able = [role.value for role in topology().roles if EXPLORER in role.duties]
    if account_role not in able:
        raise ConfigError(
            f"nobody looks for features as account role {account_role!r}",
            next_step=f"Use one of: {', '.join(able)}.",
        )
    return AccountRole(account_role)


#: Contract and owner of a feature group, by its ARN.
_Contracts = dict[str, tuple[FeatureGroup, str]]


def _contracts(cases: Sequence[UseCase], places: Topology) -> _Contracts:
    """Return contract and owner of each feature group that this project declares, by ARN."""
    return {
        str(FeatureGroupArn.of(places, AccountRole.DATA, group.name)): (
            group,
            group.owner or case.owner,
        )
        for case in cases
        for group in case.feature_groups
    }


def _consumers(places: Topology) -> dict[str, tuple[str, ...]]:
    consumers: dict[str, set[str]] = {}
    for grant in declared_grants():
        if grant.kind is ResourceKind.FEATURE_GROUPS:
            accounts = receiving_accounts(grant, places) or (grant.principal,)
            consumers.setdefault(str(grant.resource), set()).update(accounts)
    return {arn: tuple(sorted(accounts)) for arn, accounts in consumers.items()}


def _ingested(table: GovernanceHook, contracts: _Contracts) -> dict[str, datetime]:
    """Return when each declared group was last ingested, from the governance table."""
    keys = {health_key(group.name): arn for arn, (group, _) in contracts.items()}
    items = table.get_many(keys)
    return {keys[key]: moment(item["finished_at"]) for key, item in items.items()}
