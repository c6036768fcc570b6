"""Names that a query gives to its results and that Athena does not see where DuckDB does.

In Trino an alias of the SELECT list is visible in ORDER BY and outside the query, not in the list
itself, WHERE, GROUP BY and HAVING (documentation of `SELECT`); a column of the source with that
name is meant there. Whether there is one is known in the sandbox, so a `Probe` goes with the query.
Subqueries within expressions are not looked at: there a column of the outer query can be meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localaws.athena.rewriting import Unsupported

BEFORE_ALIASES = ("select_list", "where_clause", "group_expressions", "having")


@dataclass(frozen=True)
class Suspect:
    """The source of a SELECT, and the names that have to be columns of it."""

    source: dict[str, Any]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Probe:
    """A query of all columns of a source, and the names that have to be among them."""

    text: str
    names: tuple[str, ...]


def suspects(tree: dict[str, Any]) -> Iterator[Suspect]:
    """Yield the SELECTs of a tree that use a name of their own list before it is visible."""
    for node in _outside_expressions(tree):
        if node.get("type") != "SELECT_NODE":
            continue
        aliases = {str(item.get("alias", "")).lower() for item in node["select_list"]} - {""}
        names = {
            reference["column_names"][0].lower()
            for part in BEFORE_ALIASES
            for reference in _outside_expressions(node[part], queries=False)
            if reference.get("class") == "COLUMN_REF" and len(reference["column_names"]) == 1
        }
        if used := aliases & names:
            yield Suspect(node["from_table"], tuple(sorted(used)))


def all_columns(document: dict[str, Any], source: dict[str, Any], ctes: list[Any]) -> Any:
    """Make the parsed query `SELECT * FROM t` one of a source, with the query's common tables."""
    document["statements"][0]["node"] |= {"from_table": source, "cte_map": {"map": ctes}}
    return document


def unresolved(name: str) -> Unsupported:
    """Return Athena's reason for a name that is no column."""
    return Unsupported(
        f"COLUMN_NOT_FOUND: Column '{name}' cannot be resolved or requester is not authorized to "
        "access requested resources"
    )


def _outside_expressions(value: Any, *, queries: bool = True) -> Iterator[dict[str, Any]]:
    """Yield every mapping of a tree that is not within a subquery of an expression."""
    if isinstance(value, dict):
        yield value
        if value.get("class") == "SUBQUERY":
            value = [] if queries else [value.get("child")]
        else:
            value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from _outside_expressions(item, queries=queries)
