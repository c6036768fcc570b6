"""The CloudFormation stack of an account: deployed, waited for, and its failures named.

The task waits by itself: every task of a run that sets the accounts up waits for the stacks.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final, Literal

from causeway.errors import DeploymentFailed
from causeway.statuses import Meaning, meaning
from causeway.topology.accounts import AccountRole
from causeway.topology.stacks import parameters, template_path
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
    name, template = places.stack(role), template_path(role).read_text(encoding="utf-8")
    given = parameters(role, places, template)
    change = deploy_stack(hook(CloudFormationHook), name, template, given)
    log.info("stack %s in %s: %s", name, role, change)
    return DeployedStack(stack=name, change=change)


def deploy_stack(
    hook: CloudFormationHook,
    name: str,
    template: str,
    given: dict[str, str],
    timeout: float = TIMEOUT,
) -> Change:
    """Create or update a stack and wait until it has settled; "no change" is a success.

    A stack left in ROLLBACK_COMPLETE by a failed creation is deleted first.

    Raises:
        DeploymentFailed: with the reasons of the failed resources.
    """
    stack = _settled(hook, name, timeout)
    if stack and stack["StackStatus"] in NEVER_CREATED:
        hook.delete(name)
        stack = _settled(hook, name, timeout)
    change: Change = "created"
    if stack is None:
        hook.create(name, template, given)
    else:
        change = "updated" if hook.update(name, template, given) else "unchanged"
    stack = _settled(hook, name, timeout)
    status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
    if meaning("StackStatus", status) is not Meaning.SUCCESS:
        reasons = "; ".join(hook.failures(name)[:NAMED_FAILURES]) or "no failed resource reported"
        raise DeploymentFailed(
            f"stack {name} ended {status}: {reasons}",
            principal=hook.principal,
            next_step="Mend the template or the permission named and re-run.",
        )
    return change


def _settled(hook: CloudFormationHook, name: str, timeout: float) -> dict[str, Any] | None:
    """Return a stack once it does not change any more, None when it is gone."""
    deadline = time.monotonic() + timeout
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
                f"stack {name} is still {stack['StackStatus']} after {timeout:.0f} s",
                principal=hook.principal,
                next_step="Look at its events in CloudFormation, then re-run: it resumes.",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 10.0)
