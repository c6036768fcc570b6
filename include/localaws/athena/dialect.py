"""Which SQL is served: the part of Athena's dialect (Trino) for which DuckDB gives equal results.

DuckDB's parser reads a query into a tree; every node, function and type must be in the lists below.
Anything else fails the query, because DuckDB's result could differ from Athena's: `/` and `%`
(whole numbers divide differently), `greatest`, `concat`, …. `rewriting` puts functions of the
sandbox in the place of what both have and do differently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localaws.athena import rewriting
from localaws.athena.aliases import Probe, all_columns, suspects, unresolved
from localaws.athena.comparisons import check_comparison
from localaws.athena.rewriting import Unsupported

NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE"}
SOURCES = {"BASE_TABLE", "EMPTY", "JOIN", "SUBQUERY"}
JOINS = {"CROSS", "REGULAR"}
CLASSES = {
    *("BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT"),
    *("FUNCTION", "OPERATOR", "STAR", "SUBQUERY", "TYPE", "WINDOW"),
}
OPERATORS = {
    *("COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_COALESCE", "OPERATOR_IS_NOT_NULL"),
    *("OPERATOR_IS_NULL", "OPERATOR_NOT", "OPERATOR_NULLIF"),
}
FUNCTIONS = {
    *("*", "+", "-", "||", "~~", "!~~"),
    *("abs", "avg", "count", "count_star", "date_format", "first_value"),
    *("from_iso8601_timestamp", "from_unixtime", "lag"),
    *("last_value", "lead", "length", "lower", "max", "min", "row_number", "rank", "dense_rank"),
    *("round", "sum", "upper"),
}
# Casts with the same result; others differ in rounding, errors or format.
CASTS = {"BIGINT", "BOOLEAN", "DOUBLE"}
LITERALS = {"DATE", "TIMESTAMP"}
MODIFIERS = {"DISTINCT_MODIFIER", "LIMIT_MODIFIER", "ORDER_MODIFIER"}
QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
# Syntax that DuckDB accepts, Athena does not, and the tree does not show.
FOREIGN = re.compile(r"::|==|\[|\{|\$")


@dataclass(frozen=True, order=True)
class TableName:
    """A table as a query names it, with its catalogue and database."""

    catalog: str
    database: str
    table: str


@dataclass(frozen=True)
class Query:
    """A supported SELECT, the tables that it reads, and what has to be a column of its sources."""

    text: str
    tables: tuple[TableName, ...]
    probes: tuple[Probe, ...] = ()


def read_query(text: str, catalog: str, database: str) -> Query:
    """Check a SELECT; short table names refer to `catalog` and `database`. Raises Unsupported."""
    text = text.strip().rstrip(";").rstrip()
    bare = QUOTED.sub("''", text)
    if foreign := FOREIGN.search(bare):
        raise Unsupported(f"SYNTAX_ERROR: mismatched input '{foreign[0][:20]}'")
    if not re.match(r"\s*(select|with|\()", bare, re.IGNORECASE):
        raise Unsupported(
            "NOT_SUPPORTED: only SELECT, UNLOAD, CREATE TABLE AS, CREATE EXTERNAL TABLE and DROP "
            "TABLE are served by the local AWS"
        )
    document = _parsed(text)
    tree = document["statements"][0]["node"]
    names = {str(cte["key"]).lower() for cte in _ctes(tree)}
    tables = set()
    for node in rewriting.nodes(tree):
        _check(node)
        check_comparison(node)
        if node.get("type") == "BASE_TABLE":
            parts = [node["catalog_name"], node["schema_name"], node["table_name"]]
            if not parts[0] and not parts[1] and parts[2].lower() in names:
                continue
            name = TableName(parts[0] or catalog, parts[1] or database, parts[2])
            if not name.database:
                raise Unsupported(f"SYNTAX_ERROR: Schema must be specified for table {name.table}")
            tables.add(name)
    if rewriting.needed(tree):
        text = rewriting.text_of(document)
    return Query(text, tuple(sorted(tables)), tuple(_probes(tree)))


def _probes(tree: dict[str, Any]) -> Iterator[Probe]:
    for suspect in suspects(tree):
        if suspect.source["type"] == "EMPTY":
            raise unresolved(suspect.names[0])
        probe = all_columns(_parsed("SELECT * FROM t"), suspect.source, list(_ctes(tree)))
        yield Probe(rewriting.text_of(probe), suspect.names)


def _parsed(text: str) -> dict[str, Any]:
    import duckdb

    with duckdb.connect(":memory:", config={"threads": "1"}) as parser:
        reply = parser.execute("SELECT json_serialize_sql(?)", [text]).fetchone()
    parsed: dict[str, Any] = json.loads(reply[0] if reply else "{}")
    if parsed.get("error", True):
        raise Unsupported(f"SYNTAX_ERROR: {parsed.get('error_message', 'no query')}")
    if len(parsed["statements"]) != 1:
        raise Unsupported("SYNTAX_ERROR: Only one sql statement is allowed")
    return parsed


def _ctes(tree: Any) -> Iterator[dict[str, Any]]:
    for node in rewriting.nodes(tree):
        yield from (node.get("cte_map") or {}).get("map", [])


def _check(node: dict[str, Any]) -> None:
    """Raise Unsupported for a node that Athena lacks or that DuckDB treats differently."""
    kind, name = str(node.get("class", "")), str(node.get("type", ""))
    if kind:
        _check_expression(node, kind, name)
    elif "from_table" in node:
        _allow("a query of kind", name, NODES)
        for odd in ("qualify", "sample"):
            if node.get(odd):
                raise Unsupported(f"SYNTAX_ERROR: {odd.upper()} is not in Athena's dialect")
        if node.get("aggregate_handling") != "STANDARD_HANDLING":
            raise Unsupported("SYNTAX_ERROR: GROUP BY ALL is not in Athena's dialect")
    elif "alias" in node and "sample" in node:
        _allow("a source of kind", name, SOURCES)
        _allow("a join of kind", str(node.get("ref_type", "REGULAR")), JOINS)
        if node.get("at_clause") or node.get("sample"):
            raise Unsupported("NOT_SUPPORTED: AT and TABLESAMPLE are not served by the local AWS")
    elif name.endswith("_MODIFIER"):
        _allow("a clause of kind", name.removesuffix("_MODIFIER"), _short(MODIFIERS))
        if node.get("limit_type", "ROW_COUNT") != "ROW_COUNT":
            raise Unsupported("SYNTAX_ERROR: LIMIT takes a number of rows")
        if node.get("distinct_on_targets"):
            raise Unsupported("SYNTAX_ERROR: DISTINCT ON is not in Athena's dialect")


def _short(names: set[str]) -> set[str]:
    return {name.removesuffix("_MODIFIER") for name in names}


def _check_expression(node: dict[str, Any], kind: str, name: str) -> None:
    _allow("an expression of kind", kind, CLASSES)
    if kind == "OPERATOR":
        _allow("the operator", name, OPERATORS)
    elif kind in ("FUNCTION", "WINDOW"):
        _allow("the function", str(node["function_name"]).lower(), FUNCTIONS)
    elif kind == "STAR" and any(
        node.get(option)
        for option in ("exclude_list", "replace_list", "columns", "rename_list", "expr")
    ):
        raise Unsupported("SYNTAX_ERROR: only a plain * is in Athena's dialect")
    elif kind == "CAST":
        target = str((node.get("type_expr") or {}).get("type_name", "")).upper()
        literal = node["child"].get("type") == "VALUE_CONSTANT" and target in LITERALS
        text = rewriting.is_text_cast(node)
        if node.get("try_cast") or not (literal or text or target in CASTS):
            raise Unsupported(f"NOT_SUPPORTED: this cast to {target} is not served here")


def _allow(what: str, name: str, allowed: set[str]) -> None:
    if name not in allowed:
        raise Unsupported(
            f"NOT_SUPPORTED: {what} {name} is not served by the local AWS; it has "
            f"{', '.join(sorted(allowed))}"
        )
