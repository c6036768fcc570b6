"""Use cases in any stage, and the words that people say of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from causeway.governance.approvals import approver_role
from causeway.governance.gestures import Verdict
from causeway.governance.table import new_record
from causeway.governance.use_case_guard import Progress, judge
from causeway.governance.use_case_record import UseCaseForm, UseCaseRecord, models_of, next_record
from causeway.governance.use_case_words import UseCaseWord, groups_of
from causeway.topology.accounts import load_topology
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.files import use_case
from causeway.versions.stages import Stage, StageRecord, Status

CASE, TOPOLOGY = use_case("credit_risk"), load_topology()
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FORM = UseCaseForm(
    **{name: getattr(CASE, name) for name in ("id", "name", "risk", "owner")},
    line_of_business=CASE.line_of_business,
    project=CASE.project,
    stakeholders="applicants",
    mitigation="a person decides",
    oversight="the credit department",
)
MODELS = models_of(CASE)
ARN = ModelPackageArn.parse(
    "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1"
)


def limited() -> UseCaseRecord:
    """A record of limited risk, whose file says so, too."""
    record = next_record(replace(FORM, risk="limited"), None, "ml-engineer", NOW, MODELS)
    assert record is not None
    return record


def high() -> UseCaseRecord:
    """A record of high risk."""
    record = next_record(FORM, None, "ml-engineer", NOW, MODELS)
    assert record is not None
    return record


def case_of(record: UseCaseRecord):
    """Return the file that says what the record says."""
    return CASE.model_copy(update={"risk": record.form.risk})


def through(*stages: Stage, status: Status = Status.APPROVED) -> dict[Stage, StageRecord]:
    """Return the records of a version that was approved in these stages."""
    records = {}
    for stage in stages:
        first = new_record(
            *(ARN, Stage.RETIRED, Status.RETIRED, CASE, CASE.models[0]), now=NOW, user="somebody"
        )
        records[stage] = replace(first, stage=stage, status=status)
    return records


#: A version that has gone all the way, and a card without gaps.
ALL = Progress(
    {"credit_risk": [through(Stage.DEVELOPMENT, Stage.TEST, Stage.PREPRODUCTION)]},
    {"credit_risk": ()},
)


def word(record: UseCaseRecord, /, stage: str, person: str, **changes) -> UseCaseWord:
    """Return a word on a record as CloudTrail has it."""
    return replace(
        UseCaseWord(
            use_case=record.id,
            stage=stage,
            verdict=Verdict.APPROVED.value,
            record=record.digest,
            reason="because",
            at=NOW + timedelta(hours=record.revision),
            principal=f"arn:aws:sts::333333333333:assumed-role/x/{person}",
            identity=person,
            role=approver_role(Stage.PRODUCTION, TOPOLOGY),
            event_id=f"event-{record.revision}-{person}",
            group=groups_of(CASE, TOPOLOGY)[0],
        ),
        **changes,
    )


def said(
    record: UseCaseRecord,
    /,
    stage: str,
    person: str = "governance-officer",
    progress: Progress = ALL,
    **changes,
) -> UseCaseRecord:
    """Return what a word makes of a record."""
    spoken = word(record, stage, person, **changes)
    return judge(spoken, person, record, case_of(record), lambda: progress, TOPOLOGY, spoken.at)
