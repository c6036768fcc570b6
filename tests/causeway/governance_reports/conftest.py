"""A model of which production served version 1, then 2, then 1 again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from causeway.deployment.leases import Live
from causeway.deployment.periods import periods
from causeway.governance.board import BoardRow, VersionView
from causeway.governance.decisions import Decision, Facts, Revocation
from causeway.governance.gestures import Verdict
from causeway.governance.registry_calls import RegistryCall
from causeway.governance.table import RecordedRefusal, promotion_run_id
from causeway.governance_reports.views import ModelView
from causeway.topology.account_roles import AccountRole
from causeway.versions.stages import Stage, Status

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = {Stage.TEST: "model-owner", Stage.PRODUCTION: "governance-officer"}


@pytest.fixture
def decide(make_version, now: datetime) -> Callable[..., Decision]:
    """Return what makes a decision on a version, two days before `now` plus `at`."""

    def make(number: int, target: Stage, at: timedelta = -HOUR, **changes) -> Decision:
        arn, when = make_version(number).arn, now + at
        person = PEOPLE[target]
        call = RegistryCall(str(arn), when, f"session-of-{person}", person, event_id=f"e-{target}")
        decision = Decision(
            *(arn, target, 1, Verdict.APPROVED, person, f"good for {target}"),
            *("c" * 64, "a" * 64, "b" * 64, when, when + 30 * DAY, call),
        )
        return replace(decision, **changes)

    return make


@pytest.fixture
def went_live(make_version, now: datetime) -> Callable[..., Live]:
    """Return what makes a version live by its promotion."""

    def make(number: int, at: timedelta, fencing: int, **changes) -> Live:
        arn = make_version(number).arn
        live = Live(
            *(AccountRole.PROD, "credit_risk", arn, "a" * 64, "credit-risk", "config"),
            *(promotion_run_id(arn, 1), fencing, now + at, "c" * 64),
        )
        return replace(live, **changes)

    return make


@pytest.fixture
def view(case, model, make_record, make_version, decide, went_live, now) -> ModelView:
    """Versions 1 (live, then rolled back to) and 2 (live for a day, then stopped); 3 waits."""

    def version(number: int, *, decided: bool) -> VersionView:
        arn = make_version(number).arn
        records = {
            stage: replace(
                make_record(stage, Status.APPROVED if decided else Status.PENDING),
                version_arn=arn,
                version=number,
                data_source="SouthGermanCredit.asc, 1000 rows",
                synthetic="no",
                validation_metrics={"auc": 0.8125},
            )
            for stage in ((Stage.DEVELOPMENT, Stage.TEST) if decided else (Stage.DEVELOPMENT,))
        }
        stopped = [Revocation(arn, 1, "governance-officer", "wrong data sheet", now + 3 * DAY)]
        refused = [RecordedRefusal("e-9", "four eyes", now)]
        return VersionView(
            *(case, model, BoardRow(arn, records)),
            Facts(arn, "c" * 64, "a" * 64, "b" * 64, "ml-engineer", "product-manager", now),
            tuple(decide(number, stage, (number - 1) * 2 * DAY - HOUR) for stage in PEOPLE)
            if decided
            else (),
            tuple(stopped if number == 2 else ()),
            tuple(refused if number == 3 else ()),
            None,
        )

    history = [
        went_live(1, timedelta(), 1),
        went_live(2, 2 * DAY, 2),
        went_live(1, 3 * DAY, 3, run_id="manual__1", reason="worse on Mondays, by op"),
    ]
    versions = tuple(version(number, decided=number < 3) for number in (3, 2, 1))
    return ModelView(case, model, versions, periods(history, history[-1]))
