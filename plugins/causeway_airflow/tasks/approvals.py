"""The decision that a promotion waits for, as the governance table holds it."""

from __future__ import annotations

from typing import cast

from causeway.errors import ApprovalRefused, CausewayError
from causeway.governance.decisions import decision_of, revocation_of
from causeway.governance.gestures import Verdict
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import decision_key, revocation_key
from causeway.versions.stages import Stage
from causeway_airflow.hooks.governance import GovernanceHook
from causeway_airflow.results import DecisionItem
from causeway_airflow.tasks.acting import Hooks


class NoDecisionError(CausewayError):
    """The wait ended, but the table holds no decision."""

    retryable = True


def is_decided(hook: Hooks, version: ModelPackageArn, attempt: int, target: str) -> bool:
    """Tell whether somebody decided on a version's entry into a stage, or stopped the attempt."""
    keys = (revocation_key(version, attempt), decision_key(version, Stage(target), attempt))
    return bool(hook(GovernanceHook).get_many(keys))


def approval(hook: Hooks, version: ModelPackageArn, attempt: int, target: str) -> DecisionItem:
    """Return the item of the decision that lets a version into a stage.

    Raises:
        NoDecisionError: nobody has decided.
        ApprovalRefused: somebody rejected the version, or stopped the attempt.
    """
    stage = Stage(target)
    stopped = hook(GovernanceHook).get(revocation_key(version, attempt))
    if stopped is not None:
        stop = revocation_of(stopped)
        raise ApprovalRefused(
            f"{stop.person} stopped {version} (attempt {attempt}): {stop.reason}",
            next_step="An approval after that starts a new attempt.",
        )
    item = hook(GovernanceHook).get(decision_key(version, stage, attempt))
    if item is None:
        raise NoDecisionError(
            f"there is no decision on {stage.value} of {version} (attempt {attempt})",
            next_step="Read the trigger's log; the task waits again on its next attempt.",
        )
    decision = decision_of(item)
    if decision.verdict is not Verdict.APPROVED:
        raise ApprovalRefused(
            f"{decision.person} rejected {version} for {stage.value}: {decision.reason}",
            next_step="Fix the model; an approval after that starts a new attempt.",
        )
    return cast(DecisionItem, item)
