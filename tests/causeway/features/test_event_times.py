"""Event times: which is later, and the next one that is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from causeway.errors import BadInput, StaleDelete
from causeway.features.event_times import (
    delivered_at,
    instant_of,
    next_after,
    require_later,
    text_of,
)
from causeway.use_cases.contracts import EventTime

NOON = datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("value", ["2026-01-31T13:00:00+01:00", 1769860800, "1769860800.0"])
def test_text_and_unix_seconds_are_the_same_instant(value: object) -> None:
    assert instant_of(value) == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_what_is_no_event_time_is_said() -> None:
    with pytest.raises(BadInput, match="'yesterday' is no event time"):
        instant_of("yesterday")


@pytest.mark.parametrize("moment", ["2026-01-31T12:00:00Z", "2026-01-31T11:59:59Z"])
def test_a_deletion_that_is_not_later_is_refused_with_both_times(moment: str) -> None:
    with pytest.raises(StaleDelete) as caught:
        require_later(moment, "2026-01-31T12:00:00Z", record="a-1", group="g")
    for text in ("record a-1", "feature group g", "2026-01-31T12:00:00Z", moment):
        assert text in str(caught.value)


def test_a_later_deletion_passes() -> None:
    require_later("2026-01-31T12:00:01Z", "2026-01-31T12:00:00.900Z", record="a", group="g")


def test_a_delivery_declares_its_event_time_where_the_contract_lets_it() -> None:
    rule = EventTime(as_of="2026-01-01T00:00:00Z")
    assert delivered_at(rule, None, NOON) == "2026-01-01T00:00:00Z"
    assert delivered_at(rule, "2026-01-30", NOON) == "2026-01-30T00:00:00Z"
    assert delivered_at(EventTime(column="when"), "", NOON) == ""
    for other in (EventTime(fixed="2026-01-01T00:00:00Z"), EventTime(column="when")):
        with pytest.raises(BadInput, match="a delivery cannot declare it: 2026-01-30"):
            delivered_at(other, "2026-01-30", NOON)


@pytest.mark.parametrize("as_of", ["20260131", "1769860800", "2026-01-31T12:00:00", "2026-02-30"])
def test_an_as_of_date_is_a_date_or_an_instant_with_a_zone(as_of: str) -> None:
    rule = EventTime(as_of="2026-01-01T00:00:00Z")
    with pytest.raises(BadInput, match=f"the as-of date {as_of} is no date"):
        delivered_at(rule, as_of, NOON)
    assert delivered_at(rule, "2026-01-31T13:00:00+01:00", NOON) == "2026-01-31T12:00:00Z"


def test_the_next_second_is_later_than_all_that_is_known() -> None:
    assert text_of(next_after(NOON)) == "2026-01-31T12:00:00Z"
    assert next_after(NOON, NOON) > NOON
    future = datetime(2099, 1, 1, tzinfo=UTC)
    assert text_of(next_after(NOON, NOON, future)) == "2099-01-01T00:00:01Z"
    assert text_of(future, fractional=True) == "4070908800.0"
