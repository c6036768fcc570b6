"""The statement of a query string: SELECT (rows as CSV) or UNLOAD (rows as Parquet in S3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.athena.dialect import Query, Unsupported, read_query

UNLOAD = re.compile(
    r"\s*unload\s*\((?P<query>.*)\)\s*to\s*'(?P<place>s3://[^/']+/[^']*)'\s*"
    r"(with\s*\((?P<options>[^()]*)\))?\s*;?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
OPTION = re.compile(r"\s*(\w+)\s*=\s*'([^']*)'\s*\Z")
# Athena's default for Parquet is gzip.
COMPRESSIONS = {"GZIP": "gzip", "NONE": "none", "SNAPPY": "snappy", "ZSTD": "zstd"}


@dataclass(frozen=True)
class Statement:
    """A query, and for UNLOAD the folder and the compression of its Parquet files."""

    query: Query
    unload_to: str | None = None
    compression: str = "gzip"

    @property
    def kind(self) -> str:
        """Athena's `SubstatementType`."""
        return "UNLOAD" if self.unload_to else "SELECT"


def read_statement(text: str, catalog: str, database: str) -> Statement:
    """Read a query string; raises Unsupported."""
    if not re.match(r"\s*unload\b", text, re.IGNORECASE):
        return Statement(read_query(text, catalog, database))
    unload = UNLOAD.match(text)
    if not unload:
        raise Unsupported("SYNTAX_ERROR: expected UNLOAD (SELECT …) TO 's3://…/' WITH (…)")
    options = {}
    for part in (unload["options"] or "").split(","):
        option = OPTION.match(part)
        if not option:
            raise Unsupported(f"SYNTAX_ERROR: no option: {part.strip() or 'WITH is missing'}")
        options[option[1].lower()] = option[2].upper()
    if unknown := sorted(set(options) - {"format", "compression"}):
        raise Unsupported(f"NOT_SUPPORTED: UNLOAD with {', '.join(unknown)} is not served here")
    if options.get("format") != "PARQUET":
        raise Unsupported("NOT_SUPPORTED: the local AWS unloads with format = 'PARQUET' only")
    compression = COMPRESSIONS.get(options.get("compression", "GZIP"))
    if compression is None:
        raise Unsupported(f"NOT_SUPPORTED: compression must be one of {', '.join(COMPRESSIONS)}")
    target = unload["place"]
    folder = target if target.endswith("/") else f"{target}/"
    return Statement(read_query(unload["query"], catalog, database), folder, compression)
