"""Parts of a query that DuckDB and Athena both have and that give different results.

A cast to VARCHAR becomes a function of the sandbox; a format of `date_format`, which is MySQL's,
becomes DuckDB's. Source: Trino documentation, "Date and time functions and operators".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

TEXT_FUNCTION = "causeway_varchar"
_SPECIFIER = re.compile("%(.)")
#: MySQL's specifiers with the same meaning in DuckDB under that name.
SPECIFIERS = {
    **{name: f"%{name}" for name in "abdfHIjmpSyY%"},
    "c": "%-m",
    "e": "%-d",
    "h": "%I",
    "i": "%M",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "r": "%I:%M:%S %p",
    "s": "%S",
    "T": "%H:%M:%S",
    "W": "%A",
}


class Unsupported(Exception):  # noqa: N818 - the caller's error, not ours
    """The query is not supported or not valid; the text is Athena's reason of failure."""


def is_text_cast(node: dict[str, Any]) -> bool:
    """Tell whether a node is a plain cast to VARCHAR, without a length."""
    kind = node.get("type_expr") or {}
    return (
        node.get("class") == "CAST"
        and str(kind.get("type_name", "")).upper() == "VARCHAR"
        and not kind.get("children")
    )


def needed(tree: dict[str, Any]) -> bool:
    """Rewrite a tree in place, and tell whether that changed it. Raises Unsupported."""
    changed = False
    for node in list(nodes(tree)):
        if is_text_cast(node):
            _call(node, node["child"])
            changed = True
        elif str(node.get("function_name", "")).lower() == "date_format":
            _translate(node)
            changed = True
    return changed


def text_of(document: dict[str, Any]) -> str:
    """Return the text of a tree."""
    import duckdb

    with duckdb.connect(":memory:", config={"threads": "1"}) as writer:
        reply = writer.execute("SELECT json_deserialize_sql(?)", [json.dumps(document)]).fetchone()
    return str(reply[0] if reply else "")


def _call(node: dict[str, Any], child: dict[str, Any]) -> None:
    """Make a node a call of the sandbox's function."""
    alias = node.get("alias", "")
    node.clear()
    node.update(
        {
            "class": "FUNCTION",
            "type": "FUNCTION",
            "alias": alias,
            "function_name": TEXT_FUNCTION,
            "schema": "",
            "filter": None,
            "order_bys": {"type": "ORDER_MODIFIER", "orders": []},
            "distinct": False,
            "is_operator": False,
            "export_state": False,
            "catalog": "",
            "arguments": [{"name": "", "expression": child}],
            "qualified_name": {"path": [TEXT_FUNCTION]},
            "is_legacy_function_call": False,
        }
    )


def _translate(node: dict[str, Any]) -> None:
    """Translate the format of a call of `date_format`, which must be a literal text."""
    arguments = [argument["expression"] for argument in node.get("arguments", [])]
    literal = arguments[1].get("literal", {}) if len(arguments) == 2 else {}
    if literal.get("kind") != "STRING":
        raise Unsupported("NOT_SUPPORTED: date_format takes a moment and a literal format here")

    def specifier(match: re.Match[str]) -> str:
        if match[1] not in SPECIFIERS:
            raise Unsupported(f"NOT_SUPPORTED: date_format with %{match[1]} is not served here")
        return SPECIFIERS[match[1]]

    literal["text"] = _SPECIFIER.sub(specifier, str(literal["text"]))


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping of a tree, each before those within it."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from nodes(item)
