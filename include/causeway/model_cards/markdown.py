"""A card as Markdown, for the people who read it in a dashboard or a log.

Everything on a card was written by somebody: what has a meaning in Markdown or HTML is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from causeway.pages import markdown_table, markdown_text

_MOST: Final = 20


def card_markdown(content: Mapping[str, Any], *, title: str, status: str, version: int) -> str:
    """Return a card's content as Markdown: a heading a section, a list of its fields, tables."""
    parts = [
        f"# {markdown_text(title)}",
        f"Status **{markdown_text(status)}**, card version {version}.",
    ]
    for section, body in content.items():
        parts.append(f"## {_words(section)}")
        parts += _evaluations(body) if section == "evaluation_details" else _lines(body, 0)
    return "\n\n".join(_joined(parts)) + "\n"


def _joined(parts: list[str]) -> list[str]:
    """Put list items that follow each other into one block."""
    blocks: list[str] = []
    for part in parts:
        kind = part.lstrip()[:2]
        if blocks and kind == "- " and blocks[-1].lstrip()[:2] == kind:
            blocks[-1] += f"\n{part}"
        else:
            blocks.append(part)
    return blocks


def _lines(value: Any, depth: int) -> list[str]:
    lines: list[str] = []
    for name, item in value.items() if isinstance(value, Mapping) else ():
        begin = f"{'  ' * depth}- {_words(name)}:"
        if isinstance(item, Mapping):
            lines += [begin, *_lines(item, depth + 1)]
        elif isinstance(item, list):
            lines.append(f"{begin} {', '.join(_item(part) for part in item[:_MOST])}")
        else:
            lines.append(f"{begin} {markdown_text(item)}")
    return lines


def _item(value: Any) -> str:
    if isinstance(value, Mapping) and "name" in value:
        return f"{markdown_text(value['name'])} {markdown_text(value.get('value', ''))}".strip()
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(k)} {markdown_text(v)}" for k, v in value.items())
    return markdown_text(value)


def _evaluations(entries: Any) -> list[str]:
    parts: list[str] = []
    for entry in entries:
        parts.append(f"### {markdown_text(entry['name'])}")
        details = {k: v for k, v in entry.items() if k not in ("name", "metric_groups")}
        parts += _lines(details, 0)
        for group in entry.get("metric_groups", []):
            rows = [
                (str(metric["name"]), metric["value"])
                for metric in group["metric_data"]
                if metric["type"] in ("number", "string", "boolean")
            ]
            if rows:
                parts.append(markdown_table((str(group["name"]), "value"), rows, markdown_text))
    return parts


def _words(name: str) -> str:
    words = name.replace("_", " ")
    return markdown_text(words[:1].upper() + words[1:])
