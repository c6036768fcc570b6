"""Resource policies: read, brought to the statements of ours, and read again.

None of the services writes a policy under a condition, so two writers may overwrite each other.
Every writer therefore writes within `WINDOW` of its reading, and looks again after `SETTLE`, which
is longer than that: whatever another one overwrote in its window is then seen, and put back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Final

from causeway.errors import UnexpectedState, WriteConflict
from causeway.sharing.consumer_policies import PREFIX, consumer_policies
from causeway.sharing.policies import Statement, converged
from causeway.topology.account_roles import AccountRole
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.policies import COMPARED, OWNED, OwnedPolicyHook
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)

WINDOW: Final = 0.5  # seconds from reading to writing
SETTLE: Final = 2.0  # seconds from writing to reading again
ATTEMPTS: Final = 8


def converge_consumer_policies(hook: Hooks, owner: AccountRole) -> list[str]:
    """Bring an owner's policies to what consumers beyond the templates need.

    Returns the names of the resources whose policy was written.

    Raises:
        UnexpectedState: the policy of a bucket or a key, which administrators write, differs.
    """
    written, different = [], []
    for policy in consumer_policies(owner, use_cases(), topology(), clock.now()):
        declared, name = policy.statements, policy.name
        if policy.holder in OWNED:
            if converge_policy(hook(OWNED[policy.holder]), name, declared, prefix=PREFIX):
                written.append(name)
            continue
        document = hook(COMPARED[policy.holder]).read(name)
        if converged(document, declared, prefix=PREFIX, holder=policy.holder) is not None:
            different.append(f"{policy.holder.word} {name}")
    if different:
        raise UnexpectedState(
            f"the policies of {' and '.join(different)} do not let in whom the access declares, "
            f"and no one else (statements {PREFIX}…)",
            next_step="An administrator runs: python -m causeway_deploy bootstrap.",
        )
    return written


def converge_policy(
    hook: OwnedPolicyHook,
    name: str,
    statements: Iterable[Statement],
    *,
    prefix: str,
    window: float = WINDOW,
    settle: float | None = None,
) -> bool:
    """Bring the statements of a policy whose Sid begins with `prefix` to those given.

    Returns whether anything was written.

    Raises:
        ConfigError: the policy would be too large; nothing was written.
        WriteConflict: another writer keeps undoing what was written.
    """
    declared, written = list(statements), False
    pause = SETTLE if settle is None else settle
    for _ in range(ATTEMPTS):
        began = time.monotonic()
        document = converged(hook.read(name), declared, prefix=prefix, holder=hook.holder)
        if document is None:
            return written
        if time.monotonic() - began > window:
            continue  # too slow to be sure of what is there now: read again
        hook.write(name, document)
        written = True
        log.info("policy of %s %s: written", hook.holder.word, name)
        time.sleep(pause)
    raise WriteConflict(
        f"the policy of {hook.holder.word} {name} does not stay as written",
        principal=hook.principal,
        next_step="Find the other writer in CloudTrail and re-run.",
    )
