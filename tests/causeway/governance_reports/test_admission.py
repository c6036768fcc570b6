"""Who let a live version in: the approvals of the attempt that it went live with."""

from datetime import timedelta

from causeway.governance.gestures import Verdict
from causeway.governance_reports.admission import admission
from causeway.versions.stages import Stage

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOTH = (Stage.TEST, Stage.PRODUCTION)


def test_a_promotion_was_let_in_by_the_approvals_of_its_attempt(decide, went_live) -> None:
    first = [decide(1, stage) for stage in BOTH]
    second = [decide(1, stage, DAY, attempt=2) for stage in BOTH]
    live = went_live(1, 2 * DAY, 1)
    entry = admission(live, [*second, *first], [])
    assert entry.approvals == dict(zip(BOTH, first, strict=True))
    assert entry.faults == ()


def test_a_rollback_was_let_in_by_the_latest_approved_attempt_before_it(decide, went_live) -> None:
    first = [decide(1, stage) for stage in BOTH]
    # The second attempt was approved for test alone, the third after the rollback.
    second = [decide(1, Stage.TEST, HOUR, attempt=2)]
    third = [decide(1, stage, 3 * DAY, attempt=3) for stage in BOTH]
    live = went_live(1, 2 * DAY, 1, run_id="manual__1")
    entry = admission(live, [*third, *second, *first], [])
    assert entry.approvals == dict(zip(BOTH, first, strict=True))


def test_an_approval_that_is_missing_without_a_call_or_of_something_else_is_a_fault(
    decide, went_live
) -> None:
    live = went_live(1, DAY, 1)
    rejected = decide(1, Stage.PRODUCTION, verdict=Verdict.REJECTED)
    assert admission(live, [decide(1, Stage.TEST), rejected], []).faults == (
        "no approval for production is recorded",
    )
    other = [decide(1, Stage.TEST), decide(1, Stage.PRODUCTION, artifact_sha256="f" * 64)]
    assert admission(live, other, []).faults == (
        f"the approval for production is of artifact {'f' * 64}",
    )
    without_call = [decide(1, Stage.TEST), decide(1, Stage.PRODUCTION, call=None)]
    assert admission(live, without_call, []).faults == (
        "no call of the approval for production is recorded",
    )
    late = [decide(1, stage, 2 * DAY) for stage in BOTH]
    assert len(admission(live, late, []).faults) == 2
