"""Tables and texts for people: aligned, on one line a cell, and nobody's words become markup."""

from __future__ import annotations

from causeway.pages import cell, markdown_table, markdown_text, text_table


def test_columns_of_a_log_are_aligned_and_the_head_is_underlined() -> None:
    text = text_table(("a", "name"), [("1", "x"), ("22", "y")])
    assert text == "a   name\n--  ----\n1   x\n22  y"


def test_a_cell_cannot_end_its_cell_or_its_line() -> None:
    table = markdown_table(("a", "b"), [("x | y", "two\nlines")])
    assert table == "| a | b |\n| --- | --- |\n| x \\| y | two lines |"
    assert cell("<b>") == "&lt;b>"


def test_what_somebody_wrote_is_no_markup() -> None:
    text = markdown_text("<script>x</script> | *a* [b](c) `code`\n# d")
    assert "<script" not in text.replace("\\<", "")
    assert "\n" not in text
    assert "\\[b\\]\\(c\\)" in text
    assert "\\`code\\`" in text
    assert markdown_text(0.75) == "0.75"
