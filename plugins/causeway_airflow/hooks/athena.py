"""Athena: queries, as a consumer's duty runs them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from causeway.digests import sha256
from causeway.errors import CausewayError, UnexpectedState
from causeway.statuses import Meaning, meaning
from causeway_airflow.hooks.base import CausewayHook

#: Seconds between two looks at a short query.
LOOK_SECONDS: Final = 0.1
#: Seconds for a query that counts what is there.
SUMMARY_SECONDS: Final = 300.0


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
        reply = self.call("get_query_execution", QueryExecutionId=execution_id)
        description: dict[str, Any] = reply["QueryExecution"]
        return description

    def meaning(self, described: Mapping[str, Any]) -> Meaning:
        """Return what the state of a query means."""
        return meaning("QueryExecutionState", described["Status"]["State"])

    def settled(self, execution_id: str, seconds: float) -> dict[str, Any]:
        """Look until a query has ended, for so long at most; return its description."""
        deadline = time.monotonic() + seconds
        while True:
            description = self.describe(execution_id)
            if self.meaning(description) is not Meaning.WAITING or time.monotonic() > deadline:
                return description
            time.sleep(LOOK_SECONDS)

    def arrived(self, sql: str, workgroup: str, expected: Sequence[int]) -> Meaning:
        """Say whether each `number` of a query has the `arrived` rows that are expected of it."""
        execution = self.start(sql, workgroup, uuid4().hex)
        description = self.settled(execution, SUMMARY_SECONDS)
        if self.meaning(description) is not Meaning.SUCCESS:
            return Meaning.FAILURE
        counts = {int(row["number"]): int(row["arrived"] or 0) for row in self.rows(execution)}
        there = all(counts[number] >= rows for number, rows in enumerate(expected))
        return Meaning.SUCCESS if there else Meaning.WAITING

    def rows(self, execution_id: str) -> list[dict[str, str]]:
        """Return the first page of a SELECT's rows by column; NULL is the empty text."""
        rows = self.call("get_query_results", QueryExecutionId=execution_id)["ResultSet"]["Rows"]
        lines = [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows]
        return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]

    def failure(self, described: Mapping[str, Any]) -> CausewayError:
        """Return the error that says why a query did not succeed."""
        status = described["Status"]
        return UnexpectedState(
            f"query {described['QueryExecutionId']} ended {status['State']}: "
            f"{status.get('StateChangeReason', 'no reason given')}",
            principal=self.principal,
            next_step="Look at the query in Athena; fix the cause and re-run.",
        )
