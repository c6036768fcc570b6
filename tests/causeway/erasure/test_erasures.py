"""Erasures: begun, gone on with, done; and the report for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from causeway.erasure.erasures import (
    DONE,
    BuiltDataset,
    BuiltVersion,
    Erasure,
    ErasureReport,
    Request,
    begin,
    erasure_of,
)
from causeway.erasure.offline_rows import StoredRows
from causeway.features.event_times import instant_of

NOW = datetime(2026, 2, 1, tzinfo=UTC)
REQUEST = Request("a-1", "asked by letter | 7", "data-owner", "run-1")
STORED = "2026-01-01T00:00:00Z"
ROWS = StoredRows(2, frozenset({instant_of(STORED)}), frozenset())


def begun(**more: Any) -> Erasure:
    arguments: dict[str, Any] = {"earlier": None, "online": STORED, "offline": ROWS, "versions": 2}
    erasure = begin("g", REQUEST, now=NOW, **(arguments | more))
    assert erasure is not None
    return erasure


def test_nothing_anywhere_begins_nothing() -> None:
    assert begin("g", REQUEST, None, None, StoredRows(), 0, NOW) is None
    done = begun().done(NOW)
    assert begin("g", REQUEST, done, None, StoredRows(marks=frozenset({NOW})), 0, NOW) is None


def test_a_deletion_is_later_than_everything_stored_whatever_the_clock_says() -> None:
    assert begun().event_time == "2026-02-01T00:00:00Z"
    assert begun(online="2030-01-01T00:00:00Z").event_time == "2030-01-01T00:00:01Z"


def test_what_was_begun_goes_on_under_its_event_time_and_keeps_its_counts() -> None:
    first = begun()
    read = erasure_of({"pk": "x", "sk": "y", **first.write(None).item})  # type: ignore[dict-item]
    assert read == first
    later = datetime(2026, 3, 1, tzinfo=UTC)
    again = begin("g", REQUEST, first, None, StoredRows(), 0, later)
    assert again is not None
    assert (again.event_time, again.rows, again.online) == (first.event_time, 2, True)
    rewritten = begun(earlier=first, online="2026-02-02T00:00:00Z")
    assert rewritten.event_time == "2026-02-02T00:00:01Z"


def test_a_record_that_was_written_again_is_erased_again() -> None:
    done = begun().done(NOW)
    assert (done.status, done.finished_at[:10]) == (DONE, "2026-02-01")
    assert begun(earlier=done, versions=1, offline=StoredRows(1, ROWS.times)).rows == 1


def outcome(changed: bool) -> dict[str, Any]:
    counts = {"online": changed, "rows": 2 * changed, "versions": 3 * changed}
    return {"group": "g", "changed": changed, "event_time": STORED, **counts}


def test_the_report_lists_what_was_built_and_says_when_nothing_changed() -> None:
    dataset = BuiltDataset("s3://b/datasets/c/d/dataset.parquet", "d" * 64, "c", ("g",), "then")
    version = BuiltVersion("arn:v1", "d" * 64, "Approved", "Production")
    report = ErasureReport(REQUEST, NOW, (outcome(True),), (dataset,), (version,), ("raw files",))
    assert report.summary() == {
        "groups changed": 1,
        "rows erased": 2,
        "object versions erased": 3,
        "datasets built with it": 1,
        "model versions built with it": 1,
    }
    text = report.markdown()
    assert "| g | erased | 2 | 3 |" in text and "arn:v1" in text and dataset.uri in text
    assert report.document()["model_versions"][0]["stage"] == "Production"
    nothing = ErasureReport(REQUEST, NOW, (outcome(False),), (), (), ())
    assert "changed nothing" in nothing.markdown() and not nothing.document()["changed"]
