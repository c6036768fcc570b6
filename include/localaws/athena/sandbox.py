"""Runs a query in a DuckDB database of its own, which can read only the tables it is given.

SQL has no access to files, the network, extensions, settings or Python variables; memory and
threads are limited. `dialect` admits only SELECTs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from localaws.athena.aliases import Probe, unresolved
from localaws.athena.dialect import Query, TableName

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = "1GB"
INTERRUPT_SECONDS = 0.05
RESTRICTIONS = (
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    f"SET memory_limit = '{MEMORY}'",
    # Trino's rules where DuckDB's differ.
    "SET default_null_order = 'nulls_last'",
    "SET TimeZone = 'UTC'",
)
# Trino's functions; `rewriting` calls one for a cast to VARCHAR.
MILLISECONDS = "strftime(CAST(value AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g')"
MACROS = (
    "from_iso8601_timestamp(moment) AS CAST(moment AS TIMESTAMPTZ)",
    "from_unixtime(seconds) AS "
    "CAST(epoch_ms(CAST(round(CAST(seconds AS DOUBLE) * 1000) AS BIGINT)) AS TIMESTAMPTZ)",
    "date_format(moment, format) AS CASE WHEN typeof(moment) = 'VARCHAR' "
    "THEN error('TYPE_MISMATCH: Unexpected parameters (varchar) for function date_format') "
    "ELSE strftime(CAST(moment AS TIMESTAMP), format) END",
    "causeway_varchar(value) AS CASE typeof(value) "
    f"WHEN 'TIMESTAMP' THEN {MILLISECONDS} "
    f"WHEN 'TIMESTAMP_MS' THEN {MILLISECONDS} "
    f"WHEN 'TIMESTAMP WITH TIME ZONE' THEN {MILLISECONDS} || ' UTC' "
    # Trino's format of floating point numbers is not verified for Athena.
    "WHEN 'DOUBLE' THEN error('NOT_SUPPORTED: a cast of DOUBLE to VARCHAR is not served here') "
    "WHEN 'FLOAT' THEN error('NOT_SUPPORTED: a cast of REAL to VARCHAR is not served here') "
    "ELSE CAST(value AS VARCHAR) END",
)


class Sandbox:
    """One query's database; `stop` may be called from another thread."""

    def __init__(self) -> None:
        import duckdb

        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._database: Any = duckdb.connect(":memory:", config={"threads": "1"})
        for restriction in RESTRICTIONS:
            self._database.execute(restriction)

    def __enter__(self) -> Sandbox:
        """Return the sandbox; it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        with self._lock:
            self._ended.set()
            self._database.close()

    def stop(self) -> None:
        """Interrupt the query until it ends: one interrupt alone has no effect on a later start."""
        threading.Thread(target=self._interrupt, daemon=True).start()

    def _interrupt(self) -> None:
        while not self._ended.wait(INTERRUPT_SECONDS):
            with self._lock:
                if not self._ended.is_set():
                    self._database.interrupt()

    def answer(
        self, query: Query, tables: Iterable[tuple[TableName, pa.Table]], home: tuple[str, str]
    ) -> pa.Table:
        """Return a query's rows; short names refer to `home` (catalogue, database).

        Raises:
            duckdb.Error: the query cannot be answered; the text says why.
            Unsupported: a name that is no column yet is used as one.
        """
        import pyarrow as pa

        for name, rows in tables:
            self._put(name, rows)
        # Even if it has no table, so that short names are looked up in the right schema.
        self._schema(*home)
        self._database.execute(f"USE {_quoted(home[0])}.{_quoted(home[1])}")
        self._database.execute("SET lock_configuration = true")
        for probe in query.probes:
            self._resolve(probe)
        relation = self._database.sql(query.text)
        answer = relation.to_arrow_table()
        # A sum of integers has a wider type in DuckDB; a value beyond BIGINT fails, as in Trino.
        for index, kind in enumerate(relation.types):
            if str(kind) == "HUGEINT":
                narrow = answer.column(index).cast(pa.int64())
                answer = answer.set_column(index, answer.schema.names[index], narrow)
        return answer

    def _resolve(self, probe: Probe) -> None:
        columns = {column.lower() for column in self._database.sql(probe.text).columns}
        for name in probe.names:
            if name not in columns:
                raise unresolved(name)

    def _put(self, name: TableName, rows: pa.Table) -> None:
        self._schema(name.catalog, name.database)
        where = ".".join(map(_quoted, (name.catalog, name.database, name.table)))
        self._database.register("handed_in", rows)
        statement = f"CREATE TABLE {where} AS SELECT * FROM handed_in"  # noqa: S608 - quoted above
        self._database.execute(statement)
        self._database.unregister("handed_in")

    def _schema(self, catalog: str, database: str) -> None:
        self._database.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {_quoted(catalog)}")
        schema = f"{_quoted(catalog)}.{_quoted(database)}"
        self._database.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for macro in MACROS:
            self._database.execute(f"CREATE OR REPLACE MACRO {schema}.{macro}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
