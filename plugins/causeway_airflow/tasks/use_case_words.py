"""Words on use cases: found in CloudTrail, judged by the guard, and written with their outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial

from causeway.errors import ApprovalRefused
from causeway.governance.audit import Change
from causeway.governance.use_case_changes import (
    ADVANCED,
    COUNTED,
    REFUSED,
    JudgedWord,
    decided,
    outcome_of,
    refused,
)
from causeway.governance.use_case_guard import WITH_CARDS, Progress, judge, said_by
from causeway.governance.use_case_record import UseCaseRecord
from causeway.governance.use_case_words import SAYING, UseCaseWord, sorted_words
from causeway.model_cards.completeness import gaps
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.stages import UseCaseStage
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.audit_log import AuditLogHook
from causeway_airflow.hooks.model_cards import ModelCardsHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.stage_records import stage_table
from causeway_airflow.tasks.use_case_records import live_models, use_case_file

log = logging.getLogger(__name__)

#: Writes a change with its entry; False when its condition did not hold.
Write = Callable[[StageTableHook, Change], bool]


@dataclass(frozen=True)
class Outcome:
    """A word that was judged, and the record as it left it; None where it does not count."""

    judged: JudgedWord
    suspect: bool
    record: UseCaseRecord | None


@dataclass(frozen=True)
class Judgements:
    """What came of the words, and of which use cases words are left to the next sync.

    `failed` says why some could not be judged; `left` has those, too, and those whose record
    somebody wrote meanwhile.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)


def judge_words(
    hook: Hooks,
    write: Write,
    versions: Iterable[ModelPackageArn],
    since: datetime,
    now: datetime,
    run: str,
) -> Judgements:
    """Judge the words on use cases since then, each once, in the order in which they were said.

    The words of a use case end with the first that cannot be judged or written: the next sync
    looks at them again. Those of others go on.

    Args:
        hook: the clients.
        write: writes a change with its entry in the audit.
        versions: the versions that the registry has.
        since: when the calls were made that may not have been judged.
        now: the time of the judgement.
        run: this run, as the audit names it.
    """
    judgements = Judgements()
    if not stage_table(hook).use_cases():
        return judgements
    by_group: dict[str, list[ModelPackageArn]] = {}
    for arn in versions:
        by_group.setdefault(arn.group, []).append(arn)
    words: dict[str, list[UseCaseWord]] = {}
    for word in sorted_words(hook(AuditLogHook).calls(SAYING, since)):
        words.setdefault(word.use_case, []).append(word)
    for use_case_id, said in words.items():
        try:
            _judge_in_turn(hook, write, use_case_id, said, by_group, now, run, judgements)
        except Exception as error:  # whatever is wrong with a use case is its own
            log.exception("the words on use case %s are not judged", use_case_id)
            judgements.failed[use_case_id] = f"{type(error).__name__}: {error}"
            judgements.left.add(use_case_id)
    return judgements


def _judge_in_turn(
    hook: Hooks,
    write: Write,
    use_case_id: str,
    words: Iterable[UseCaseWord],
    by_group: Mapping[str, Sequence[ModelPackageArn]],
    now: datetime,
    run: str,
    judgements: Judgements,
) -> None:
    """Judge what was said of one use case, by its record as it is after the calls were read."""
    table = stage_table(hook)
    record = table.use_case(use_case_id)
    if record is None:
        log.warning("words on %r, which is not recorded: %s", use_case_id, words)
        return
    decider = hook(StageTableHook, AccountRole.GOVERNANCE, "decider")
    case = use_case_file(use_case_id)
    models = cache(partial(_progress, hook, case, record, by_group))
    known = {judged.word.event_id for judged in table.judged_words(use_case_id)}
    for word in words:
        if word.event_id in known:
            continue
        outcome = _judged(word, record, case, models, now)
        if not write(decider, _change(outcome, record, run)):
            log.info("%s: not written: the next sync looks again", outcome.judged)
            judgements.left.add(use_case_id)
            return
        record = outcome.record or record
        log.info("use case %s: %s", use_case_id, outcome.judged)
        judgements.outcomes.append(outcome)


def alerts_of(outcomes: Iterable[Outcome], run: str) -> Iterator[Alert]:
    """Return the alerts of what came of words."""
    account = topology().account(AccountRole.GOVERNANCE)
    for outcome in outcomes:
        judged = outcome.judged
        subject = f"use case {judged.word.use_case}"
        if outcome.record is None:
            what = f"refused: {judged.refusal} (by {judged.word.principal or 'nobody known'})"
            severity = Severity.CRITICAL if outcome.suspect else Severity.WARNING
            step = "Ask who did it; an entitled person may then decide anew."
        elif judged.outcome == COUNTED:
            continue
        else:
            stage = outcome.record.stage
            what = f"{judged.outcome.replace('_', ' ')} to {stage.value} by {judged.person}"
            severity = Severity.NOTICE if judged.outcome == ADVANCED else Severity.WARNING
            step = "What is live stays; what its versions may enter follows the stage."
        yield Alert(
            what=what, severity=severity, account=account, subject=subject, next_step=step, run=run
        )


def failure_alerts(failed: Mapping[str, str], run: str) -> Iterator[Alert]:
    """Return the alerts of use cases whose words could not be judged."""
    for use_case_id, why in failed.items():
        yield Alert(
            what=f"its words are not judged: {why}",
            severity=Severity.WARNING,
            account=topology().account(AccountRole.GOVERNANCE),
            subject=f"use case {use_case_id}",
            next_step="The log of platform__governance_sync has it; each sync tries again.",
            run=run,
        )


def _judged(
    word: UseCaseWord,
    record: UseCaseRecord,
    case: UseCase | None,
    models: Callable[[UseCaseStage], Progress],
    now: datetime,
) -> Outcome:
    person = ""
    try:
        person = said_by(word, topology())
        after = judge(
            word, person, record, case, lambda: models(UseCaseStage(word.stage)), topology(), now
        )
    except ApprovalRefused as error:
        reason = f"{error.what}. {error.next_step}" if error.next_step else error.what
        return Outcome(JudgedWord(word, person, REFUSED, reason, now), error.quarantine, None)
    return Outcome(JudgedWord(word, person, outcome_of(after, record), "", now), False, after)


def _progress(
    hook: Hooks,
    case: UseCase | None,
    record: UseCaseRecord,
    by_group: Mapping[str, Sequence[ModelPackageArn]],
    target: UseCaseStage,
) -> Progress:
    """Return how far the models of a use case are; cards are read where they count."""
    if case is None:
        return Progress()
    table = stage_table(hook)
    versions = {
        model.name: [table.state(arn).records for arn in by_group.get(model.group, ())]
        for model in case.models
    }
    lacks = {}
    if target in WITH_CARDS and record.form.risk == "high":
        cards = hook(ModelCardsHook, AccountRole.SHARED_SERVICES, "registry-owner")
        for model in case.models:
            card = cards.find(model.group)
            lacks[model.name] = gaps(card.content if card else None)
    return Progress(versions, lacks, live_models(table, case))


def _change(outcome: Outcome, before: UseCaseRecord, run: str) -> Change:
    account = topology().account(AccountRole.GOVERNANCE)
    if outcome.record is None:
        return refused(outcome.judged, run, account)
    return decided(outcome.judged, outcome.record, before, run, account)
