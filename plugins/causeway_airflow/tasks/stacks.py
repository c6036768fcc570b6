"""The CloudFormation stack of an account: deployed, waited for, and its failures named.

The task waits by itself, on its worker: nothing else of a run that sets the accounts up can go on
meanwhile, and a stack that somebody else is changing is waited for before this one is deployed.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final, Literal

from causeway.errors import DeploymentFailed
from causeway.statuses import Meaning, meaning
from causeway.topology.accounts import AccountRole
from causeway.topology.stacks import parameters, template
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.cloudformation import CloudFormationHook
from causeway_airflow.results import DeployedStack
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)

Change = Literal["created", "updated", "unchanged"]

#: Seconds that a stack may take.
TIMEOUT: Final = 900.0
#: A stack that was never there as declared: AWS refuses to update it.
NEVER_CREATED: Final = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"})
#: Failed resources that an error names.
NAMED_FAILURES: Final = 5


def deploy_account(hook: Hooks, role: AccountRole) -> DeployedStack:
    """Deploy the stack of an account role from its template."""
    places = topology()
    name, text = places.stack(role), template(role, places)
    change = deploy_stack(hook(CloudFormationHook), name, text, parameters(role, places, text))
    log.info("stack %s in %s: %s", name, role, change)
    return DeployedStack(stack=name, change=change)


def deploy_stack(
    hook: CloudFormationHook, name: str, template: str, values: dict[str, str]
) -> Change:
    """Create or update a stack and wait until it has settled; "no change" is a success.

    `values` are those of the template's parameters. A stack left in ROLLBACK_COMPLETE by a failed
    creation is deleted first.

    Raises:
        DeploymentFailed: with the reasons of the failed resources.
    """
    stack = _settled(hook, name)
    if stack and stack["StackStatus"] in NEVER_CREATED:
        hook.delete(name)
        stack = _settled(hook, name)
    change: Change = "created"
    if stack is None:
        hook.create(name, template, values)
    else:
        change = "updated" if hook.update(name, template, values) else "unchanged"
    stack = _settled(hook, name)
    status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
    if meaning("StackStatus", status) is not Meaning.SUCCESS:
        reasons = "; ".join(hook.failures(name)[:NAMED_FAILURES]) or "no failed resource reported"
        raise DeploymentFailed(
            f"stack {name} ended {status}: {reasons}",
            principal=hook.principal,
            next_step="Fix the template or the permission named and re-run.",
        )
    return change


def _settled(hook: CloudFormationHook, name: str) -> dict[str, Any] | None:
    """Return a stack once it does not change any more, None when it is gone."""
    deadline = time.monotonic() + TIMEOUT
    pause = 0.2
    while True:
        stack = hook.find(name)
        state = meaning("StackStatus", stack["StackStatus"]) if stack else Meaning.GONE
        if stack is None or state is Meaning.GONE:
            return None
        if state is not Meaning.WAITING:
            return stack
        if time.monotonic() > deadline:
            raise DeploymentFailed(
                f"stack {name} is still {stack['StackStatus']} after {TIMEOUT:.0f} s",
                principal=hook.principal,
                next_step="Look at its events in CloudFormation, then re-run: it resumes.",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 10.0)
