"""The records of use cases: written from a form, and asked before a version is deployed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from causeway.errors import BadInput, ConfigError
from causeway.governance.use_case_changes import recorded
from causeway.governance.use_case_guard import (
    eligible,
    needed_approvals,
    owner_of,
    require_admits,
    require_calls,
)
from causeway.governance.use_case_record import (
    OF_THE_FILE,
    UseCaseForm,
    UseCaseRecord,
    chain_of,
    differences,
    models_of,
    next_record,
    require_acceptable,
)
from causeway.governance.use_case_words import word_of
from causeway.topology.account_roles import AccountRole
from causeway.use_cases.stages import UNRECORDED
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.audit_log import HISTORY, MARGIN, AuditLogHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import RecordedUseCase
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.promotion import Subject
from causeway_airflow.tasks.stage_records import stage_table

log = logging.getLogger(__name__)


def use_case_file(use_case_id: str) -> UseCase | None:
    """Return the file of a use case, or None."""
    return next((case for case in use_cases() if case.id == use_case_id), None)


def record_use_case(
    hook: Hooks, answers: Mapping[str, str], user: str | None, run: str
) -> RecordedUseCase:
    """Record what somebody wrote about a use case, or amend its record.

    What the form leaves empty is taken from the record, else from the file. Writing the same again
    changes nothing.

    Args:
        hook: the clients.
        answers: the form's fields by their names; empty ones were left out.
        user: who is signed in to Airflow and started the run.
        run: the run, as the audit names it.

    Raises:
        BadInput: the use case is not recorded, with the reason.
        ConfigError: nobody known started the run, or too few people could ever approve.
        WriteConflict: somebody else wrote the record meanwhile.
    """
    person = topology().person_of_airflow_user(user)
    if person is None:
        raise ConfigError(
            f"a use case is recorded by a person of topology {topology().name}; {user!r} is none",
            next_step="Sign in to Airflow as yourself: who recorded it may not approve it.",
        )
    table = hook(StageTableHook, AccountRole.GOVERNANCE, "decider")
    before = stage_table(hook).use_case(answers["id"])
    case = use_case_file(answers["id"])
    form = _form(answers, before, case)
    require_acceptable(form)
    if case is not None and (changed := differences(form, case)):
        raise BadInput(
            f"use case {form.id}: the form differs from its file: {'; '.join(changed)}",
            next_step="Leave those fields empty, or change the file first.",
        )
    if owner_of(form.owner, topology()) is None:
        raise BadInput(
            f"owner: {form.owner!r} is nobody of topology {topology().name}",
            next_step="Name a person of its `people`, or their log-in of Airflow: who owns a use "
            "case may not approve it, so the owner has to be known.",
        )
    record = next_record(form, before, person, datetime.now(UTC), models_of(case))
    if record is None:
        assert before is not None  # it says that already
        log.info("use case %s is recorded as it is", form.id)
        return _result(before)
    if case is not None:
        _require_approvers(record, case)
    account = topology().account(AccountRole.GOVERNANCE)
    table.record_or_raise(recorded(record, before, person, run, account))
    log.info("use case %s recorded by %s, digest %s", form.id, person, record.digest)
    return _result(record)


def require_admitted(hook: Hooks, subject: Subject) -> None:
    """Raise `ApprovalRefused` when the subject's use case does not let its versions in now.

    What the record says of people is compared with CloudTrail, as far back as its history goes.
    """
    record = stage_table(hook).use_case(subject.case.id)
    require_admits(record, subject.case, subject.stage, topology())
    if record is None:
        return
    trail = hook(AuditLogHook, AccountRole.SHARED_SERVICES, "registry-auditor")
    oldest = datetime.now(UTC) - HISTORY + MARGIN
    ids = [each.event_id for each in record.admitted_by if each.at > oldest]
    events = {event_id: trail.event(event_id) for event_id in ids}
    words = {event_id: word_of(event) if event else None for event_id, event in events.items()}
    require_calls(record, words, topology())


def live_models(table: StageTableHook, case: UseCase) -> list[str]:
    """Return the models of a use case that production serves, as the table says."""
    names = [model.name for model in case.models]
    live = table.live_in(names, [AccountRole.PROD])
    return sorted(name for (_, name), serving in live.items() if serving.removed_at is None)


def stage_word(table: StageTableHook, case: UseCase) -> str:
    """Return in which stage a use case is, as stage records and cards say it."""
    record = table.use_case(case.id)
    return record.stage.value if record else UNRECORDED


def _form(
    answers: Mapping[str, str], before: UseCaseRecord | None, case: UseCase | None
) -> UseCaseForm:
    fields = dict.fromkeys(UseCaseForm.__dataclass_fields__, "")
    if before is not None:
        fields |= vars(before.form)
    if case is not None:  # a file that was changed since is what is recorded now
        fields |= {name: str(getattr(case, name)) for name in OF_THE_FILE}
    return UseCaseForm(**(fields | {name: text for name, text in answers.items() if text}))


def _require_approvers(record: UseCaseRecord, case: UseCase) -> None:
    people = eligible(record, case, topology())
    if len(people) < needed_approvals(record):
        raise ConfigError(
            f"use case {record.id}, risk {record.form.risk}: it takes {needed_approvals(record)} "
            f"people to approve it, and there {'is' if len(people) == 1 else 'are'} "
            f"{', '.join(people) or 'nobody'}",
            next_step="Let more people of the topology decide on production: neither the owner, "
            "nor who records it, nor who trains its models counts.",
        )


def _result(record: UseCaseRecord) -> RecordedUseCase:
    return {
        "use_case": record.id,
        "stage": record.stage.value,
        "risk": record.form.risk,
        "record": record.digest,
        "chain": chain_of(record.id),
    }
