"""One question to the feature catalogue, asked as an account: by a task, or by the REST route.

Hooks are made once in a process and connection: making one assumes a role, which takes longer than
the five calls of a question.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from causeway.errors import ConfigError
from causeway.features.discovery import Hit, Known, Question, answer
from causeway.features.health import health_key
from causeway.instants import moment
from causeway.sharing.grants import desired_grants, receiving_accounts
from causeway.topology.access_rules import ResourceKind
from causeway.topology.accounts import DUTIES, AccountRole, Topology
from causeway.topology.arns import FeatureGroupArn
from causeway.topology.connections import connection_id
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import topology, use_cases

if TYPE_CHECKING:
    from causeway.use_cases.contracts import FeatureGroup

#: The duty that looks for features, in the accounts that have it.
DUTY: Final = "explorer"


def ask(question: Question, account_role: str) -> tuple[Hit, ...]:
    """Return the feature groups that an account can find and that answer a question.

    Raises:
        ConfigError: the account role is unknown, or has nobody who looks for features.
        AwsCallError: a call was refused.
    """
    role = _role(account_role)
    places, cases = topology(), use_cases()
    search, received, table = _hooks(connection_id(role, DUTY))
    declared = _declared(cases, places)
    known = Known(
        topology=places,
        account=places.account(role),
        shared=received.feature_groups(),
        contracts={arn: group for arn, (group, _) in declared.items()},
        owners={arn: owner for arn, (_, owner) in declared.items()},
        consumers=_consumers(cases, places),
        ingested=_ingested(table, declared),
        now=datetime.now(UTC),
    )
    return answer(question, search.feature_groups(), search.features(), known)


def _role(account_role: str) -> AccountRole:
    able = [role.value for role, duties in DUTIES.items() if DUTY in duties]
    if account_role not in able:
        raise ConfigError(
            f"nobody looks for features as account role {account_role!r}",
            next_step=f"Use one of: {', '.join(able)}.",
        )
    return AccountRole(account_role)


@lru_cache(maxsize=8)
def _hooks(connection: str) -> tuple[Any, Any, Any]:
    from causeway_airflow.hooks.governance import GovernanceHook
    from causeway_airflow.hooks.search import ReceivedHook, SearchHook

    recorder = connection_id(AccountRole.GOVERNANCE, "recorder")
    return SearchHook(connection), ReceivedHook(connection), GovernanceHook(recorder)


def _declared(cases: tuple[UseCase, ...], places: Topology) -> dict[str, tuple[FeatureGroup, str]]:
    """Return contract and owner of each feature group that this project declares, by ARN."""
    return {
        str(FeatureGroupArn.of(places, AccountRole.DATA, group.name)): (
            group,
            group.owner or case.owner,
        )
        for case in cases
        for group in case.feature_groups
    }


def _consumers(cases: tuple[UseCase, ...], places: Topology) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for grant in desired_grants(cases, places, datetime.now(UTC)):
        if grant.kind is ResourceKind.FEATURE_GROUPS:
            accounts = receiving_accounts(grant, places) or (grant.principal,)
            found.setdefault(str(grant.resource), set()).update(accounts)
    return {arn: tuple(sorted(accounts)) for arn, accounts in found.items()}


def _ingested(table: Any, declared: dict[str, tuple[FeatureGroup, str]]) -> dict[str, datetime]:
    """Return when each declared group was last ingested, from the governance table."""
    keys = {health_key(group.name): arn for arn, (group, _) in declared.items()}
    found = table.get_many(keys)
    return {keys[key]: moment(item["finished_at"]) for key, item in found.items()}
