"""What governance writes about a use case, as changes that the audit has an entry for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from causeway.governance.audit import Action, Actor, Change, Door
from causeway.governance.use_case_record import (
    UseCaseRecord,
    chain_of,
    word_key,
    write_record,
)
from causeway.governance.use_case_words import UseCaseWord, word_item, word_of_item
from causeway.instants import instant, moment
from causeway.items import Update, create


@dataclass(frozen=True)
class JudgedWord:
    """A word that was judged: what came of it, and why if it does not count."""

    word: UseCaseWord
    person: str
    outcome: str
    refusal: str
    judged_at: datetime


#: What may come of a word.
ADVANCED, COUNTED, SENT_BACK, REFUSED = "advanced", "counted", "sent_back", "refused"


def recorded(
    record: UseCaseRecord, before: UseCaseRecord | None, person: str, run: str, account: str
) -> Change:
    """Return that somebody recorded a use case, or amended its record."""
    return Change(
        (write_record(record, before),),
        chain_of(record.id),
        Action.RECORDED,
        Actor(person, Door.AIRFLOW, run),
        record.changed_at,
        chain_of(record.id),
        account,
        stage=record.stage.value,
        before=before.stage.value if before else "",
        after=record.stage.value,
        reason=record.reason,
        digests={"record": record.digest},
    )


def decided(
    judged: JudgedWord, record: UseCaseRecord, before: UseCaseRecord, run: str, account: str
) -> Change:
    """Return that a word counts, and what the record is by it."""
    return Change(
        (write_record(record, before), _write_word(judged)),
        chain_of(record.id),
        Action.DECIDED,
        Actor(judged.person, Door.REGISTRY, run, judged.word.principal or ""),
        judged.judged_at,
        chain_of(record.id),
        account,
        stage=judged.word.stage,
        before=before.stage.value,
        after=record.stage.value,
        reason=judged.word.reason,
        digests={"record": before.digest},
    )


def refused(judged: JudgedWord, run: str, account: str) -> Change:
    """Return that a word does not count, and why."""
    word = judged.word
    return Change(
        (_write_word(judged),),
        chain_of(word.use_case),
        Action.REFUSED,
        Actor(judged.person, Door.REGISTRY, run, word.principal or ""),
        judged.judged_at,
        chain_of(word.use_case),
        account,
        stage=word.stage,
        after=REFUSED,
        reason=judged.refusal,
    )


def outcome_of(record: UseCaseRecord, before: UseCaseRecord) -> str:
    """Return what came of a word that counts."""
    if record.turn == before.turn:
        return COUNTED
    return ADVANCED if record.stage.rank > before.stage.rank else SENT_BACK


def judged_word_of(item: Mapping[str, Any]) -> JudgedWord:
    """Read a judged word from its item."""
    return JudgedWord(
        word_of_item(item["word"]),
        item["person"],
        item["outcome"],
        item["refusal"],
        moment(item["judged_at"]),
    )


def _write_word(judged: JudgedWord) -> Update:
    key = word_key(judged.word.use_case, judged.word.event_id)
    return create(
        key,
        key.item()
        | {
            "word": word_item(judged.word),
            "person": judged.person,
            "outcome": judged.outcome,
            "refusal": judged.refusal,
            "judged_at": instant(judged.judged_at),
        },
    )
