"""Deploys both stacks of every account: guards first, then the resources that stand on them.

Guards are deployed as the administrator. Resources are deployed through the role that
CloudFormation has for them, which stays with the stack: an administrator's rights never reach a
template that Airflow may change. Bucket and key policies are guards: beside the template's
statements they hold those of the consumers that the access model declares, which are written here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from causeway.errors import CausewayError, DeploymentFailed
from causeway.sharing.consumer_policies import PREFIX, READERS, consumer_policies
from causeway.sharing.policies import PolicyHolder, Statement, converged
from causeway.topology.account_roles import SHARERS, STACK_SERVICES, AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.stacks import guards_template, parameters, resources_template
from causeway.use_cases.files import load_use_cases
from causeway.use_cases.use_case import UseCase
from causeway_deploy.clients import AccountStacks, Client, Clients
from causeway_deploy.stacks import Change, StackRequest, deploy_stack

Say = Callable[[str], None]
_Declared = Mapping[PolicyHolder, tuple[Statement, ...]]

#: Seconds within which a role that was just made can be used everywhere.
ROLE_SECONDS: Final = 60.0
#: What S3 and KMS say of a bucket, policy, alias or key that is not there.
_MISSING: Final = frozenset({"NoSuchBucket", "NoSuchBucketPolicy", "NotFoundException"})


@dataclass(frozen=True)
class Deployed:
    """A stack of an account role, and what was done to it."""

    role: AccountRole
    stack: str
    change: Change


def guards_request(role: AccountRole, topology: Topology) -> StackRequest:
    """Return what the guards of an account role are made of."""
    template = guards_template(role, topology)
    return StackRequest(topology.guards_stack(role), template, parameters(role, topology, template))


def resources_request(role: AccountRole, topology: Topology) -> StackRequest | None:
    """Return what the resources of an account role are made of, None where it has none."""
    if role not in STACK_SERVICES:
        return None
    template = resources_template(role)
    return StackRequest(
        topology.resources_stack(role),
        template,
        parameters(role, topology, template),
        topology.role_arn(role, STACK_SERVICES[role]),
    )


def bootstrap(
    topology: Topology,
    clients: Clients,
    say: Say = lambda line: None,
    roles: Iterable[AccountRole] = (),
    use_cases: Iterable[UseCase] | None = None,
) -> list[Deployed]:
    """Deploy both stacks of these account roles; accounts side by side, roles of one in order.

    `use_cases` declare access, as Airflow reads it; without them it is those of the project.

    Raises:
        ConfigError: the declared access is not consistent; nothing was deployed.
        DeploymentFailed: naming stack, resource and reason, of each account that failed. Everything
            can be run again.
    """
    cases = tuple(load_use_cases() if use_cases is None else use_cases)
    declared = {role: _declared(topology, role, cases) for role in tuple(roles) or topology.roles}
    by_account: dict[str, list[AccountRole]] = {}
    for role in declared:
        by_account.setdefault(topology.account(role), []).append(role)

    def account(of_account: list[AccountRole]) -> list[Deployed]:
        return [
            d for role in of_account for d in _deploy(topology, clients, role, declared[role], say)
        ]

    with ThreadPoolExecutor(max_workers=len(by_account)) as pool:
        attempts = [pool.submit(account, of_account) for of_account in by_account.values()]
    errors = [error for attempt in attempts if (error := attempt.exception()) is not None]
    _raise(errors)
    return [deployed for attempt in attempts for deployed in attempt.result()]


def _raise(errors: Sequence[BaseException]) -> None:
    """Raise what went wrong: an only error as it is, several in one text."""
    expected = [e for e in errors if isinstance(e, CausewayError | ClientError | BotoCoreError)]
    for error in errors:
        if len(errors) == 1 or error not in expected:
            raise error
    if errors:
        raise DeploymentFailed(
            "several accounts failed:\n" + "\n".join(str(error) for error in errors),
            next_step="Mend each of them and re-run; what was deployed stays.",
        )


def _deploy(
    topology: Topology,
    clients: Clients,
    role: AccountRole,
    declared: _Declared,
    say: Say,
) -> list[Deployed]:
    stacks = AccountStacks(clients(role, "cloudformation"), f"the administrator of {role.value}")
    guards = guards_request(role, topology)
    policies = _policies(topology, clients, role, declared)
    try:
        deployed = [Deployed(role, guards.name, deploy_stack(stacks, guards))]
    finally:  # a failed update has put the template's policies in place, too
        for policy in policies:
            policy.converge()
    if resources := resources_request(role, topology):
        deployed.append(Deployed(role, resources.name, _when_usable(stacks, resources)))
    for item in deployed:
        say(f"{item.role.value}: {item.stack} {item.change}")
    return deployed


def _when_usable(stacks: AccountStacks, request: StackRequest) -> Change:
    """Deploy with a role that may be so new that CloudFormation does not know it yet."""
    deadline = time.monotonic() + ROLE_SECONDS
    while True:
        try:
            return deploy_stack(stacks, request)
        except ClientError as error:
            # "Role … is invalid or cannot be assumed": IAM is eventually consistent.
            if "cannot be assumed" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(5.0)


@dataclass(frozen=True)
class _Policy:
    """The policy of an account's bucket or key, and the consumers' statements declared for it."""

    client: Client
    holder: PolicyHolder
    name: str
    declared: tuple[Statement, ...]

    def converge(self) -> None:
        """Leave the declared statements, and no other of consumers."""
        document = self._read()
        if document is None:
            return
        result = converged(document, self.declared, prefix=PREFIX, holder=self.holder)
        if result is None:
            return
        if self.holder is PolicyHolder.BUCKET:
            self.client.put_bucket_policy(Bucket=self.name, Policy=result)
        else:
            self.client.put_key_policy(KeyId=self._key(), PolicyName="default", Policy=result)

    def _read(self) -> str | None:
        """Return the document, None where there is none."""
        try:
            if self.holder is PolicyHolder.BUCKET:
                return str(self.client.get_bucket_policy(Bucket=self.name)["Policy"])
            policy = self.client.get_key_policy(KeyId=self._key(), PolicyName="default")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return None
        return str(policy["Policy"])

    def _key(self) -> str:
        return str(self.client.describe_key(KeyId=self.name)["KeyMetadata"]["KeyId"])


def _declared(topology: Topology, role: AccountRole, cases: Sequence[UseCase]) -> _Declared:
    """Return the consumers' statements that the access model declares for bucket and key."""
    if role not in SHARERS:
        return {}
    opened = topology.model_copy(update={"outside_consumers": True})
    return {
        policy.holder: tuple(
            statement
            for statement in policy.statements
            # Where others are not let in, their statements go, also while somebody declares them.
            if topology.outside_consumers or statement["Sid"].endswith(READERS)
        )
        for policy in consumer_policies(role, cases, opened, datetime.now(UTC))
    }


def _policies(
    topology: Topology, clients: Clients, role: AccountRole, declared: _Declared
) -> list[_Policy]:
    """Return the policies of an account role that hold consumers' statements."""
    if role not in SHARERS:
        return []
    return [
        _Policy(clients(role, service), holder, name, declared.get(holder, ()))
        for service, holder, name in (
            ("s3", PolicyHolder.BUCKET, topology.bucket(role)),
            ("kms", PolicyHolder.KEY, topology.key_alias(role)),
        )
    ]
