"""Text for people: tables for a log, and Markdown that escapes what people wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

_SPECIAL: Final = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")
# What opens a heading, a list or a rule where a text begins a line.
_OPENING: Final = re.compile(r"^(?=[+-]\s|#+\s|-{2,}$|=+$)|^(?P<number>\d+)(?=[.)]\s)")
# GitHub and others make a link of an address, whatever is around it.
_ADDRESS: Final = re.compile(r"\b(https?|ftp|mailto)(?=:)|\bwww(?=\.)", re.IGNORECASE)


def text_table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table for a log: columns aligned, the head underlined."""
    table = [tuple(head), *(tuple(line) for line in lines)]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    rows = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in table]
    return "\n".join([rows[0], "  ".join("-" * width for width in widths), *rows[1:]])


def markdown_table(head: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    """Return a table for a Markdown page; what is in a cell is no markup."""
    rows = [tuple(map(markdown_text, head)), ("---",) * len(head)]
    rows += [tuple(map(markdown_text, line)) for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in rows)


def markdown_text(value: Any) -> str:
    """Return what anybody may have written as one line of Markdown that reads as it was written.

    Characters that cannot be seen, and those that turn the direction of the text, are shown as
    their codes.
    """
    text = f"{value:g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split())
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    text = _SPECIAL.sub(r"\\\g<0>", text)
    text = _ADDRESS.sub(lambda match: match[0] + "\\", text)
    return _OPENING.sub(lambda match: (match["number"] or "") + "\\", text, count=1)
