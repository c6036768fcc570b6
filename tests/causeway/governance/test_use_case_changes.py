"""Each change of a use case's life has an entry in its own chain."""

from __future__ import annotations

from causeway.governance.audit import Head, entries_after
from causeway.governance.use_case_changes import (
    JudgedWord,
    decided,
    judged_word_of,
    outcome_of,
    recorded,
    refused,
)
from causeway.governance.use_case_record import record_key, word_key
from causeway.items import CREATE_ONLY
from tests.causeway.governance.life import NOW, high, limited, said, word


def test_the_chain_tells_a_life() -> None:
    record = limited()
    spoken = word(record, "development", "risk-officer")
    after = said(record, "development", "risk-officer")
    judged = JudgedWord(spoken, "risk-officer", outcome_of(after, record), "", NOW)
    stray = JudgedWord(word(after, "qa", "eve"), "", "refused", "it may not", NOW)
    changes = [
        recorded(record, None, "ml-engineer", "run", "444444444444"),
        decided(judged, after, record, "run", "444444444444"),
        refused(stray, "run", "444444444444"),
    ]
    entries = entries_after(Head(), changes, "the decider")
    assert {entry.chain for entry in entries} == {"use-case/credit_risk"}
    assert [(e.action, e.before, e.after, e.person) for e in entries] == [
        ("recorded", "", "poc", "ml-engineer"),
        ("decided", "poc", "development", "risk-officer"),
        ("refused", "", "refused", ""),
    ]
    assert entries[1].digests == {"record": record.digest} and entries[1].reason == "because"
    assert entries[1].principal == spoken.principal and entries[2].reason == "it may not"


def test_a_word_is_written_once_together_with_the_record_that_it_makes() -> None:
    record = high()
    after = said(record, "development")
    judged = JudgedWord(
        word(record, "development", "governance-officer"),
        "governance-officer",
        outcome_of(after, record),
        "",
        NOW,
    )
    change = decided(judged, after, record, "run", "444444444444")
    written, spoken = change.updates
    assert written.key == record_key("credit_risk")
    assert spoken.key == word_key("credit_risk", judged.word.event_id)
    assert spoken.condition == CREATE_ONLY
    assert judged_word_of(spoken.item or {}) == judged


def test_what_comes_of_a_word() -> None:
    record = high()
    counted = said(record, "development")
    advanced = said(counted, "development", "risk-officer")
    back = said(advanced, "poc", verdict="rejected")
    assert [
        outcome_of(counted, record),
        outcome_of(advanced, counted),
        outcome_of(back, advanced),
    ] == ["counted", "advanced", "sent_back"]
