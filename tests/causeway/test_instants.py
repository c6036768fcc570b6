"""Local times on the days when clocks change, and days."""

from __future__ import annotations

import pytest

from causeway.instants import declared_instant, read_day

FORM, VIENNA = "%d.%m.%Y %H:%M", "Europe/Vienna"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("31.03.2024 01:59", "2024-03-31T00:59:00+00:00"),
        ("31.03.2024 03:00", "2024-03-31T01:00:00+00:00"),
        ("27.10.2024 02:30", "2024-10-27T00:30:00+00:00"),  # comes twice: its first time
        ("27.10.2024 03:00", "2024-10-27T02:00:00+00:00"),
    ],
)
def test_a_local_time_is_the_instant_that_a_clock_first_showed_it(text: str, utc: str) -> None:
    assert declared_instant(text, FORM, VIENNA).isoformat() == utc


@pytest.mark.parametrize("text", ["31.03.2024 02:00", "31.03.2024 02:30", "31.03.2024 02:59"])
def test_a_local_time_that_the_clock_skipped_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not exist in Europe/Vienna"):
        declared_instant(text, FORM, VIENNA)
    with pytest.raises(ValueError, match="does not exist in Europe/Vienna"):
        declared_instant("2024-03-31T02:30:00", "iso", VIENNA)


def test_the_offset_tells_the_two_hours_of_autumn_apart() -> None:
    later = declared_instant("27.10.2024 02:30 +0100", FORM + " %z", VIENNA)
    assert later.isoformat() == "2024-10-27T01:30:00+00:00"


def test_a_day_is_read_as_forms_write_it_and_is_of_utc() -> None:
    day = read_day("2026-03-03")
    assert (day.start.isoformat(), day.end.isoformat()) == (
        "2026-03-03T00:00:00+00:00",
        "2026-03-04T00:00:00+00:00",
    )
    for text in ("20260303", "2026-W10-2", "9999-12-31", "٢٠٢٦-03-03", ""):
        with pytest.raises(ValueError, match="is no day"):
            read_day(text)
