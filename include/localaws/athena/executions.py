"""Athena: query executions and their results."""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from localaws.athena.catalogs import ATHENA, OWN, refused
from localaws.athena.changes import change, create_from, require_absent, write_nothing
from localaws.athena.definitions import read_definition
from localaws.athena.results import texts, type_of, write_csv, write_manifest, write_parquet
from localaws.athena.rewriting import Unsupported
from localaws.athena.sandbox import Sandbox
from localaws.athena.statement import Statement, read_statement
from localaws.athena.tables import Read, TooMuch, denied
from localaws.athena.workgroups import ENGINE, PRIMARY, WorkGroups
from localaws.glue.catalog import only
from localaws.kit.idempotency import ClientTokens
from localaws.kit.service import Call, Service, ServiceError

log = logging.getLogger(__name__)
athena = Service.named("athena")
FINAL = {"SUCCEEDED", "FAILED", "CANCELLED"}
AT_ONCE = threading.BoundedSemaphore(2)  # the others are QUEUED
STARTED_WITH = {
    *("QueryString", "ClientRequestToken", "QueryExecutionContext", "ResultConfiguration"),
    "WorkGroup",
}
DEFINING = ("CREATE", "DROP")
USER_ERROR = 2
SHUTDOWN_SECONDS = 5.0


@dataclass
class Execution:
    """One query and its state. The state changes under the lock; a final state never changes."""

    described: dict[str, Any]
    submitted: datetime
    results: dict[str, Any]
    limit: int | None = None  # bytes that the query may scan
    enforced: bool = False  # the workgroup decides where results go
    state: str = "QUEUED"
    reason: str | None = None
    completed: datetime | None = None
    statement: str = "SELECT"
    statistics: dict[str, Any] = field(default_factory=dict)
    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    sandbox: Sandbox | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def end(self, state: str, now: datetime, reason: str | None = None) -> None:
        """Enter a final state, unless the execution is in one already."""
        with self.lock:
            if self.state not in FINAL:
                self.state, self.completed, self.reason = state, now, reason

    def cancel(self, now: datetime, reason: str) -> None:
        """Cancel the query, and interrupt it if it runs."""
        with self.lock:
            self.end("CANCELLED", now, reason)
            if self.sandbox:
                self.sandbox.stop()

    def description(self) -> dict[str, Any]:
        """Return Athena's `QueryExecution`."""
        with self.lock:
            status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
            if self.completed:
                status["CompletionDateTime"] = self.completed
            if self.reason:
                status["StateChangeReason"] = self.reason
            if self.state == "FAILED":
                status["AthenaError"] = {
                    "ErrorCategory": USER_ERROR,
                    "ErrorMessage": self.reason,
                    "Retryable": False,
                }
            return {
                **self.described,
                "Status": status,
                "Statistics": dict(self.statistics),
                "StatementType": "DDL" if self.statement.startswith(DEFINING) else "DML",
                "SubstatementType": self.statement,
            }


@dataclass
class Executions:
    """The queries of one account in one region, and their client tokens."""

    by_id: dict[str, Execution] = field(default_factory=dict)
    tokens: ClientTokens = field(default_factory=ClientTokens)

    def get(self, identity: str) -> Execution:
        """Return a query; InvalidRequestException."""
        if identity not in self.by_id:
            raise refused(f"QueryExecution {identity} was not found")
        return self.by_id[identity]

    def close(self, now: datetime) -> None:
        """Cancel running queries when the local AWS stops, and wait for them to end."""
        for execution in list(self.by_id.values()):
            execution.cancel(now, "The local AWS stopped")
            execution.ended.wait(SHUTDOWN_SECONDS)


@athena.operation("StartQueryExecution")
def start_query_execution(call: Call) -> dict[str, Any]:
    """Start a query; the same token with the same parameters returns the same query."""
    only(call, call.params, STARTED_WITH)
    executions, params = call.store(Executions), call.params
    group = call.store(WorkGroups).get(params.get("WorkGroup", PRIMARY))
    if group["State"] != "ENABLED":
        raise refused(f"WorkGroup {group['Name']} is disabled.")
    results = _results(call, group)

    def start() -> dict[str, Any]:
        identity = str(uuid.uuid4())
        location = f"{results['OutputLocation'].rstrip('/')}/{identity}.csv"
        described = {
            "QueryExecutionId": identity,
            "Query": params["QueryString"],
            "QueryExecutionContext": params.get("QueryExecutionContext") or {},
            "ResultConfiguration": {**results, "OutputLocation": location},
            "WorkGroup": group["Name"],
            "EngineVersion": ENGINE,
        }
        settings = group["Configuration"]
        execution = Execution(
            described,
            call.now(),
            results,
            limit=settings.get("BytesScannedCutoffPerQuery"),
            enforced=settings["EnforceWorkGroupConfiguration"],
        )
        if not executions.by_id:
            call.on_shutdown(lambda: executions.close(call.now()))
        executions.by_id[identity] = execution
        call.background(_run, call, execution)
        return {"QueryExecutionId": identity}

    token = params.get("ClientRequestToken")
    if not token:
        return start()
    request = {name: value for name, value in params.items() if name != "ClientRequestToken"}
    mismatch = refused("Idempotent parameters do not match")
    return executions.tokens.once(token, request, call.now(), start, mismatch)


@athena.operation("GetQueryExecution")
def get_query_execution(call: Call) -> dict[str, Any]:
    """Describe a query."""
    return {"QueryExecution": _named(call).description()}


@athena.operation("ListQueryExecutions")
def list_query_executions(call: Call) -> dict[str, Any]:
    """List the queries of a workgroup, the latest first."""
    group = call.params.get("WorkGroup", PRIMARY)
    identities = [
        identity
        for identity, execution in call.store(Executions).by_id.items()
        if execution.described["WorkGroup"] == group
    ]
    page, rest = ATHENA.page(call.params, identities[::-1])
    return {"QueryExecutionIds": page, **rest}


@athena.operation("StopQueryExecution")
def stop_query_execution(call: Call) -> dict[str, Any]:
    """Cancel a query that has not ended; others stay unchanged."""
    _named(call).cancel(call.now(), "Query cancelled by user")
    return {}


@athena.operation("GetQueryResults", locked=False)
def get_query_results(call: Call) -> dict[str, Any]:
    """Return a page of rows as text, names first; the caller must be allowed to read the CSV."""
    only(call, call.params, {"QueryExecutionId", "NextToken", "MaxResults"})
    execution = _named(call)
    if execution.state in ("FAILED", "CANCELLED"):
        raise refused(f"Query did not finish successfully. Final query state: {execution.state}")
    if execution.state != "SUCCEEDED":
        raise refused(f"Query has not yet finished. Current state: {execution.state}")
    columns, rows = execution.columns, execution.rows
    if execution.statement == "SELECT":
        location = urlsplit(execution.described["ResultConfiguration"]["OutputLocation"])
        try:
            Read(call).client("s3").get_object(
                Bucket=location.netloc, Key=location.path.lstrip("/")
            )
        except ClientError as error:
            raise refused(denied(error)) from error
        rows = [[name for name, _ in columns], *rows]
    page, rest = ATHENA.page(call.params, rows, default=1000)
    described = [
        {"Name": name, "Label": name, "Type": kind, "CaseSensitive": kind == "varchar"}
        for name, kind in columns
    ]
    data = [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in page]
    metadata = {"ColumnInfo": described}
    return {"ResultSet": {"Rows": data, "ResultSetMetadata": metadata}, "UpdateCount": 0, **rest}


def _named(call: Call) -> Execution:
    return call.store(Executions).get(call.params["QueryExecutionId"])


def _results(call: Call, group: dict[str, Any]) -> dict[str, Any]:
    """Return where results go: the workgroup's location if it is enforced, else the caller's."""
    configuration = group["Configuration"]
    own, chosen = configuration["ResultConfiguration"], call.params.get("ResultConfiguration") or {}
    only(call, chosen, {"OutputLocation", "EncryptionConfiguration"})
    results = own if configuration["EnforceWorkGroupConfiguration"] else {**own, **chosen}
    if not str(results.get("OutputLocation", "")).startswith("s3://"):
        raise refused("No output location provided, neither by the workgroup nor by the request.")
    return dict(results)


def _run(call: Call, execution: Execution) -> None:
    """Run a query in the background; it always ends in a final state."""
    with AT_ONCE:
        try:
            with execution.lock:
                if execution.state in FINAL:
                    return
                execution.state = "RUNNING"
            _answer(call, execution)
            execution.end("SUCCEEDED", call.now())
        except TooMuch as error:
            execution.end("CANCELLED", call.now(), str(error))
        except Unsupported as error:
            execution.end("FAILED", call.now(), str(error))
        except (ClientError, ServiceError) as error:
            execution.end("FAILED", call.now(), denied(error))
        except Exception as error:
            # Errors of the engine: a column that does not exist, a value that is not a date.
            log.info("query %s: %s", execution.described["QueryExecutionId"], error)
            execution.end("FAILED", call.now(), f"{type(error).__name__}: {error}")
        finally:
            execution.ended.set()


def _answer(call: Call, execution: Execution) -> None:
    about = execution.described["QueryExecutionContext"]
    home = (about.get("Catalog") or OWN, about.get("Database") or "")
    text = execution.described["Query"]
    definition = read_definition(text, *home)
    statement = definition or read_statement(text, *home)
    execution.statement = statement.kind
    read = Read(call, execution.limit)
    configuration = execution.described["ResultConfiguration"]
    location = configuration["OutputLocation"]
    s3 = read.client("s3")
    s3.get_bucket_location(
        Bucket=urlsplit(location).netloc
    )  # Athena asks for the bucket's location
    if not isinstance(statement, Statement):
        change(read, statement)
        configuration["OutputLocation"] = location.removesuffix(".csv") + ".txt"
        write_nothing(s3, configuration["OutputLocation"], _encryption(execution.results))
        return
    if statement.table is not None:
        if statement.folder and execution.enforced:
            raise Unsupported(
                "The Create Table As Select query failed because it was submitted with an "
                "'external_location' property to an Athena Workgroup that enforces a centralized "
                "output location for all queries."
            )
        require_absent(read, statement.table)
    tables = ((name, read.table(name)) for name in statement.query.tables)
    with Sandbox() as sandbox:
        with execution.lock:
            execution.sandbox = sandbox
            if execution.state in FINAL:
                return
        try:
            rows = sandbox.answer(statement.query, tables, (home[0], home[1] or "default"))
        finally:
            with execution.lock:
                execution.sandbox = None
    execution.statistics["DataScannedInBytes"] = read.scanned
    if execution.state == "RUNNING":
        _write(read, execution, statement, rows, location)


def _write(
    read: Read, execution: Execution, statement: Statement, rows: Any, location: str
) -> None:
    encryption, s3 = _encryption(execution.results), read.client("s3")
    name = execution.described["QueryExecutionId"]
    if statement.folder is None and statement.table is None:
        execution.columns = [(field.name, type_of(field)) for field in rows.schema]
        execution.rows = texts(rows)
        write_csv(s3, location, rows.column_names, execution.rows, encryption)
        return
    folder = statement.folder or f"{location.rsplit('/', 1)[0]}/tables/{name}/"
    files = write_parquet(s3, folder, name, rows, statement.compression, encryption)
    manifest = location.removesuffix(".csv") + "-manifest.csv"
    write_manifest(s3, manifest, files, encryption)
    execution.statistics["DataManifestLocation"] = manifest
    execution.columns = [("rows", "bigint")]
    execution.rows = [[str(rows.num_rows)]]
    if statement.table is not None:
        create_from(read, statement.table, folder, rows)


def _encryption(results: dict[str, Any]) -> dict[str, str]:
    encryption = results.get("EncryptionConfiguration")
    if not encryption:
        return {}
    if encryption["EncryptionOption"] == "SSE_S3":
        return {"ServerSideEncryption": "AES256"}
    if encryption["EncryptionOption"] == "SSE_KMS":
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption["KmsKey"]}
    raise Unsupported("NOT_SUPPORTED: CSE_KMS is not served by the local AWS")
