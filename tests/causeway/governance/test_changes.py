"""What the entries of governance's changes say of who, what and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from causeway.governance.audit import Action, Actor, Change, Door, Head, entries_after
from causeway.governance.changes import decided, first_seen, promoted, recorded, refused, stopped
from causeway.governance.decisions import Decision, Revocation, facts_of
from causeway.governance.gestures import Verdict
from causeway.governance.registry_calls import RegistryCall
from causeway.governance.sync_changes import Refusal
from causeway.governance.table import Promotion, PromotionStatus
from causeway.versions.stages import Stage, Status

RUN = "platform__governance_sync run-1"
SYNC = Actor("airflow:platform__governance_sync", Door.DAG, RUN)
SESSION = "arn:aws:sts::333333333333:assumed-role/causeway-production-approver/x"


def entry(change: Change) -> Any:
    (written,) = entries_after(Head(), [change], "arn:writer")
    return written


def decision(arn: Any, now: datetime, call: RegistryCall | None) -> Decision:
    return Decision(
        *(arn, Stage.PRODUCTION, 1, Verdict.APPROVED, "officer", "ok"),
        *("f", "a", "b", now, now, call),
    )


def test_a_decision_names_the_person_the_session_and_what_it_is_bound_to(make_version, now) -> None:
    arn = make_version().arn
    call = RegistryCall(str(arn), now, SESSION, "officer")
    written = entry(decided(decision(arn, now, call), RUN, now))
    assert (written.person, written.principal, written.door) == ("officer", SESSION, "registry")
    assert (written.action, written.stage, written.after) == ("decided", "production", "approved")
    assert (written.subject, written.chain, written.account) == (str(arn), arn.group, arn.account)
    assert written.digests == {"package": "f", "artifact": "a", "gate_report": "b"}
    assert written.reason == "ok"
    assert written.run == RUN
    assert list(written.items) == [f"DECISION#{arn} DECISION#production#1"]


def test_no_decision_is_written_as_made_in_airflow(make_version, now) -> None:
    written = entry(decided(decision(make_version().arn, now, None), RUN, now))
    assert (written.door, written.principal) == ("registry", "arn:writer")


def test_a_stop_and_a_refusal_say_why(make_version, now) -> None:
    arn = make_version().arn
    stop = Revocation(arn, 2, "owner", "drift", now, RegistryCall(str(arn), now, SESSION, "owner"))
    written = entry(stopped(stop, RUN, now))
    assert (written.action, written.person, written.reason) == ("stopped", "owner", "drift")
    refusal = Refusal(arn, "nobody known", True, SESSION, "event-1")
    written = entry(refused(refusal, "event-1", RUN, now))
    assert (written.person, written.principal) == ("", SESSION)
    assert (written.after, written.reason) == ("quarantined", "nobody known")


def test_what_follows_by_itself_names_the_run(make_version, make_record, now) -> None:
    version = make_version()
    written = entry(first_seen(facts_of(version, now), SYNC))
    assert (written.action, written.door) == (Action.SEEN.value, "dag")
    assert set(written.digests) == {"package", "artifact", "gate_report"}
    record = make_record(Stage.TEST, Status.APPROVED)
    written = entry(recorded(record, Status.PENDING, SYNC))
    assert (written.stage, written.before, written.after) == ("test", "pending", "approved")
    promotion = Promotion(version.arn, 2, PromotionStatus.REQUESTED, "credit_risk", "c", now)
    written = entry(promoted(promotion, None, SYNC))
    assert (written.before, written.after) == ("", "2 requested")
