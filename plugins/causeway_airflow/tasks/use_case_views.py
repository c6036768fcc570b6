"""What the pages of use cases show, and a word that is said there by whoever is signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from causeway.errors import ApprovalRefused, ConfigError
from causeway.governance.audit import HEAD, AuditEntry, UnreadableEntry, chain_pk, entry_as_it_is
from causeway.governance.gestures import Verdict
from causeway.governance.use_case_changes import JudgedWord
from causeway.governance.use_case_guard import (
    Progress,
    eligible,
    judge,
    needed_approvals,
    unapproved,
)
from causeway.governance.use_case_record import UseCaseRecord, chain_of
from causeway.governance.use_case_words import UseCaseWord, groups_of
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.stages import UseCaseStage
from causeway.use_cases.use_case import UseCase
from causeway.versions.stages import Stage, StageRecord
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.approver import ApproverHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.use_case_records import live_models, use_case_file

#: How many of the newest versions of a model are looked at for its approvals.
VERSIONS: Final = 50
#: How many of the latest entries of the chain the page shows.
ENTRIES: Final = 100


@dataclass(frozen=True)
class UseCaseView:
    """A use case: its file and record, what was said of it, and what keeps it back."""

    id: str
    case: UseCase | None
    record: UseCaseRecord | None
    words: tuple[JudgedWord, ...] = ()
    entries: tuple[AuditEntry | UnreadableEntry, ...] = ()
    people: tuple[str, ...] = ()
    needed: int = 1
    waiting_models: tuple[str, ...] = ()
    progress: Progress = field(default_factory=Progress)


def use_case_lines(hook: Hooks) -> list[tuple[str, UseCase | None, UseCaseRecord | None]]:
    """Return every use case that has a file or a record: by stage, then by id."""
    records = _table(hook).use_cases()
    cases = {case.id: case for case in use_cases()}
    ids = sorted(cases.keys() | records.keys())
    lines = [(name, cases.get(name), records.get(name)) for name in ids]
    return sorted(lines, key=lambda line: line[2].stage.rank if line[2] else -1)


def use_case_view(hook: Hooks, use_case_id: str) -> UseCaseView | None:
    """Return a use case; None when it has neither file nor record."""
    table, case = _table(hook), use_case_file(use_case_id)
    record = table.use_cases().get(use_case_id)
    if case is None and record is None:
        return None
    if case is None or record is None:
        return UseCaseView(use_case_id, case, record, entries=_entries(table, use_case_id))
    progress = _progress(table, case)
    after = record.stage.next
    return UseCaseView(
        use_case_id,
        case,
        record,
        tuple(table.judged_words(use_case_id)),
        _entries(table, use_case_id),
        eligible(record, case, topology()),
        needed_approvals(record),
        tuple(unapproved(after, case, progress)) if after else (),
        progress,
    )


def foresee(user: str, view: UseCaseView, stage: UseCaseStage, verdict: Verdict) -> str:
    """Return the person whose word would count.

    Raises:
        ApprovalRefused: the guard would refuse it, or nobody of the topology is signed in.
    """
    person = topology().person_of_airflow_user(user)
    record = _required(view)
    if person is None:
        raise ApprovalRefused(
            f"use case {view.id}: no person of topology {topology().name} has the identity {user!r}"
        )
    word = _word(view.id, record.digest, stage, verdict, "a reason")
    judge(word, person, record, view.case, lambda: view.progress, topology(), word.at)
    return person


def say(
    hook: Hooks,
    user: str,
    use_case_id: str,
    digest: str,
    stage: UseCaseStage,
    verdict: Verdict,
    reason: str,
) -> str:
    """Say a word on a use case as the person who is signed in; return the person.

    `digest` is that of the record which the person looked at.

    Raises:
        ConfigError: there is no reason.
        ApprovalRefused: the guard would refuse it, or nobody decides in Airflow; nothing was said.
        AwsCallError: the registry could not be reached as the person.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise ConfigError("a decision has a reason", next_step="Say in one line why.")
    if not topology().airflow.door:
        raise ApprovalRefused(
            f"topology {topology().name} lets nobody decide in Airflow",
            next_step="Use AddTags, or have `airflow.door` set.",
        )
    view = use_case_view(hook, use_case_id)
    if view is None or view.case is None or view.record is None:
        raise ApprovalRefused(f"use case {use_case_id} has no file or no record")
    person = foresee(user, view, stage, verdict)
    if digest != view.record.digest:
        raise ApprovalRefused(
            f"use case {use_case_id}: its record was changed since the page was loaded",
            next_step="Load the page again, and decide on what it says then.",
        )
    group = groups_of(view.case, topology())[0]
    word = _word(use_case_id, digest, stage, verdict, reason)
    ApproverHook(person, Stage.PRODUCTION).say_of_use_case(group, word)
    return person


def _word(
    use_case_id: str, digest: str, stage: UseCaseStage, verdict: Verdict, reason: str
) -> UseCaseWord:
    now = datetime.now(UTC)
    return UseCaseWord(use_case_id, stage.value, verdict.value, digest, reason, now)


def _required(view: UseCaseView) -> UseCaseRecord:
    if view.record is None:
        raise ApprovalRefused(f"use case {view.id} has no record")
    return view.record


def _progress(table: StageTableHook, case: UseCase) -> Progress:
    """Return how far the models are; what their cards lack is looked at when a word is judged."""
    versions = {}
    for model in case.models:
        records, _ = table.versions(model.group, VERSIONS)
        by_version: dict[ModelPackageArn, dict[Stage, StageRecord]] = {}
        for record in records:
            by_version.setdefault(record.version_arn, {})[record.stage] = record
        versions[model.name] = list(by_version.values())
    complete: dict[str, tuple[str, ...]] = {model.name: () for model in case.models}
    return Progress(versions, complete, live_models(table, case))


def _entries(table: StageTableHook, use_case_id: str) -> tuple[AuditEntry | UnreadableEntry, ...]:
    items = [item for item in table.query(chain_pk(chain_of(use_case_id))) if item["sk"] != HEAD]
    return tuple(entry_as_it_is(item) for item in reversed(items[-ENTRIES:]))


def _table(hook: Hooks) -> StageTableHook:
    return hook(StageTableHook, AccountRole.GOVERNANCE, "table-reader")
