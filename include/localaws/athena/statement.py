"""The statement of a query string: SELECT (rows as CSV), UNLOAD or CREATE TABLE AS (as Parquet)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.athena.dialect import Query, TableName, read_query
from localaws.athena.rewriting import Unsupported

UNLOAD = re.compile(
    r"\s*unload\s*\((?P<query>.*)\)\s*to\s*'(?P<place>s3://[^/']+/[^']*)'\s*"
    r"(with\s*\((?P<options>[^()]*)\))?\s*;?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
CREATE = re.compile(
    r"\s*create\s+table\s+(?P<name>(?:[\w\"]+\.)?[\w\"]+)\s*"
    r"(with\s*\((?P<options>[^()]*)\))?\s*as\s+(?P<query>.*?)\s*;?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
OPTION = re.compile(r"\s*(\w+)\s*=\s*'([^']*)'\s*\Z")
# Athena's default for Parquet is gzip.
COMPRESSIONS = {"GZIP": "gzip", "NONE": "none", "SNAPPY": "snappy", "ZSTD": "zstd"}


@dataclass(frozen=True)
class Statement:
    """A query, and where its rows go.

    UNLOAD has a folder. CREATE TABLE AS has a table, and a folder only if the query names one.
    """

    query: Query
    folder: str | None = None
    compression: str = "gzip"
    table: TableName | None = None

    @property
    def kind(self) -> str:
        """Athena's `SubstatementType`."""
        if self.table is not None:
            return "CREATE_TABLE_AS_SELECT"
        return "UNLOAD" if self.folder else "SELECT"


def read_statement(text: str, catalog: str, database: str) -> Statement:
    """Read a query string; raises Unsupported."""
    if re.match(r"\s*create\s+table\b", text, re.IGNORECASE):
        return _creation(text, catalog, database)
    if not re.match(r"\s*unload\b", text, re.IGNORECASE):
        return Statement(read_query(text, catalog, database))
    unload = UNLOAD.match(text)
    if not unload:
        raise Unsupported("SYNTAX_ERROR: expected UNLOAD (SELECT …) TO 's3://…/' WITH (…)")
    options = _options(unload["options"], {"format", "compression"})
    if options.get("format", "").upper() != "PARQUET":
        raise Unsupported("NOT_SUPPORTED: the local AWS unloads with format = 'PARQUET' only")
    compression = _compression(options.get("compression"))
    query = read_query(unload["query"], catalog, database)
    return Statement(query, _folder(unload["place"]), compression)


def _creation(text: str, catalog: str, database: str) -> Statement:
    create = CREATE.match(text)
    if not create:
        raise Unsupported("SYNTAX_ERROR: expected CREATE TABLE name [WITH (…)] AS SELECT …")
    options = (
        _options(
            create["options"],
            {"format", "external_location", "write_compression", "parquet_compression"},
        )
        if create["options"]
        else {}
    )
    if options.get("format", "PARQUET").upper() != "PARQUET":
        raise Unsupported(
            "NOT_SUPPORTED: the local AWS creates tables with format = 'PARQUET' only"
        )
    parts = [part.strip('"').lower() for part in create["name"].split(".")]
    if len(parts) == 1:
        parts.insert(0, database or "default")
    location = options.get("external_location")
    return Statement(
        read_query(create["query"], catalog, database),
        _folder(location) if location else None,
        _compression(options.get("write_compression") or options.get("parquet_compression")),
        TableName(catalog, *parts),
    )


def _options(text: str | None, known: set[str]) -> dict[str, str]:
    options = {}
    for part in (text or "").split(","):
        option = OPTION.match(part)
        if not option:
            raise Unsupported(f"SYNTAX_ERROR: no option: {part.strip() or 'WITH is missing'}")
        options[option[1].lower()] = option[2]
    if unknown := sorted(set(options) - known):
        raise Unsupported(f"NOT_SUPPORTED: {', '.join(unknown)} is not served by the local AWS")
    return options


def _compression(name: str | None) -> str:
    compression = COMPRESSIONS.get((name or "GZIP").upper())
    if compression is None:
        raise Unsupported(f"NOT_SUPPORTED: compression must be one of {', '.join(COMPRESSIONS)}")
    return compression


def _folder(location: str) -> str:
    return location if location.endswith("/") else f"{location}/"
