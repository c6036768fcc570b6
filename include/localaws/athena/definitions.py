"""The statements that change the catalogue: CREATE EXTERNAL TABLE and DROP TABLE, as Hive has them.

Sources: Athena User Guide, "CREATE TABLE" and "DROP TABLE". Everything that is not read here fails
the query.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from localaws.athena.dialect import TableName
from localaws.athena.rewriting import Unsupported

NAME = r"(?P<name>(?:[\w`\"-]+\.)?[\w`\"-]+)"
TEXT = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
CREATE = re.compile(
    rf"\s*create\s+external\s+table\s+(?P<lenient>if\s+not\s+exists\s+)?{NAME}\s*"
    r"\((?P<columns>[^()]*)\)\s*(?P<clauses>.*?)\s*;?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
DROP = re.compile(rf"\s*drop\s+table\s+(?P<lenient>if\s+exists\s+)?{NAME}\s*;?\s*\Z", re.IGNORECASE)
CLAUSES = {
    "comment": re.compile(rf"comment\s+({TEXT})", re.IGNORECASE),
    "partitions": re.compile(r"partitioned\s+by\s*\(([^()]*)\)", re.IGNORECASE),
    "serde": re.compile(rf"row\s+format\s+serde\s+({TEXT})", re.IGNORECASE),
    "serde_properties": re.compile(
        r"with\s+serdeproperties\s*\((.*?)\)", re.IGNORECASE | re.DOTALL
    ),
    "format": re.compile(r"stored\s+as\s+(\w+)", re.IGNORECASE),
    "location": re.compile(rf"location\s+({TEXT})", re.IGNORECASE),
    "properties": re.compile(r"tblproperties\s*\((.*?)\)", re.IGNORECASE | re.DOTALL),
}
PROPERTY = re.compile(rf"\s*({TEXT})\s*=\s*({TEXT})\s*")
COLUMN = re.compile(
    rf"\s*[`\"]?(\w+)[`\"]?\s+(\w+)(?:\s+comment\s+(?:{TEXT}))?\s*\Z", re.IGNORECASE
)
ESCAPE = re.compile(r"\\(.)")
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
PARQUET_FORMAT = "org.apache.hadoop.hive.ql.io.parquet"
PARQUET = f"{PARQUET_FORMAT}.serde.ParquetHiveSerDe"
SERDES = {OPEN_CSV, PARQUET}


@dataclass(frozen=True)
class TableCreation:
    """A CREATE EXTERNAL TABLE: Glue's `TableInput` of it."""

    name: TableName
    definition: dict[str, Any]
    lenient: bool
    kind: str = "CREATE_TABLE"


@dataclass(frozen=True)
class TableRemoval:
    """A DROP TABLE; the data in S3 is kept."""

    name: TableName
    lenient: bool
    kind: str = "DROP_TABLE"


def read_definition(text: str, catalog: str, database: str) -> TableCreation | TableRemoval | None:
    """Read a statement that changes the catalogue; None for any other. Raises Unsupported."""
    if drop := DROP.match(text):
        return TableRemoval(_name(drop["name"], catalog, database), bool(drop["lenient"]))
    create = CREATE.match(text)
    if create is None:
        return None
    name = _name(create["name"], catalog, database)
    definition = {
        "Name": name.table,
        "TableType": "EXTERNAL_TABLE",
        **_table(create["columns"], _clauses(create["clauses"])),
    }
    return TableCreation(name, definition, bool(create["lenient"]))


def _name(text: str, catalog: str, database: str) -> TableName:
    parts = [part.strip('`"') for part in text.split(".")]
    if len(parts) == 1:
        parts.insert(0, database or "default")
    return TableName(catalog, parts[0].lower(), parts[1].lower())


def _clauses(text: str) -> dict[str, str]:
    """Return the clauses after the columns; what is left over is refused."""
    clauses = {}
    for name, pattern in CLAUSES.items():
        if match := pattern.search(text):
            clauses[name] = match[1]
            text = text[: match.start()] + text[match.end() :]
    if text.strip():
        raise Unsupported(f"NOT_SUPPORTED: {text.strip()[:60]} is not served by the local AWS")
    if "location" not in clauses:
        raise Unsupported("FAILED: SemanticException: an external table needs a LOCATION")
    return clauses


def _table(columns: str, clauses: dict[str, str]) -> dict[str, Any]:
    location = _text(clauses["location"])
    if not re.match(r"s3://[^/]+/", location):
        raise Unsupported(f"FAILED: SemanticException: {location} is no folder in S3")
    serde = _text(clauses["serde"]) if "serde" in clauses else None
    stored = clauses.get("format", "TEXTFILE").upper()
    if stored == "PARQUET" and serde in (None, PARQUET):
        serde = PARQUET
    if serde not in SERDES or stored not in ("PARQUET", "TEXTFILE"):
        raise Unsupported(
            f"NOT_SUPPORTED: a table of {serde or stored}; the local AWS has STORED AS PARQUET and "
            f"{OPEN_CSV}"
        )
    kind = "Parquet" if serde == PARQUET else ""
    package = PARQUET_FORMAT if kind else "org.apache.hadoop.mapred"
    return {
        "Parameters": {"EXTERNAL": "TRUE", **_properties(clauses.get("properties", ""))},
        "PartitionKeys": _columns(clauses.get("partitions", "")),
        "StorageDescriptor": {
            "Columns": _columns(columns),
            "Location": location,
            "InputFormat": f"{package}.{'MapredParquetInputFormat' if kind else 'TextInputFormat'}",
            "OutputFormat": f"{package}.MapredParquetOutputFormat"
            if kind
            else "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": _properties(clauses.get("serde_properties", "")),
            },
        },
    }


def _columns(text: str) -> list[dict[str, str]]:
    columns = []
    for part in filter(str.strip, text.split(",")):
        column = COLUMN.match(part)
        if column is None:
            raise Unsupported(f"NOT_SUPPORTED: the column {part.strip()[:60]} is not served here")
        columns.append({"Name": column[1].lower(), "Type": column[2].lower()})
    return columns


def _properties(text: str) -> dict[str, str]:
    properties = {_text(match[1]): _text(match[2]) for match in PROPERTY.finditer(text)}
    if PROPERTY.sub("", text).strip(" ,\n\t"):
        raise Unsupported(f"SYNTAX_ERROR: the properties ({text[:60]}) cannot be read")
    return properties


def _text(quoted: str) -> str:
    return ESCAPE.sub(r"\1", quoted[1:-1])
