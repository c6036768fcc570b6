"""Deploys both stacks of every account: guards first, then the resources that stand on them.

Guards are deployed as the administrator. Resources are deployed through the role that
CloudFormation has for them, which stays with the stack: an administrator's rights never reach a
template that Airflow may change. An update of the guards puts a template's bucket and key policies
in place of the current ones; the statements of consumers, which `platform__sharing` writes, are
carried over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from causeway.sharing.consumer_policies import PREFIX
from causeway.sharing.policies import PolicyHolder, Statement, converged, statements_of
from causeway.topology.accounts import (
    DEPLOYED_ROLES,
    SHARERS,
    STACK_SERVICES,
    AccountRole,
    Topology,
)
from causeway.topology.stacks import guards_template, parameters, resources_template
from causeway_deploy.clients import AccountStacks, Client, Clients
from causeway_deploy.stacks import Change, StackRequest, deploy_stack

Say = Callable[[str], None]

#: Seconds within which a role that was just made can be used everywhere.
ROLE_SECONDS: Final = 60.0


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
    roles: Iterable[AccountRole] = DEPLOYED_ROLES,
) -> list[Deployed]:
    """Deploy both stacks of these account roles; accounts side by side, roles of one in order.

    Raises:
        DeploymentFailed: naming stack, resource and reason. Everything can be run again.
    """
    by_account: dict[str, list[AccountRole]] = {}
    for role in roles:
        by_account.setdefault(topology.account(role), []).append(role)

    def account(of_account: list[AccountRole]) -> list[Deployed]:
        return [d for role in of_account for d in _deploy(topology, clients, role, say)]

    with ThreadPoolExecutor(max_workers=len(by_account)) as pool:
        return [d for done in pool.map(account, by_account.values()) for d in done]


def _deploy(topology: Topology, clients: Clients, role: AccountRole, say: Say) -> list[Deployed]:
    stacks = AccountStacks(clients(role, "cloudformation"), f"the administrator of {role.value}")
    guards = guards_request(role, topology)
    consumers = _consumers(topology, clients, role) if stacks.find(guards.name) else []
    deployed = [Deployed(role, guards.name, deploy_stack(stacks, guards))]
    for policy, statements in consumers:
        policy.carry_over(statements)
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
    """The policy of a bucket or key of an account."""

    client: Client
    holder: PolicyHolder
    name: str

    def read(self) -> str:
        """Return the document."""
        if self.holder is PolicyHolder.BUCKET:
            return str(self.client.get_bucket_policy(Bucket=self.name)["Policy"])
        return str(self.client.get_key_policy(KeyId=self._key(), PolicyName="default")["Policy"])

    def carry_over(self, statements: list[Statement]) -> None:
        """Put the consumers' statements back where the deploy has removed them."""
        document = converged(self.read(), statements, prefix=PREFIX, holder=self.holder)
        if document is None:
            return
        if self.holder is PolicyHolder.BUCKET:
            self.client.put_bucket_policy(Bucket=self.name, Policy=document)
        else:
            self.client.put_key_policy(KeyId=self._key(), PolicyName="default", Policy=document)

    def _key(self) -> str:
        return str(self.client.describe_key(KeyId=self.name)["KeyMetadata"]["KeyId"])


def _consumers(
    topology: Topology, clients: Clients, role: AccountRole
) -> list[tuple[_Policy, list[Statement]]]:
    if role not in SHARERS:
        return []
    policies = (
        _Policy(clients(role, "s3"), PolicyHolder.BUCKET, topology.bucket(role)),
        _Policy(clients(role, "kms"), PolicyHolder.KEY, topology.key_alias(role)),
    )
    return [(policy, _of_consumers(policy.read())) for policy in policies]


def _of_consumers(document: str) -> list[dict[str, Any]]:
    statements = statements_of(json.loads(document))
    return [s for s in statements if str(s.get("Sid", "")).startswith(PREFIX)]
