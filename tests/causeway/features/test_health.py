"""What a reader of the offline store waits for after an ingestion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from causeway.features.health import SKEW, Appended, appended
from causeway.instants import instant

BEGAN = datetime(2026, 1, 31, 12, tzinfo=UTC)
EARLIER = BEGAN - timedelta(hours=1)


def summary(finished: timedelta, rows: int = 60, run: str = "before") -> dict[str, Any]:
    """Return what counts of the summary of an ingestion that ended so long before."""
    return {
        "run": run,
        "appended": rows,
        "appended_since": instant(EARLIER),
        "finished_at": instant(BEGAN - finished),
    }


def test_rows_count_from_as_much_earlier_as_the_clock_of_the_service_may_be_behind() -> None:
    alone = Appended(40, BEGAN - SKEW)
    assert appended(40, BEGAN, "run", None) == alone
    assert appended(40, BEGAN, "run", summary(timedelta(minutes=2))) == alone
    assert appended(40, BEGAN, "run", summary(timedelta(seconds=5), rows=0)) == alone


@pytest.mark.parametrize("seconds", [1, 59])
def test_an_ingestion_that_ended_within_the_skew_is_waited_for_too(seconds: int) -> None:
    """Its rows and this one's may have times of the same minute: neither hides the other's."""
    latest = summary(timedelta(seconds=seconds))
    assert appended(40, BEGAN, "run", latest) == Appended(100, EARLIER)


def test_an_ingestion_without_rows_and_a_repeated_task_wait_for_the_rows_before() -> None:
    latest = summary(timedelta(hours=1))
    assert appended(0, BEGAN, "run", latest) == Appended(60, EARLIER)
    assert appended(40, BEGAN, "before", latest) == Appended(100, EARLIER)
