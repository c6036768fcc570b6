"""Athena: queries as a consumer's duty, and which grant is missing when one may not read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from causeway.datasets.query import TableName
from causeway.digests import sha256
from causeway.errors import CausewayError, NotSharedYet, UnexpectedState
from causeway.statuses import Meaning, meaning
from causeway_airflow.hooks.artifacts import split_uri
from causeway_airflow.hooks.base import AwsCallError, CausewayHook

ATTEMPTS: Final = 3
LOOK_SECONDS: Final = 0.1


class AthenaHook(CausewayHook):
    """Queries in one workgroup."""

    service = "athena"

    def start(self, sql: str, workgroup: str, token: str) -> str:
        """Start a query, or find the one that was started with this token; return its id."""
        reply = self.call(
            "start_query_execution",
            QueryString=sql,
            WorkGroup=workgroup,
            ClientRequestToken=sha256(token),
        )
        return str(reply["QueryExecutionId"])

    def describe(self, execution_id: str) -> dict[str, Any]:
        """Return a query's description."""
        found: dict[str, Any] = self.call("get_query_execution", QueryExecutionId=execution_id)[
            "QueryExecution"
        ]
        return found

    def meaning(self, described: Mapping[str, Any]) -> Meaning:
        """Return what the state of a query means."""
        return meaning("QueryExecutionState", described["Status"]["State"])

    def settle(self, execution_id: str, seconds: float) -> dict[str, Any]:
        """Look until a query has ended, for so long at most; return its description."""
        deadline = time.monotonic() + seconds
        while True:
            described = self.describe(execution_id)
            if self.meaning(described) is not Meaning.WAITING or time.monotonic() > deadline:
                return described
            time.sleep(LOOK_SECONDS)

    def rows(self, execution_id: str) -> list[dict[str, str]]:
        """Return the first page of a SELECT's rows by column; NULL is the empty text."""
        found = self.call("get_query_results", QueryExecutionId=execution_id)["ResultSet"]["Rows"]
        lines = [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in found]
        return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]

    def failure(self, described: Mapping[str, Any]) -> CausewayError:
        """Return the error that says why a query did not succeed."""
        status = described["Status"]
        return UnexpectedState(
            f"query {described['QueryExecutionId']} ended {status['State']}: "
            f"{status.get('StateChangeReason', 'no reason given')}",
            principal=self.principal,
            next_step="Look at the query in Athena; mend the cause and re-run.",
        )


class GrantsHook(CausewayHook):
    """Asks for each of the four grants of a cross-account read with the very call that needs it."""

    service = "glue"

    def missing(self, table: TableName, account: str) -> NotSharedYet | None:
        """Return an error that names the first grant that is missing; None when all are there."""
        found = self._missing(table, account)
        if found is None:
            return None
        grant, error = found
        return NotSharedYet(
            f"{table} cannot be read: the {grant} is missing ({error.code}: {error.text})",
            account=account,
            principal=self.principal,
            next_step="Run platform__accounts and platform__sharing; this task looks again.",
        )

    def _missing(self, table: TableName, account: str) -> tuple[str, AwsCallError] | None:
        try:
            AthenaHook(str(self.aws_conn_id), self.region_name).call(
                "get_data_catalog", Name=table.catalog
            )
        except AwsCallError as error:
            return f"data catalogue {table.catalog} of this account's Athena", error
        try:
            described = self.call(
                "get_table", CatalogId=account, DatabaseName=table.database, Name=table.table
            )
        except AwsCallError as error:
            return "Glue resource policy of the owner (or this role's own)", error
        return self._objects(described["Table"]["StorageDescriptor"]["Location"])

    def _objects(self, location: str) -> tuple[str, AwsCallError] | None:
        store = ObjectsHook(str(self.aws_conn_id), self.region_name)
        bucket, prefix = split_uri(location)
        try:
            held = store.call(
                "list_objects_v2", Bucket=bucket, Prefix=f"{prefix.rstrip('/')}/", MaxKeys=1
            )
            for one in held.get("Contents", []):
                store.call("get_object", Bucket=bucket, Key=one["Key"])["Body"].close()
        except AwsCallError as error:
            key = "kms" in error.text.lower()
            return f"{'key' if key else 'bucket'} policy of the owner", error
        return None


class ObjectsHook(CausewayHook):
    """Objects, as the one who queries them sees them."""

    service = "s3"
