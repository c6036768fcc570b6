"""Records of feature groups: written in pre-encoded batches, read back by id.

A batch goes through the botocore client like any other call (its signing, retries, credentials,
pool). Only its body is not serialised by botocore: it is set, ready, at the `before-call` event.
A row that the service did not acknowledge never counts as written.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import botocore
from botocore.config import Config

from causeway.errors import UnexpectedState
from causeway.ingestion.bodies import Body
from causeway_airflow.hooks import kept_connections
from causeway_airflow.hooks.base import (
    DENIED_CODES,
    TRANSIENT_CODES,
    AwsCallError,
    AwsTransientError,
    CausewayHook,
)

READ_IDENTIFIERS = 100  # BatchGetRecord's limit
#: How often what was left of a batch is sent again, after botocore's own retries of each call.
ATTEMPTS = 8
#: Requests under way at once, over one client's connections; each is 25 records.
CONCURRENCY = 24
# BatchWriteRecord is newer than the documented RAM permission lists and than some regions.
UNAVAILABLE = frozenset(
    {"UnsupportedOperation", "UnknownOperationException", "NotImplemented", "404"}
)
#: The request that botocore is given to validate; its body is replaced before it is signed.
PLACEHOLDER = [{"FeatureGroupName": "x", "Record": [{"FeatureName": "x"}]}]
EVENT = "before-call.sagemaker-featurestore-runtime.BatchWriteRecord"

Stored = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Failed:
    """A row that was not written, and what the service said last."""

    row: int
    code: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """The outcome of one request: how many rows the service acknowledged, and the others."""

    written: int
    failed: tuple[Failed, ...] = ()
    retried: int = 0


class FeatureRecordsHook(CausewayHook):
    """The data plane of the feature store."""

    service = "sagemaker-featurestore-runtime"

    def __init__(
        self, aws_conn_id: str, region_name: str | None = None, concurrency: int = CONCURRENCY
    ) -> None:
        super().__init__(aws_conn_id, region_name)
        self.concurrency = concurrency
        self._config = Config(
            retries={"mode": "adaptive", "total_max_attempts": 5},
            connect_timeout=5,
            read_timeout=60,
            tcp_keepalive=True,
            max_pool_connections=concurrency,
            # Given once: botocore puts its own together twice in every call, a fifth of its time.
            user_agent=f"causeway Botocore/{botocore.__version__}",
            # The parameters of a batch are those of a placeholder; the service validates the body.
            parameter_validation=False,
        )
        self._sending = threading.local()
        self._singly = False

    @cached_property
    def client(self) -> Any:
        """The boto3 client, made once: it takes encoded bodies and keeps its connections."""
        client = super().client
        client.meta.events.register(EVENT, self._replace_body)
        kept_connections.install(client)
        return client

    def write(self, requests: Iterable[Body]) -> Iterator[Outcome]:
        """Write requests, `concurrency` at once, and yield the outcome of each, in order.

        Requests are taken from the iterator as they are sent: a file of any size takes the memory
        of those under way. Raises `AwsCallError` when the principal may write in no way.
        """
        under_way: deque[Future[Outcome]] = deque()
        source = iter(requests)
        first = next(source, None)
        if first is None:
            return
        yield self._write(first)  # alone: it shows whether batches are available
        with ThreadPoolExecutor(self.concurrency) as threads:
            try:
                for body in source:
                    under_way.append(threads.submit(self._write, body))
                    if len(under_way) >= 2 * self.concurrency:
                        yield under_way.popleft().result()
                while under_way:
                    yield under_way.popleft().result()
            finally:
                for future in under_way:
                    future.cancel()

    def read(self, group: str, identifier: str, ids: Sequence[str]) -> Stored:
        """Return the online records of `ids` that exist, by record id, as the store keeps them."""
        stored: Stored = {}
        parts = [ids[i : i + READ_IDENTIFIERS] for i in range(0, len(ids), READ_IDENTIFIERS)]
        with ThreadPoolExecutor(min(self.concurrency, 4)) as threads:
            for records in threads.map(lambda part: self._read(group, part), parts):
                for record in records:
                    values = {f["FeatureName"]: f["ValueAsString"] for f in record}
                    stored[values[identifier]] = record
        return stored

    def _read(self, group: str, ids: Sequence[str]) -> list[list[dict[str, Any]]]:
        identifiers: list[dict[str, Any]] = [
            {"FeatureGroupName": group, "RecordIdentifiersValueAsString": list(ids)}
        ]
        records: list[list[dict[str, Any]]] = []
        for pause in _pauses():
            reply = self.call("batch_get_record", Identifiers=identifiers)
            records += [item["Record"] for item in reply["Records"]]
            if reply["Errors"]:
                first = reply["Errors"][0]
                raise UnexpectedState(
                    f"reading {group}: {first.get('ErrorCode')}: {first.get('ErrorMessage')} for "
                    f"record {first.get('RecordIdentifierValueAsString')}",
                    principal=self.principal,
                    next_step="Fix the cause and re-run.",
                )
            identifiers = reply["UnprocessedIdentifiers"]
            if not identifiers:
                break
            time.sleep(pause)
        # What stays unread counts as not stored: it is written again, which is safe.
        return records

    def _write(self, body: Body) -> Outcome:
        if self._singly:
            return self._put(body)
        failed: list[Failed] = []
        total, retried = len(body.rows), 0
        last = ("Unprocessed", "the service did not process the entry")
        for pause in _pauses():
            try:
                reply = self._send(body)
            except AwsTransientError as error:
                last, reply = (error.code, error.text), None
            except AwsCallError as error:
                if error.code in UNAVAILABLE or error.denied:
                    self._fall_back(error.code)
                failed += self._put(body).failed  # the one record that spoils the batch fails alone
                return Outcome(total - len(failed), tuple(failed), retried)
            if reply is not None:
                errors, left = reply.get("Errors", ()), reply.get("UnprocessedEntries", ())
                codes = {str(error.get("ErrorCode")) for error in errors}
                if denied := codes & DENIED_CODES:  # the service says so for each entry
                    self._fall_back(min(denied))
                    failed += self._put(body).failed
                    return Outcome(total - len(failed), tuple(failed), retried)
                if not errors and not left:
                    return Outcome(total - len(failed), tuple(failed), retried)
                again = self._left(body, errors, left, failed)
                if again is None:
                    return Outcome(total - len(failed), tuple(failed), retried)
                body, last = again, ("Unprocessed", "the service did not process the entry")
            retried += len(body.rows)
            time.sleep(pause)
        failed += [Failed(row, *last) for row in body.rows]
        return Outcome(total - len(failed), tuple(failed), retried)

    def _left(
        self,
        body: Body,
        errors: Sequence[dict[str, Any]],
        left: Sequence[dict[str, Any]],
        failed: list[Failed],
    ) -> Body | None:
        """Note the entries that were refused; return a request of those to be sent again."""
        positions: defaultdict[Any, list[int]] = defaultdict(list)
        for position, entry in enumerate(body.entries()):
            positions[_entry_key(entry)].append(position)

        def position_of(entry: dict[str, Any]) -> int:
            of_entry = positions.get(_entry_key(entry))
            if not of_entry:
                raise UnexpectedState(
                    "BatchWriteRecord answers about a record that was not sent: "
                    f"{json.dumps(entry)[:300]}",
                    principal=self.principal,
                    next_step="Compare the group's stored records with the input.",
                )
            return of_entry.pop()

        again = [position_of(entry) for entry in left]
        for error in errors:
            position, code = position_of(error["Entry"]), str(error.get("ErrorCode"))
            if code in TRANSIENT_CODES:
                again.append(position)
            else:
                failed.append(Failed(body.rows[position], code, str(error.get("ErrorMessage", ""))))
        return body.part(sorted(again)) if again else None

    def _send(self, body: Body) -> dict[str, Any]:
        self._sending.content = body.content
        try:
            reply = self.call("batch_write_record", Entries=PLACEHOLDER)
            if self._sending.content is not None:
                raise UnexpectedState(
                    "botocore did not take the encoded body; nothing of the batch was written",
                    next_step="Install the pinned botocore.",
                )
            return reply
        finally:
            self._sending.content = None

    def _replace_body(self, params: dict[str, Any], **_: Any) -> None:
        content = getattr(self._sending, "content", None)
        if content is not None:
            params["body"], self._sending.content = content, None

    def _fall_back(self, code: str) -> None:
        if not self._singly:
            self.log.warning("BatchWriteRecord is not available (%s): single puts", code)
            self._singly = True

    def _put(self, body: Body) -> Outcome:
        """Write the entries one by one."""
        failed = []
        for row, entry in zip(body.rows, body.entries(), strict=True):
            try:
                self._put_one(entry)
            except AwsCallError as error:
                if error.denied:
                    raise
                failed.append(Failed(row, error.code, error.text))
        return Outcome(len(body.rows) - len(failed), tuple(failed))

    def _put_one(self, entry: dict[str, Any]) -> None:
        for pause in itertools.islice(_pauses(), ATTEMPTS - 1):
            try:
                self.call("put_record", **entry)
                return
            except AwsTransientError:
                time.sleep(pause)
        self.call("put_record", **entry)


def _entry_key(entry: dict[str, Any]) -> Any:
    record = frozenset((f["FeatureName"], f.get("ValueAsString")) for f in entry["Record"])
    return entry["FeatureGroupName"].rpartition("/")[2], record


def _pauses() -> Iterator[float]:
    return (min(0.05 * 2**attempt, 5.0) for attempt in range(ATTEMPTS))
