"""What the reports say of a model that went live, was rolled back, and has a version waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from causeway.errors import ConfigError
from causeway.governance.gestures import Verdict
from causeway.governance_reports.kinds import ALL, Kind, days_of, kinds, sheet
from causeway.governance_reports.sheets import Sheet, Table
from causeway.governance_reports.views import ModelView
from causeway.instants import read_day
from causeway.versions.stages import Stage

TODAY = read_day("2026-03-04")
LATER = TODAY.end + timedelta(days=9)


def report(
    kind: Kind, view: ModelView, topology, day: str = "2026-03-04", now: datetime = LATER
) -> Sheet:
    return sheet(kind, [view], read_day(day), topology, now)


def table(of: Sheet, title: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = next(
        table.document()["rows"] for table in of.tables if table.title.startswith(title)
    )
    return rows


def details(of: Sheet, label: str) -> dict[str, str]:
    return {row["what"]: row["value"] for row in table(of, label)}


def test_a_day_has_what_was_live_at_any_time_of_it(view, topology) -> None:
    def live(day: str) -> list[tuple[str, str, str]]:
        rows = table(report(Kind.PRODUCTION, view, topology, day), "Live in production")
        return [(row["version"], row["from"][:10], row["until"]) for row in rows]

    on = "the end of the day or later"
    assert live("2026-02-28") == []
    assert live("2026-03-02") == [("credit-risk/1", "2026-03-01", on)]
    assert live("2026-03-03") == [
        ("credit-risk/1", "2026-03-01", "2026-03-03 12:00 UTC"),
        ("credit-risk/2", "2026-03-03", on),
    ]


def test_a_day_that_is_not_over_is_told_as_of_now(view, topology) -> None:
    now = TODAY.start + timedelta(hours=14, minutes=7)
    day = report(Kind.PRODUCTION, view, topology, str(TODAY), now)
    assert "From 2026-03-04 00:00 UTC as of 2026-03-04 14:07 UTC: it is not over." in day.about
    lines = table(day, "Live in production")
    assert [line["until"] for line in lines] == [
        *("2026-03-04 12:00 UTC", "live as of 2026-03-04 14:07 UTC"),
    ]
    assert details(day, "credit-risk/1")["until"] == "live as of 2026-03-04 14:07 UTC"
    bare = report(Kind.PRODUCTION, replace(view, periods=()), topology, str(TODAY), now)
    assert "on this day so far" in bare.markdown()
    over = report(Kind.PRODUCTION, view, topology, str(TODAY), TODAY.end)
    assert "to 2026-03-05 00:00 UTC" in over.about and "as of" not in over.markdown()
    for kind in (Kind.VERSIONS, Kind.APPROVALS, Kind.PORTFOLIO):
        about = report(kind, view, topology, str(TODAY), now).about
        assert about.startswith("As of 2026-03-04 14:07 UTC. ")


def test_a_day_says_who_let_it_in_on_which_evidence_from_which_data(view, topology) -> None:
    day = report(Kind.PRODUCTION, view, topology, "2026-03-02")
    (line,) = table(day, "Live in production")
    assert line["account"] == topology.account("prod")
    assert line["approved for test by"] == "model-owner"
    assert line["approved for production by"] == "governance-officer"
    told = details(day, "credit-risk/1")
    assert told["approved for production by"] == (
        "governance-officer, 2026-03-01 11:00 UTC: good for production"
    )
    assert told["call for production"] == (
        "e-production, source identity governance-officer, session-of-governance-officer"
    )
    assert told["gate report"].startswith(f"SHA-256 {'b' * 64}, s3://causeway-shared-services-")
    assert told["data"] == "SouthGermanCredit.asc, 1000 rows; synthetic: no"
    assert (told["trained by"], told["asked for by"]) == ("ml-engineer", "product-manager")
    assert told["measured in test"] == "auc 0.8125"
    assert told["evidence"] == "complete: what was live is what was approved"
    assert day.figures == {"models": 1, "live": 1, "without_evidence": 0}


def test_the_report_of_a_day_stays_the_same_when_something_else_goes_live(view, topology) -> None:
    before = replace(view, periods=(replace(view.periods[1], until=None), view.periods[2]))
    day = "2026-03-03"
    then, now = (report(Kind.PRODUCTION, each, topology, day) for each in (before, view))
    assert then == now


def test_a_rollback_says_why_and_who_had_let_the_version_in(view, topology) -> None:
    day = report(Kind.PRODUCTION, view, topology, "2026-03-05")
    told = details(day, "credit-risk/1")
    assert told["rolled back to"] == "worse on Mondays, by op"
    assert told["approved for test by"].startswith("model-owner, 2026-03-01")


def test_a_stop_is_said_of_what_was_live(view, topology) -> None:
    told = details(report(Kind.PRODUCTION, view, topology, "2026-03-04"), "credit-risk/2")
    assert told["stopped by"] == "governance-officer, 2026-03-04 12:00 UTC: wrong data sheet"


def test_what_is_live_without_approvals_is_counted_and_said(view, topology) -> None:
    bare = replace(view, versions=())
    day = report(Kind.PRODUCTION, bare, topology, "2026-03-02")
    assert day.figures["without_evidence"] == 1
    (line,) = table(day, "Live in production")
    assert line["approved for test by"] == "not recorded"
    assert "no approval for test is recorded" in line["evidence"]
    assert details(day, "credit-risk/1")["data"] == "not recorded"


def test_an_approval_without_a_call_is_no_complete_evidence(view, topology) -> None:
    newest, other, oldest = view.versions
    decisions = tuple(replace(decision, call=None) for decision in oldest.decisions)
    bare = replace(view, versions=(newest, other, replace(oldest, decisions=decisions)))
    day = report(Kind.PRODUCTION, bare, topology, "2026-03-02")
    told = details(day, "credit-risk/1")
    assert told["call for test"] == "not recorded"
    assert told["evidence"].startswith("no call of the approval for test is recorded; ")
    assert day.figures["without_evidence"] == 1


def test_versions_have_their_records_decisions_stops_and_refusals(view, topology) -> None:
    versions = report(Kind.VERSIONS, view, topology)
    lines = table(versions, "credit_risk: versions")
    assert [line["version"] for line in lines] == [f"credit-risk/{n}" for n in (3, 2, 1)]
    assert lines[0]["development"].startswith("pending since ")
    assert lines[0]["gate report"] == "b" * 64
    assert len(table(versions, "credit_risk: decisions")) == 4
    (stop,) = table(versions, "credit_risk: stops")
    assert (stop["version"], stop["reason"]) == ("credit-risk/2", "wrong data sheet")
    (refusal,) = table(versions, "credit_risk: refused")
    assert (refusal["version"], refusal["why"]) == ("credit-risk/3", "four eyes")


def test_approvals_that_are_open_and_refused_are_told_apart(view, decide, topology) -> None:
    rejected = decide(1, Stage.TEST, verdict=Verdict.REJECTED, reason="too few rows")
    newest, other, oldest = view.versions
    changed = replace(view, versions=(newest, other, replace(oldest, decisions=(rejected,))))
    approvals = report(Kind.APPROVALS, changed, topology)
    (waits,) = table(approvals, "Waiting")
    assert (waits["version"], waits["into"], waits["may decide"]) == (
        *("credit-risk/3", "test", "model-owner"),
    )
    (said,) = table(approvals, "Rejected")
    assert (said["version"], said["reason"]) == ("credit-risk/1", "too few rows")
    assert approvals.figures == {
        "waiting": 1,
        "rejected": 1,
        "stopped": 1,
        "held_back": 0,
        "refused": 1,
    }


def test_the_portfolio_has_use_cases_with_risk_and_owner_and_models_with_what_is_live(
    view, topology
) -> None:
    portfolio = report(Kind.PORTFOLIO, view, topology)
    (case,) = table(portfolio, "Use cases")
    assert (case["risk"], case["owner"]) == (view.case.risk, view.case.owner)
    (model,) = table(portfolio, "Models")
    assert model["live"] == "credit-risk/1 since 2026-03-04 12:00 UTC"
    assert (model["versions"], model["waiting"]) == ("3", "credit-risk/3")


def test_what_people_wrote_is_no_markup_in_a_report() -> None:
    text = Sheet("a | b", "*about*", (Table("t", ("h",), (("<b>|x",),)),)).markdown()
    assert "# a \\| b" in text and "\\*about\\*" in text and "| \\<b\\>\\|x |" in text


def test_all_reports_are_asked_for_at_once_or_each_by_its_name() -> None:
    assert kinds(ALL) == tuple(Kind)
    assert kinds("portfolio") == (Kind.PORTFOLIO,)
    with pytest.raises(ConfigError, match=r"no report 'moon'.*\n.*portfolio"):
        kinds("moon")


def test_production_is_of_any_day_that_has_begun_the_others_are_of_today() -> None:
    assert days_of(None, TODAY, tuple(Kind)) == dict.fromkeys(Kind, TODAY)
    days = days_of("2026-03-03", TODAY, tuple(Kind))
    assert days == dict.fromkeys(Kind, TODAY) | {Kind.PRODUCTION: read_day("2026-03-03")}
    for text, kind, words in (
        ("yesterday", Kind.PRODUCTION, "is no day: write it as 2026-03-01"),
        ("2026-02-30", Kind.PRODUCTION, "is no day"),
        ("2026-03-05", Kind.PRODUCTION, "has not begun"),
        ("2026-03-03", Kind.APPROVALS, "says how things stand"),
    ):
        with pytest.raises(ConfigError, match=words):
            days_of(text, TODAY, [kind])
