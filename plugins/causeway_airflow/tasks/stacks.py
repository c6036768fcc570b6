"""The stacks of an account as its stack keeper sees them: guards compared, resources updated.

The task waits by itself, on its worker: nothing else of a run that sets the accounts up can go on
meanwhile, and a stack that somebody else is changing is waited for before this one is updated.
"""

from __future__ import annotations

import logging
from typing import get_args

from causeway.errors import GuardsDiffer
from causeway.topology.account_roles import STACK_KEEPERS, STACK_SERVICES, AccountRole
from causeway.topology.guards import DeployedGuards, differences
from causeway.topology.people import Decided
from causeway.topology.stacks import parameters, resources_template
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.cloudformation import CloudFormationHook
from causeway_airflow.hooks.iam import IamHook
from causeway_airflow.results import UpdatedStack
from causeway_airflow.tasks.acting import Hooks
from causeway_deploy.stacks import StackRequest, update_stack

log = logging.getLogger(__name__)


def update_resources(hook: Hooks, role: AccountRole) -> UpdatedStack:
    """Update the resources of an account role, through the role that CloudFormation has for it.

    Raises:
        DeploymentFailed: an administrator has not made the stack, or the update failed.
    """
    accounts, text = topology(), resources_template(role)
    name = accounts.resources_stack(role)
    values = parameters(role, accounts, text)
    service = accounts.role_arn(role, STACK_SERVICES[role])
    change = update_stack(hook(CloudFormationHook), StackRequest(name, text, values, service))
    log.info("stack %s in %s: %s", name, role, change)
    return UpdatedStack(stack=name, change=change)


def check_guards(hook: Hooks) -> list[str]:
    """Compare the guards of every account with what is declared; nothing is changed.

    Returns the names of the stacks compared; none where a stack set deploys them.

    Raises:
        GuardsDiffer: naming every difference. Only an administrator can mend it.
    """
    accounts = topology()
    if accounts.guards == "stack_sets":
        log.info("the guards belong to stack sets: aws cloudformation detect-stack-set-drift")
        return []
    lines = [
        f"{role.value}: {line}"
        for role in accounts.roles
        for line in differences(role, accounts, _deployed(hook, role))
    ]
    if lines:
        raise GuardsDiffer(
            f"the guards differ from what is declared: {'; '.join(lines)}",
            next_step="Find out who changed them (CloudTrail, the topology's history). Then an "
            "administrator deploys them: python -m causeway_deploy bootstrap.",
        )
    names = [accounts.guards_stack(role) for role in accounts.roles]
    log.info("as declared: %s", ", ".join(names))
    return names


def _deployed(hook: Hooks, role: AccountRole) -> DeployedGuards | None:
    stacks = hook(CloudFormationHook, role, STACK_KEEPERS[role.kind])
    name = topology().guards_stack(role)
    stack = stacks.find(name)
    if stack is None:
        return None
    values = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", ())}
    trust = {}
    if role is AccountRole.SHARED_SERVICES:
        iam = hook(IamHook, role, STACK_KEEPERS[role.kind])
        for stage in get_args(Decided):
            approver = topology().role_arn(role, f"{stage}-approver").rpartition("/")[2]
            trust[stage] = iam.trust(approver)
    return DeployedGuards(stacks.template(name), values, trust)
