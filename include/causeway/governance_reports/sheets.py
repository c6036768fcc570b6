"""A report before it is Markdown, JSON or PDF: a title, a word about it, and tables of texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from causeway.pages import markdown_table, markdown_text


@dataclass(frozen=True)
class Table:
    """Rows below a head; `otherwise` is said where there are none."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    otherwise: str = "None."

    def document(self) -> dict[str, Any]:
        """The table as JSON values: each row by the words of the head."""
        rows = [dict(zip(self.head, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows}


@dataclass(frozen=True)
class Sheet:
    """A report's title, what it says and what it does not, its tables, and its figures."""

    title: str
    about: str
    tables: tuple[Table, ...]
    figures: Mapping[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "title": self.title,
            "about": self.about,
            "figures": dict(self.figures),
            "tables": [table.document() for table in self.tables],
        }

    def markdown(self) -> str:
        """The report for people."""
        lines = [f"# {markdown_text(self.title)}", "", markdown_text(self.about)]
        for table in self.tables:
            shown = markdown_table(table.head, table.rows) if table.rows else table.otherwise
            lines += ["", f"## {markdown_text(table.title)}", "", shown]
        return "\n".join(lines) + "\n"
