"""Whether a run may act on a promotion: it has to be its own, of its own model, and still open."""

from __future__ import annotations

from typing import Final

from causeway.errors import ApprovalRefused, Superseded, UnexpectedState
from causeway.governance.table import Promotion, PromotionStatus
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.arns import ModelPackageArn, ModelPackageGroupArn
from causeway.use_cases.use_case import ModelSpec, UseCase

_HOW: Final = "Promotions are started by platform__governance_sync, not by hand."


def require_own_promotion(
    promotion: Promotion | None,
    version: ModelPackageArn,
    case: UseCase,
    model: ModelSpec,
    topology: Topology,
    *,
    attempt: int,
    run_id: str,
    ended: bool = False,
) -> None:
    """Refuse a run that is not the promotion's.

    Args:
        promotion: the version's latest promotion, as the governance table has it.
        version: the version that the run was started with.
        case: the use case of the run's DAG.
        model: the model of the run's DAG; the version has to be of its group.
        topology: where that group is.
        attempt: the attempt that the run was started with.
        run_id: the run's id.
        ended: whether the promotion may have ended already, whatever its end was.

    Raises:
        UnexpectedState: the version is of another group, the table has no promotion of it, or it
            is another run's.
        ApprovalRefused: somebody rejected the version meanwhile.
        Superseded: a newer version took its place meanwhile.
    """
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    if version.group_arn != group:
        raise UnexpectedState(
            f"{version} is no version of model {model.name}, whose group is {group}",
            account=version.account,
            next_step=_HOW,
        )
    what = f"run {run_id} with attempt {attempt} of {version}"
    if promotion is None:
        raise UnexpectedState(f"{what}: {version} has no promotion record", next_step=_HOW)
    expected = {
        "version": (version, promotion.version_arn),
        "use case": (case.id, promotion.use_case_id),
        "model": (model.name, promotion.model),
        "attempt": (attempt, promotion.attempt),
        "run": (run_id, promotion.run_id),
    }
    others = [f"{name} {theirs}" for name, (ours, theirs) in expected.items() if ours != theirs]
    if others:
        raise UnexpectedState(
            f"{what}: the promotion in the table is of {', '.join(others)}", next_step=_HOW
        )
    if ended or promotion.status.is_open or promotion.status is PromotionStatus.DEPLOYED:
        return
    if promotion.status is PromotionStatus.SUPERSEDED:
        raise Superseded(f"{what}: a newer version took its place")
    raise ApprovalRefused(
        f"{what}: the promotion is {promotion.status.value}",
        next_step="An approval after the rejection starts a new attempt, in a run of its own.",
    )
