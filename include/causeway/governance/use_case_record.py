"""The record of a use case: what it is, in which stage of its life, and who let it in.

All records are in one partition, so that a query lists them; the words on a use case that were
judged have a partition of their own. The decider alone writes both. A word is bound to the digest
of what the record said; approvals that are still too few are no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from causeway.digests import canonical_json, sha256
from causeway.errors import BadInput
from causeway.instants import instant, moment
from causeway.items import Key, Update, create
from causeway.names import NAME_LENGTH
from causeway.use_cases.stages import UNACCEPTABLE, UseCaseStage
from causeway.use_cases.use_case import UseCase

RECORDS: Final = "USE_CASES"
#: Lets one case through: nobody wrote the record since it was read.
#: Names: #revision; values: :revision.
UNCHANGED: Final = "#revision = :revision"
#: What the form takes of each risk; the owner and the rest are the file's where there is one.
RISKS: Final = (UNACCEPTABLE, "high", "limited", "minimal")
#: What the form has of a use case and its YAML file has, too.
OF_THE_FILE: Final = ("name", "risk", "owner", "line_of_business", "project")
#: What a use case of high risk needs before it leaves the proof of concept.
OF_PEOPLE: Final = ("stakeholders", "mitigation", "oversight")
LONGEST_TEXT: Final = 4000
_ID: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class UseCaseForm:
    """What people write about a use case."""

    id: str
    name: str
    risk: str
    owner: str
    line_of_business: str
    project: str
    stakeholders: str = ""
    mitigation: str = ""
    oversight: str = ""


@dataclass(frozen=True)
class UseCaseApproval:
    """One person's word on the entry into a stage, with the call that it comes from."""

    stage: UseCaseStage
    person: str
    event_id: str
    at: datetime


@dataclass(frozen=True)
class UseCaseRecord:
    """A use case in a stage of its life.

    A turn begins when the stage or the form is written, so that a word of before a return is of
    another record: `turn` is its number, `since` when it began. `revision` counts every write.
    `admitted_by` are the approvals that let it into the stage, or the rejection that sent it back
    there; `approvals` are those for another stage that are still too few. `models` has a line for
    each model of the file that was recorded: a model that was added since has not been decided on.
    `passed` are the digests of the stages that it went through to this one: a rejection of those
    that was said before `since` counts, however late CloudTrail has it.
    """

    form: UseCaseForm
    stage: UseCaseStage
    turn: int
    since: datetime
    revision: int
    recorded_by: tuple[str, ...]
    changed_by: str
    changed_at: datetime
    models: tuple[str, ...]
    reason: str = ""
    admitted_by: tuple[UseCaseApproval, ...] = ()
    approvals: tuple[UseCaseApproval, ...] = ()
    passed: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The use case's id."""
        return self.form.id

    @property
    def digest(self) -> str:
        """The SHA-256 of what people decide on."""
        content = vars(self.form) | {
            "stage": self.stage.value,
            "turn": self.turn,
            "since": instant(self.since),
            "recorded_by": list(self.recorded_by),
            "models": list(self.models),
        }
        return sha256(canonical_json(content))

    def in_stage(
        self,
        stage: UseCaseStage,
        person: str,
        reason: str,
        at: datetime,
        admitted_by: tuple[UseCaseApproval, ...] = (),
    ) -> UseCaseRecord:
        """Return the record in a stage, from now on."""
        goes_on = stage.rank > self.stage.rank
        return replace(
            self,
            stage=stage,
            turn=self.turn + 1,
            since=at,
            revision=self.revision + 1,
            changed_by=person,
            changed_at=at,
            reason=reason,
            admitted_by=admitted_by,
            approvals=(),
            passed=(*self.passed, self.digest) if goes_on else (),
        )

    def approved_by(self, approval: UseCaseApproval, reason: str, at: datetime) -> UseCaseRecord:
        """Return the record with an approval that alone is not enough."""
        return replace(
            self,
            revision=self.revision + 1,
            changed_by=approval.person,
            changed_at=at,
            reason=reason,
            approvals=(*self.approvals, approval),
        )


def chain_of(use_case_id: str) -> str:
    """Return the name of a use case's chain in the audit."""
    return f"use-case/{use_case_id}"


def use_case_of(chain: str) -> str | None:
    """Return whose chain it is; None for the chain of a model group."""
    return chain.partition("/")[2] or None


def record_key(use_case_id: str) -> Key:
    """Return the key of a use case's record."""
    return Key(RECORDS, use_case_id)


def words_pk(use_case_id: str) -> str:
    """Return the partition of the words on a use case that were judged."""
    return f"USE_CASE#{use_case_id}"


def word_key(use_case_id: str, event_id: str) -> Key:
    """Return the key of a word, by the event that it was; each is judged once."""
    return Key(words_pk(use_case_id), f"WORD#{event_id}")


def next_record(
    form: UseCaseForm,
    before: UseCaseRecord | None,
    person: str,
    at: datetime,
    models: tuple[str, ...],
) -> UseCaseRecord | None:
    """Return the record with what form and file say; None when it says that already.

    Everybody who wrote on it in this proof of concept counts as its requester.

    Raises:
        BadInput: the risk is unacceptable, a text is missing or too long, or the use case has left
            the proof of concept.
    """
    require_acceptable(form)
    if before is None:
        return UseCaseRecord(form, UseCaseStage.POC, 1, at, 1, (person,), person, at, models)
    if (before.form, before.models) == (form, models):
        return None
    if before.stage is not UseCaseStage.POC:
        raise BadInput(
            f"use case {form.id} is in {before.stage.value}; its record is amended in poc alone",
            next_step=f"Send it back first: make reject USE_CASE={form.id} FOR=poc REASON=…",
        )
    writers = tuple(dict.fromkeys((*before.recorded_by, person)))
    amended = before.in_stage(UseCaseStage.POC, person, "amended", at)
    return replace(amended, form=form, recorded_by=writers, models=models)


def require_acceptable(form: UseCaseForm) -> None:
    """Raise `BadInput` for a form that nothing is recorded of."""
    if not _ID.fullmatch(form.id) or len(form.id) > NAME_LENGTH:
        raise BadInput(
            f"id: {form.id!r} is no id of a use case",
            next_step=f"Small letters, digits and _, at most {NAME_LENGTH}, a letter first.",
        )
    if form.risk == UNACCEPTABLE:
        raise BadInput(
            f"use case {form.id} has an unacceptable risk: it is not recorded",
            next_step="The EU AI Act prohibits it (Article 5); change what it does, or leave it.",
        )
    if form.risk not in RISKS:
        raise BadInput(f"risk: {form.risk!r}", next_step=f"Use one of: {', '.join(RISKS[1:])}.")
    needed = OF_THE_FILE if form.risk != "high" else (*OF_THE_FILE, *OF_PEOPLE)
    missing = [name for name in needed if not getattr(form, name).strip()]
    if missing:
        raise BadInput(
            f"use case {form.id}, risk {form.risk}: the form lacks {', '.join(missing)}",
            next_step="Fill them in; the proof of concept is recorded with them.",
        )
    for name, text in vars(form).items():
        if len(text) > LONGEST_TEXT:
            raise BadInput(
                f"{name}: {len(text)} characters, {LONGEST_TEXT} at most",
                next_step="Shorten it, and name the document that says more.",
            )


def differences(form: UseCaseForm, case: UseCase) -> list[str]:
    """Return where the file of a use case says something else than a form."""
    return [
        f"{name}: {getattr(case, name)!r} in the file, {getattr(form, name)!r} in the record"
        for name in OF_THE_FILE
        if getattr(case, name) != getattr(form, name)
    ]


def models_of(case: UseCase | None) -> tuple[str, ...]:
    """Return what is recorded of the models of a file; nothing while there is none."""
    return tuple(
        sorted(
            f"{model.name}: group {model.group}, trained by {model.trainer}"
            for model in (case.models if case else ())
        )
    )


def changes_since(record: UseCaseRecord, case: UseCase) -> list[str]:
    """Return where the file of a use case says something else than its record, models included."""
    there, recorded = models_of(case), record.models
    return [
        *differences(record.form, case),
        *(f"{line}, in the file alone" for line in there if line not in recorded),
        *(f"{line}, in the record alone" for line in recorded if line not in there),
    ]


def record_item(record: UseCaseRecord) -> dict[str, Any]:
    """Write a record as an item."""
    return record_key(record.id).item() | {
        "form": dict(vars(record.form)),
        "stage": record.stage.value,
        "turn": record.turn,
        "since": instant(record.since),
        "revision": record.revision,
        "digest": record.digest,
        "recorded_by": list(record.recorded_by),
        "changed_by": record.changed_by,
        "changed_at": instant(record.changed_at),
        "models": list(record.models),
        "reason": record.reason,
        "admitted_by": [_approval_item(each) for each in record.admitted_by],
        "approvals": [_approval_item(each) for each in record.approvals],
        "passed": list(record.passed),
    }


def record_of(item: Mapping[str, Any]) -> UseCaseRecord:
    """Read a record from its item."""
    return UseCaseRecord(
        form=UseCaseForm(**item["form"]),
        stage=UseCaseStage(item["stage"]),
        turn=int(item["turn"]),
        since=moment(item["since"]),
        revision=int(item["revision"]),
        recorded_by=tuple(item["recorded_by"]),
        changed_by=item["changed_by"],
        changed_at=moment(item["changed_at"]),
        models=tuple(item["models"]),
        reason=item["reason"],
        admitted_by=tuple(map(_approval_of, item["admitted_by"])),
        approvals=tuple(map(_approval_of, item["approvals"])),
        passed=tuple(item["passed"]),
    )


def write_record(record: UseCaseRecord, before: UseCaseRecord | None) -> Update:
    """Write a record while it is the one that the change was planned against."""
    key, item = record_key(record.id), record_item(record)
    if before is None:
        return create(key, item)
    values, names = {":revision": before.revision}, {"#revision": "revision"}
    return Update(key, UNCHANGED, values, names, item=item)


def _approval_item(approval: UseCaseApproval) -> dict[str, str]:
    return {
        "stage": approval.stage.value,
        "person": approval.person,
        "event_id": approval.event_id,
        "at": instant(approval.at),
    }


def _approval_of(item: Mapping[str, Any]) -> UseCaseApproval:
    return UseCaseApproval(
        UseCaseStage(item["stage"]), item["person"], item["event_id"], moment(item["at"])
    )
