"""Text for people: tables for a log, and Markdown that escapes what people wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#!|<>~])")


def text_table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table for a log: columns aligned, the head underlined."""
    table = [tuple(head), *(tuple(line) for line in lines)]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    rows = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in table]
    return "\n".join([rows[0], "  ".join("-" * width for width in widths), *rows[1:]])


def markdown_table(
    head: Sequence[str],
    lines: Iterable[Sequence[Any]],
    escape: Callable[[Any], str] | None = None,
) -> str:
    """Return a table for a Markdown page; the content of a cell cannot break the table.

    `escape` writes a cell: `cell` unless given, `markdown_text` where anybody may have written it.
    """
    write = escape or cell
    rows = [tuple(map(write, head)), ("---",) * len(head)]
    rows += [tuple(map(write, line)) for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in rows)


def markdown_text(value: Any) -> str:
    """Return a text as one line of Markdown, with every special character escaped."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def cell(text: str) -> str:
    """Return a text as the cell of a table: on one line, without a bar and without a tag."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
