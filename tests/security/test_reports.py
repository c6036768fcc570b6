"""A report says what somebody wrote, and it is nothing but text there."""

from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from markdown_it import MarkdownIt

from causeway.erasure import erasures
from causeway.erasure.erasures import ErasureReport, Request
from causeway.pages import markdown_table, markdown_text

WORDS = (
    "x\n\n# Erasure of record SGC-0007\n\nNothing of the record was there.",
    "| erased | - |\n| --- | --- |\n| all | yes |",
    "<script>alert(1)</script>",
    "<!-- hidden",
    "[approve](https://example.org)",
    "![](https://example.org/seen.png)",
    "https://example.org",
    "**Approved**",
    "`code",
    "~~~\nfence",
    "- item",
    "1) item",
    "> quotation",
    "&lt;b&gt;",
    "a\u2028# b",
    "---",
    "===",
    "\\",
    "\\*a\\*",
)


def rendered(text: str) -> set[str]:
    """Return the kinds of markup in a text."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    return {child.type for token in tokens for child in (token, *(token.children or ()))}


@pytest.mark.parametrize("words", WORDS)
def test_an_erasure_is_told_in_its_own_words(words: str) -> None:
    plain = Request(
        **{
            name: ("groups",) if "tuple" in str(parameter.annotation) else "plain"
            for name, parameter in inspect.signature(Request).parameters.items()
        }
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    report = ErasureReport(plain, at, (), (), (), ("an area",))
    harmless = report.markdown()
    for member in ("record", "reason", "requested_by", "run"):
        text = replace(report, request=replace(plain, **{member: words})).markdown()
        assert rendered(text) - {"text_special"} <= rendered(harmless), member
        assert len(text.splitlines()) == len(harmless.splitlines()), member


@pytest.mark.parametrize("words", WORDS)
def test_a_text_is_read_as_it_was_written(words: str) -> None:
    markup = rendered(markdown_text(words)) - {"text_special"}
    assert markup <= {"paragraph_open", "inline", "text", "paragraph_close"}
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown_table(("a",), [(words,)]))
    assert html.count("<td>") == 1


def test_reports_are_written_by_one_writer() -> None:
    assert "markdown_text" in inspect.getsource(erasures)
