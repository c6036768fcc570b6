"""Comparisons of values that Trino does not convert into each other, where DuckDB does.

Trino compares numbers, texts and moments only with their like (documentation of `Comparison
functions and operators`, `Conversion functions`). Only values whose type the text itself shows are
looked at: literals, casts, and functions with a fixed type. The type of a column is not known here.
"""

from __future__ import annotations

from typing import Any

from localaws.athena.rewriting import Unsupported

LITERALS = {"INTEGER": "number", "DECIMAL": "number", "FLOAT": "number", "STRING": "varchar"}
CASTS = {
    name: name.lower() for name in ("BIGINT", "BOOLEAN", "DATE", "DOUBLE", "TIMESTAMP", "VARCHAR")
}
FUNCTIONS = {
    **dict.fromkeys(("count", "count_star", "length", "row_number", "rank"), "bigint"),
    **dict.fromkeys(("||", "date_format", "lower", "upper"), "varchar"),
    **dict.fromkeys(("from_iso8601_timestamp", "from_unixtime"), "timestamp with time zone"),
}
LIKE = {
    **dict.fromkeys(("number", "bigint", "double"), "number"),
    **dict.fromkeys(("date", "timestamp", "timestamp with time zone"), "moment"),
}


def check_comparison(node: dict[str, Any]) -> None:
    """Raise Unsupported where a node compares values that Trino does not compare."""
    if node.get("class") == "COMPARISON":
        operands = [node["left"], node["right"]]
    elif node.get("class") == "BETWEEN":
        operands = [node["input"], node["lower"], node["upper"]]
    elif node.get("type") in ("COMPARE_IN", "COMPARE_NOT_IN"):
        operands = node["children"]
    else:
        return
    types = [shown for shown in map(_type, operands) if shown]
    first = types[0] if types else ""
    for other in types[1:]:
        if LIKE.get(first, first) != LIKE.get(other, other):
            raise Unsupported(f"TYPE_MISMATCH: {first} and {other} cannot be compared")


def _type(node: dict[str, Any]) -> str | None:
    """Return the type of a value, None where the text does not show it."""
    kind = node.get("class")
    if kind == "CONSTANT":
        return LITERALS.get(str((node.get("literal") or {}).get("kind", "")))
    if kind == "CAST":
        return CASTS.get(str((node.get("type_expr") or {}).get("type_name", "")).upper())
    if kind in ("FUNCTION", "WINDOW"):
        return FUNCTIONS.get(str(node["function_name"]).lower())
    return None
