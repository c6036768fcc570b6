"""Event times of records as the feature store writes them, and which of two is later.

An event time is ISO-8601 text (String) or unix seconds (Fractional); the contract's groups use
text. Of two writes with one event time the online store keeps the one that is there.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from causeway.errors import BadInput, StaleDelete
from causeway.instants import parse_instant, to_second
from causeway.use_cases.contracts import EventTime


def instant_of(value: object) -> datetime:
    """Return an event time as UTC, whether it is text or unix seconds.

    Raises:
        BadInput: the value is no event time.
    """
    try:
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        text = str(value)
        if isinstance(value, int | float) or _is_number(text):
            return datetime.fromtimestamp(float(text), UTC)
        return parse_instant(text)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(
            f"{value!r} is no event time",
            next_step="Write ISO-8601 with a zone, 2026-01-31T00:00:00Z, or unix seconds.",
        ) from error


def text_of(moment: datetime, *, fractional: bool = False) -> str:
    """Write a moment as an event time, to the second."""
    if fractional:
        return f"{int(moment.timestamp())}.0"
    return to_second(moment)


def delivered_at(rule: EventTime, as_of: str | None, now: datetime) -> str:
    """Return the event time of a delivery's records, "" where a column has it.

    `as_of` is what the delivery declares: a date, which is its midnight in UTC, or an instant.

    Raises:
        BadInput: it is no date or lies ahead, or the contract takes the event time from elsewhere.
    """
    if not as_of:
        return rule.instant or ""
    if rule.as_of is None:
        raise BadInput(
            f"the contract takes the event time from {'`fixed`' if rule.fixed else 'a column'}, so "
            f"that a delivery cannot declare it: {as_of}",
            next_step="Leave `as_of` empty, or write `event_time: {as_of: …}` into the use case.",
        )
    moment = _declared(as_of)
    if moment > now + timedelta(days=1):
        raise BadInput(
            f"the as-of date {as_of} lies ahead: until then no later delivery could replace it",
            next_step="Give the day whose state the file describes.",
        )
    return to_second(moment)


def require_later(moment: object, stored: object, *, record: str, group: str) -> None:
    """Refuse a deletion that the store would ignore or refuse.

    Raises:
        StaleDelete: the deletion's event time is not later than the stored record's; Feature Store
            silently ignores such a soft delete (`DeleteRecord`, API reference).
    """
    if instant_of(moment) <= instant_of(stored):
        raise StaleDelete(
            f"record {record} of feature group {group} was stored with event time {stored}; a "
            f"deletion with event time {moment} is not later and would delete nothing",
            next_step=f"Delete it with an event time later than {stored}.",
        )


def next_after(now: datetime, *earlier: datetime) -> datetime:
    """Return the first whole second that is not before `now` and later than all `earlier`."""
    floor = [time.replace(microsecond=0) + timedelta(seconds=1) for time in earlier]
    return max([now.replace(microsecond=0), *floor])


def _declared(as_of: str) -> datetime:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", as_of, re.ASCII):
            return parse_instant(f"{as_of}T00:00:00Z")
        return parse_instant(as_of)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"the as-of date {as_of} is no date",
            next_step="Write 2026-01-31, or an instant with a zone: 2026-01-31T12:00:00Z.",
        ) from error


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
