"""What the guard will say of a word, before it is said: the doors of Airflow ask here first.

The sync judges each word by what is true then, with the same functions.
"""

from __future__ import annotations

from causeway.errors import ApprovalRefused
from causeway.governance.approvals import require_bound, require_entitled, revoke
from causeway.governance.attempts import Attempts
from causeway.governance.gestures import Channel, Gesture
from causeway.governance.sync_changes import VersionState
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import ModelSpec
from causeway.versions.registry import RegistryVersion


def require_foreseen(
    gesture: Gesture,
    state: VersionState,
    model: ModelSpec,
    topology: Topology,
    version: RegistryVersion | None = None,
) -> str:
    """Return the person whose word would count.

    Args:
        gesture: what somebody who is signed in to Airflow would say.
        state: what the table holds about the version.
        model: the model's rules.
        topology: the people.
        version: the registry's version, where it is known; without it nothing is said of it.

    Raises:
        ApprovalRefused: the guard would refuse it, with the reason that it would give.
    """
    assert gesture.channel is Channel.AIRFLOW
    attempts = Attempts(state)
    what = f"{gesture.verdict.value} for {gesture.target.value} of {gesture.version_arn}"
    if attempts.is_stop(gesture, state.records):
        return revoke(gesture, model, topology, attempt=attempts.running, now=gesture.at).person
    attempt = attempts.attempt_for(gesture)
    if attempt is None:
        raise ApprovalRefused(
            f"{what}: its earlier attempt was rejected and has not ended yet",
            next_step="Wait until its run has ended.",
        )
    if state.facts is None:
        raise ApprovalRefused(
            f"{what}: the version was never seen before", next_step="Wait for the next sync."
        )
    attempts.require_undoubted(gesture)
    if version is not None:
        require_bound(gesture, version, state.facts)
    return require_entitled(
        *(gesture, state.facts, state.records, model, topology),
        attempt=attempt,
        decisions=attempts.decisions,
    )
