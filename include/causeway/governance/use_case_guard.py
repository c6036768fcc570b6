"""The guard of use cases: the only place that lets a use case into a stage or sends it back.

The page asks it before a word is said, the sync judges each word that was said with it, and a
deployment asks whether the use case lets a version in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from causeway.errors import ApprovalRefused
from causeway.governance.approvals import approver_role
from causeway.governance.gestures import Verdict
from causeway.governance.use_case_record import UseCaseApproval, UseCaseRecord, changes_since
from causeway.governance.use_case_words import UseCaseWord, groups_of, is_stage
from causeway.topology.accounts import Topology
from causeway.use_cases.stages import UseCaseStage
from causeway.use_cases.use_case import UseCase
from causeway.versions.stages import Stage, StageRecord, Status

Records = Mapping[Stage, StageRecord]

#: In which stage every model has to be approved before its use case enters a stage.
APPROVED_BEFORE: Final = {
    UseCaseStage.QA: Stage.DEVELOPMENT,
    UseCaseStage.PRE_PRODUCTION: Stage.TEST,
    UseCaseStage.PRODUCTION: Stage.PREPRODUCTION,
}
#: The stages of a use case in which its versions may enter an account: its own stage, and the one
#: before it, in which the models are approved that let the use case go on.
LETS_IN: Final = {
    Stage.TEST: frozenset(
        {
            UseCaseStage.DEVELOPMENT,
            UseCaseStage.QA,
            UseCaseStage.PRE_PRODUCTION,
            UseCaseStage.PRODUCTION,
        }
    ),
    Stage.PRODUCTION: frozenset({UseCaseStage.PRE_PRODUCTION, UseCaseStage.PRODUCTION}),
}
#: The stages that a use case of high risk enters with complete cards alone.
WITH_CARDS: Final = frozenset({UseCaseStage.PRE_PRODUCTION, UseCaseStage.PRODUCTION})
#: The stages that a version enters by an approval; a version is retired from any of them.
_ON_THE_WAY: Final = (Stage.DEVELOPMENT, Stage.TEST, Stage.PREPRODUCTION, Stage.PRODUCTION)
_REFUSED: Final = (Status.REJECTED, Status.QUARANTINED)


@dataclass(frozen=True)
class Progress:
    """How far the models of a use case are, by their names.

    `versions` has the records of each version, `gaps` what the model's card lacks; `live` are the
    models that production serves.
    """

    versions: Mapping[str, Sequence[Records]] = field(default_factory=dict)
    gaps: Mapping[str, Sequence[str]] = field(default_factory=dict)
    live: Sequence[str] = ()


def deciders(topology: Topology) -> tuple[str, ...]:
    """Return who may decide on use cases: whom the topology lets decide on production."""
    return tuple(
        name for name, person in topology.people.items() if Stage.PRODUCTION.value in person.decides
    )


def needed_approvals(record: UseCaseRecord) -> int:
    """Return how many people have to approve a step."""
    return 2 if record.form.risk == "high" else 1


def said_by(word: UseCaseWord, topology: Topology) -> str:
    """Return the person who said a word in the registry.

    Raises:
        ApprovalRefused: nobody known said it, or in a role that proves nobody.
    """
    role = approver_role(Stage.PRODUCTION, topology)
    if word.role != role:
        raise _refused(
            word,
            f"it was said as {word.role or 'no role'}; a source identity proves a person only in "
            f"{role}",
            "Find out who made the call; decide with that role and your own SourceIdentity.",
            suspect=True,
        )
    person = topology.person_of_source_identity(word.identity)
    if person is None:
        raise _refused(
            word,
            f"no person of topology {topology.name} has the identity {word.identity!r}",
            "Decide with your own SourceIdentity.",
            suspect=True,
        )
    return person


def judge(
    word: UseCaseWord,
    person: str,
    record: UseCaseRecord,
    case: UseCase | None,
    progress: Callable[[], Progress],
    topology: Topology,
    now: datetime,
) -> UseCaseRecord:
    """Return the record as a word leaves it.

    Args:
        word: what was said, or would be said.
        person: who says it.
        record: the record as it is.
        case: the use case's file; None while there is none.
        progress: says how far its models are; asked when a word depends on that alone.
        topology: the accounts and people.
        now: the time of the judgement, from which on a step counts.

    Raises:
        ApprovalRefused: the word does not count; nothing changes.
    """
    if case is None:
        raise _refused(word, "it has no file yet", "Write its YAML file; it says who decides.")
    if word.group and word.group not in groups_of(case, topology):
        raise _refused(
            word, f"{word.group} is no model group of it", "Tag a group of its own.", suspect=True
        )
    if person not in deciders(topology):
        raise _refused(
            word,
            f"{person} may not decide on it",
            f"Ask one of: {', '.join(deciders(topology))}.",
            suspect=True,
        )
    if not is_stage(word.stage):
        raise _refused(word, f"{word.stage!r} is no stage", f"Use: {', '.join(UseCaseStage)}.")
    late = word.record in record.passed and word.at <= record.since
    if word.record != record.digest and not (late and word.verdict == Verdict.REJECTED):
        raise _refused(
            word,
            f"it was decided on record {word.record or 'none'}; the record is {record.digest} now",
            "Read the record again, and decide on that.",
        )
    if record.stage is UseCaseStage.RETIRED:
        raise _refused(word, "it is retired", "Record another use case.")
    if word.verdict == Verdict.REJECTED:
        return _sent_back(word, person, record, now)
    if word.verdict == Verdict.APPROVED:
        return _approved(word, person, record, case, progress, topology, now)
    raise _refused(word, f"{word.verdict!r} is no verdict", "Use approved or rejected.")


def require_admits(
    record: UseCaseRecord | None, case: UseCase, target: Stage, topology: Topology
) -> None:
    """Raise `ApprovalRefused` when a use case does not let its versions into an account.

    A use case without a record is let through where the topology says so.
    """
    what = f"no version of use case {case.id} may enter {target.value}"
    if record is None:
        if topology.unrecorded_use_cases:
            return
        raise ApprovalRefused(
            f"{what}: the use case has no record",
            next_step="Run platform__use_case, and have it approved (docs/use-case-life.md).",
        )
    if changed := changes_since(record, case):
        raise ApprovalRefused(
            f"{what}: its file differs from its record: {'; '.join(changed)}",
            next_step="Set the file back, or send the use case back to poc and amend the record.",
        )
    if record.stage not in LETS_IN[target]:
        stages = ", ".join(stage for stage in UseCaseStage if stage in LETS_IN[target])
        raise ApprovalRefused(
            f"{what}: it is in {record.stage.value}, which is not one of {stages}",
            next_step=f"Have the use case approved; the run goes on then: make approve "
            f"USE_CASE={case.id} FOR={record.stage.next or 'nothing'} (docs/use-case-life.md).",
        )


def require_calls(
    record: UseCaseRecord, words: Mapping[str, UseCaseWord | None], topology: Topology
) -> None:
    """Compare the calls that put a use case into its stage with what CloudTrail says of them.

    Args:
        record: a record that lets versions in.
        words: what CloudTrail has under the events of `admitted_by`; those that its history cannot
            have any more are left out, and not compared.
        topology: the accounts and people.

    Raises:
        ApprovalRefused: there is no such call, or it says something else, or they are too few.
    """
    verdicts = set()
    for each in record.admitted_by:
        word = words.get(each.event_id)
        if each.event_id in words:
            _require_call(record, each, word, topology)
            verdicts.add(word.verdict if word else "")
    people = {each.person for each in record.admitted_by}
    needed = 1 if verdicts == {Verdict.REJECTED.value} else needed_approvals(record)
    if len(people) < needed:
        raise _unproven(record, f"{len(people)} calls put it there, and it takes {needed}")


def _require_call(
    record: UseCaseRecord,
    approval: UseCaseApproval,
    word: UseCaseWord | None,
    topology: Topology,
) -> None:
    if word is None:
        raise _unproven(record, f"CloudTrail has no event {approval.event_id}")
    said = (word.use_case, word.stage, word.at, said_by(word, topology))
    if said != (record.id, record.stage.value, approval.at, approval.person):
        raise _unproven(record, f"event {approval.event_id} is another call: {word}")


def _unproven(record: UseCaseRecord, why: str) -> ApprovalRefused:
    return ApprovalRefused(
        f"use case {record.id} is in {record.stage.value} by its record, and {why}",
        next_step="Find out who wrote the record (platform__audit); send the use case back.",
    )


def unapproved(target: UseCaseStage, case: UseCase, progress: Progress) -> list[str]:
    """Return the models that are not approved in the stage before; they keep a use case back."""
    before = APPROVED_BEFORE.get(target)
    return [
        model.name
        for model in case.models
        if before is not None
        and not any(
            _is_through(before, records) for records in progress.versions.get(model.name, ())
        )
    ]


def _is_through(stage: Stage, records: Records) -> bool:
    """Tell whether a version was approved in a stage: its record says so, or it went on.

    What was refused anywhere does not count, whatever else is said of it. A version waits for
    production without anybody's word on its shadow: it has to be live.
    """
    if any(record.status in _REFUSED for record in records.values()):
        return False
    record = records.get(stage)
    if record is not None and record.status is Status.APPROVED:
        return True
    if stage is Stage.PREPRODUCTION:
        live = records.get(Stage.PRODUCTION)
        return live is not None and live.status is Status.DEPLOYED
    return any(after in records for after in _ON_THE_WAY[_ON_THE_WAY.index(stage) + 1 :])


def _sent_back(
    word: UseCaseWord, person: str, record: UseCaseRecord, now: datetime
) -> UseCaseRecord:
    """Send a use case back; one person is enough, and four eyes are not asked for."""
    target = UseCaseStage(word.stage)
    if target.rank > record.stage.rank:
        raise _refused(
            word,
            f"it is in {record.stage.value}, and a rejection names the stage to go back to",
            f"Use {record.stage.value} or a stage before it.",
        )
    if not word.reason.strip():
        raise _refused(word, "a rejection without a reason", "Say in one line why.")
    back = UseCaseApproval(target, person, word.event_id, word.at)
    return record.in_stage(target, person, word.reason, now, (back,))


def owner_of(owner: str, topology: Topology) -> str | None:
    """Return the person that an owner is, by name or by log-in of Airflow; None for nobody."""
    return owner if owner in topology.people else topology.person_of_airflow_user(owner)


def eligible(record: UseCaseRecord, case: UseCase, topology: Topology) -> tuple[str, ...]:
    """Return who may approve a use case: they decide, and have no other part in it."""
    parts = {person for _, people in _parts(record, case, topology) for person in people}
    return tuple(person for person in deciders(topology) if person not in parts)


def _parts(
    record: UseCaseRecord, case: UseCase, topology: Topology
) -> tuple[tuple[str, Sequence[str | None]], ...]:
    return (
        ("owns", [owner_of(owner, topology) for owner in (record.form.owner, case.owner)]),
        ("recorded", record.recorded_by),
        ("trains a model of", [model.trainer for model in case.models]),
    )


def _approved(
    word: UseCaseWord,
    person: str,
    record: UseCaseRecord,
    case: UseCase,
    progress: Callable[[], Progress],
    topology: Topology,
    now: datetime,
) -> UseCaseRecord:
    target = UseCaseStage(word.stage)
    if target not in (record.stage.next, UseCaseStage.RETIRED):
        raise _refused(
            word,
            f"it is in {record.stage.value}",
            f"The next stage is {record.stage.next}; it can be retired at any time.",
        )
    if owner_of(record.form.owner, topology) is None:
        raise _refused(
            word,
            f"its owner {record.form.owner!r} is nobody of topology {topology.name}, and an owner "
            "may not approve it (four eyes)",
            "Send it back to poc, and record it with a person of the topology as its owner.",
        )
    others = [each for each in eligible(record, case, topology) if each != person]
    ask = f"Ask another of: {', '.join(others) or 'nobody'}."
    for part, people in _parts(record, case, topology):
        if person in people:
            raise _refused(
                word,
                f"{person} {part} the use case and may not also approve it (four eyes)",
                ask,
                suspect=True,
            )
    so_far = tuple(each for each in record.approvals if each.stage is target)
    if person in [each.person for each in so_far]:
        raise _refused(word, f"{person} approved it already; it takes another person", ask)
    _check_models(word, target, record, case, progress)
    approval = UseCaseApproval(target, person, word.event_id, word.at)
    if len(so_far) + 1 < needed_approvals(record):
        return record.approved_by(approval, word.reason, now)
    return record.in_stage(target, person, word.reason, now, (*so_far, approval))


def _check_models(
    word: UseCaseWord,
    target: UseCaseStage,
    record: UseCaseRecord,
    case: UseCase,
    progress: Callable[[], Progress],
) -> None:
    if changed := changes_since(record, case):
        raise _refused(
            word,
            f"its file differs from its record: {'; '.join(changed)}",
            "Set the file back, or send the use case back to poc and amend the record.",
        )
    models = progress()
    if target is UseCaseStage.RETIRED:
        if models.live:
            raise _refused(
                word,
                f"production serves {', '.join(models.live)}",
                "Retire its models first, each with the DAG <model>__retire.",
            )
        return
    if waiting := unapproved(target, case, models):
        raise _refused(
            word,
            f"not approved in {APPROVED_BEFORE[target].value} yet: {', '.join(waiting)}",
            "A use case goes on when all its models are approved in the stage before.",
        )
    if record.form.risk == "high" and target in WITH_CARDS:
        gaps = [
            f"{model.name} ({', '.join(lacks)})"
            for model in case.models
            if (lacks := models.gaps.get(model.name, ("no card",)))
        ]
        if gaps:
            raise _refused(
                word,
                f"of high risk, and these model cards are not complete: {'; '.join(gaps)}",
                "Complete them (docs/model-cards.md), then approve again.",
            )


def _refused(
    word: UseCaseWord, why: str, next_step: str, *, suspect: bool = False
) -> ApprovalRefused:
    return ApprovalRefused(
        f"{word.verdict} for {word.stage} of use case {word.use_case}: {why}",
        quarantine=suspect,
        principal=word.principal,
        next_step=next_step,
    )
