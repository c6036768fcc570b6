"""Tables and texts for people: aligned, on one line a cell, and nobody's words become markup."""

from __future__ import annotations

import pytest

from causeway.pages import markdown_table, markdown_text, text_table


def test_columns_of_a_log_are_aligned_and_the_head_is_underlined() -> None:
    text = text_table(("a", "name"), [("1", "x"), ("22", "y")])
    assert text == "a   name\n--  ----\n1   x\n22  y"


def test_a_cell_cannot_end_its_cell_or_its_line() -> None:
    table = markdown_table(("a", "b"), [("x | y", "two\nlines")])
    assert table == "| a | b |\n| --- | --- |\n| x \\| y | two lines |"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<b>", r"\<b\>"),
        ("*a* [b](c) `code`", r"\*a\* \[b\](c) \`code\`"),
        ("![x](y)", r"!\[x\](y)"),
        ("a\n# b", "a # b"),
        ("# a", r"\# a"),
        ("- a", r"\- a"),
        ("1. a", r"1\. a"),
        ("---", r"\---"),
        ("-", "-"),
        ("-0.5", "-0.5"),
        ("_a_ and a_b", r"\_a\_ and a_b"),
        ("&lt;", r"\&lt;"),
        ("https://example.org", r"https\://example.org"),
        ("www.example.org", r"www\.example.org"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("a\x1b[2K\u202eb", r"a\\x1b\[2K\\u202eb"),
        (0.75, "0.75"),
        ("credit_risk, 3 (of 4)", "credit_risk, 3 (of 4)"),
    ],
)
def test_what_somebody_wrote_is_no_markup(written: object, text: str) -> None:
    assert markdown_text(written) == text
