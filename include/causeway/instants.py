"""Instants: the only place that reads and prints a time; what it returns is UTC.

Each form has a reader or a writer of its own, because each is defined elsewhere: times of the
governance table sort as text, Feature Store defines a feature group's, and IAM reads leniently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Day:
    """A day in UTC."""

    date: date

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant of the day after it."""
        return self.start + timedelta(days=1)

    def __str__(self) -> str:
        return self.date.isoformat()


def read_day(text: str) -> Day:
    """Read a day as people write it in forms.

    Raises:
        ValueError: the text is no day.
    """
    message = f"{text!r} is no day: write it as 2026-03-01"
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError(message)
    try:
        value = Day(date.fromisoformat(text))
        value.end  # noqa: B018 - the last day there is has none
    except (ValueError, OverflowError) as error:
        raise ValueError(message) from error
    return value


@dataclass(frozen=True, order=True)
class Month:
    """A month in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, value: datetime) -> Month:
        """Return the month of an instant."""
        at = value.astimezone(UTC)
        return cls(at.year, at.month)

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant of the month after it."""
        return self.next.start

    @property
    def next(self) -> Month:
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def before(self) -> Month:
        """The month before it."""
        return Month.of(self.start - timedelta(days=1))

    def has(self, text: str) -> bool:
        """Tell whether an ISO-8601 instant in UTC is in it."""
        return text.startswith(f"{self}-")

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


def read_month(text: str) -> Month:
    """Read a month as people write it in forms.

    Raises:
        ValueError: the text is no month.
    """
    matched = re.fullmatch(r"([1-9]\d{3})-(0[1-9]|1[0-2])", text, re.ASCII)
    if matched is None or text > "9998-12":
        raise ValueError(f"{text!r} is no month: write it as 2026-03")
    return Month(int(matched[1]), int(matched[2]))


def instant(value: datetime) -> str:
    """Write a time as UTC ISO-8601 with microseconds: texts that sort as times do."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """Read a time that has a zone, such as one written by `instant`, as UTC.

    Raises:
        ValueError: the text is no time.
    """
    return datetime.fromisoformat(text).astimezone(UTC)


def unzoned(text: str) -> datetime:
    """Read a time without a zone that is known to be UTC, such as Athena's timestamps.

    Raises:
        ValueError: the text is no time.
    """
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def parse_instant(text: str) -> datetime:
    """Read an ISO-8601 instant with a zone, as the feature store takes it, as UTC.

    Raises:
        ValueError: the text is no such instant.
    """
    message = f"{text!r} is no instant; allowed: 2026-01-31T00:00:00Z"
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(message) from error
    if time.tzinfo is None:
        raise ValueError(message)
    return _utc(time, text)


#: The formats of times that have a name; any other is a pattern of `strptime`.
ISO, UNIX_SECONDS, UNIX_MILLISECONDS = "iso", "unix_seconds", "unix_milliseconds"


def declared_instant(text: str, form: str = ISO, zone: str | None = None) -> datetime:
    """Read a time as a contract declares it, as UTC; `zone` is that of a time that names none.

    Where a clock is put back, an hour comes twice, and is taken for its first time.

    Raises:
        ValueError: the text is no such time, names no zone where none is declared, is out of
            range, or is in the hour that a clock skips when it is put forward.
    """
    if form == ISO and zone is None:
        return parse_instant(text)
    try:
        if form in (UNIX_SECONDS, UNIX_MILLISECONDS):
            return _unix(text, 1000 if form == UNIX_SECONDS else 1)
        time = datetime.fromisoformat(text) if form == ISO else datetime.strptime(text, form)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time of the format {form}") from error
    if time.tzinfo is None:
        shown, time = time, time.replace(tzinfo=ZoneInfo(zone or "UTC"))
        if _utc(time, text).astimezone(time.tzinfo).replace(tzinfo=None) != shown:
            raise ValueError(f"{text!r} does not exist in {zone}: the clock was put forward then")
    return _utc(time, text)


def _unix(text: str, milliseconds: int) -> datetime:
    if not re.fullmatch(r"-?\d{1,18}(\.\d{1,9})?", text, re.ASCII):
        raise ValueError
    try:
        return EPOCH + timedelta(milliseconds=int(Decimal(text) * milliseconds // 1))
    except OverflowError as error:
        raise ValueError from error


def _utc(time: datetime, text: str) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range: its time in UTC has no year") from error


def milliseconds(value: datetime) -> int:
    """Return a time as whole milliseconds since 1970."""
    return (value - EPOCH) // timedelta(milliseconds=1)


def lenient(text: str) -> datetime | None:
    """Read ISO 8601 or seconds since 1970 as IAM does: without a zone it is UTC.

    None when the text is neither.
    """
    try:
        if re.fullmatch(r"\d{5,}(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        time = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def zulu(value: datetime, *, timespec: str = "auto") -> str:
    """Write a time as ISO-8601 that ends in `Z`; without a zone it is taken as UTC."""
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    return value.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def to_second(value: datetime) -> str:
    """Write a time as Feature Store takes an event time, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sql_timestamp(value: datetime) -> str:
    """Write a time as a literal of Athena's SQL, to the millisecond."""
    text = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return f"TIMESTAMP '{text}'"


def for_people(value: datetime) -> str:
    """Write a time for people, to the minute."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
