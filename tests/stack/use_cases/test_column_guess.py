"""What a column holds is guessed from its values."""

from __future__ import annotations

import pytest

from stack.use_cases.column_guess import guess_column, time_format


def test_whole_numbers_have_a_range_beyond_what_was_seen() -> None:
    guess = guess_column("a", ["3", "41", "", "17"])
    assert (guess.type, guess.low, guess.high, guess.nullable) == ("Integral", 0, 50, True)
    assert guess.doubts == ("seen: 3 to 41",)


def test_numbers_below_zero_and_with_a_decimal_comma() -> None:
    guess = guess_column("a", ["-1,5", "NA", "0,25"], ["NA"], ",")
    assert (guess.type, guess.low, guess.high) == ("Fractional", -2, 0.5)


@pytest.mark.parametrize(
    "values", [["007", "123"], ["1_0", "2_0"], ["9" * 30, "1"], ["1e999", "2"]]
)
def test_what_only_looks_like_numbers_stays_what_it_is(values: list[str]) -> None:
    guess = guess_column("a", values)
    assert guess.type == ("Fractional" if "9" * 30 in values else "String")


def test_few_texts_become_codes_and_many_do_not() -> None:
    few = guess_column("a", ["no", "yes", "yes", "no"])
    assert (few.type, few.codes, few.is_input) == ("String", ("no", "yes"), True)
    many = guess_column("a", [f"v{n}" for n in range(300)])
    assert (many.codes, many.is_input) == ((), False)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2026-01-31T10:00:00Z", ("iso", None)),
        ("2026-01-31", ("iso", "UTC")),
        ("2026/01/31", ("%Y/%m/%d", "UTC")),
        ("31.01.2026", ("%d.%m.%Y", "UTC")),
        ("31/01/2026", ("%d/%m/%Y", "UTC")),
        ("20260131", ("%Y%m%d", "UTC")),
        ("1764460800", None),
        ("Monday", None),
    ],
)
def test_formats_of_times(text: str, form: tuple[str, str | None] | None) -> None:
    assert time_format([text]) == form


def test_seconds_since_1970_are_times_where_somebody_says_so() -> None:
    assert time_format(["1764460800", "1764460801"], unix=True) == ("unix_seconds", None)
    assert time_format(["1764460800123"], unix=True) == ("unix_milliseconds", None)


def test_days_that_could_be_months_are_said() -> None:
    guess = guess_column("a", ["01/02/2026", "03/04/2026"])
    assert guess.time == ("%m/%d/%Y", "UTC")
    assert "days and months could be the other way round" in guess.doubts


def test_a_column_of_one_value_is_no_input() -> None:
    assert not guess_column("a", ["1", "1"]).is_input
    assert guess_column("a", ["", ""]).doubts == ("it is empty in every row",)
