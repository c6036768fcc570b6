"""Feature groups: defined once, written in batches, read back so that only changes are written.

A bare name addresses a group of the caller's own account, an ARN another account's.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from causeway.errors import UnexpectedState
from causeway.features import (
    GROUP_STATUSES,
    Record,
    Unwritten,
    batch_request,
    batches,
    require_all_written,
    unwritten,
)
from causeway_airflow.hooks.base import AwsCallError, CausewayHook

READ_IDENTIFIERS = 100  # BatchGetRecord's limit
ATTEMPTS = 6
THREADS = 4
# BatchWriteRecord is newer than the documented RAM permission lists and than some regions.
UNAVAILABLE = frozenset({"UnsupportedOperation", "UnknownOperationException", "NotImplemented"})

Stored = dict[str, list[dict[str, Any]]]


class FeatureGroupsHook(CausewayHook):
    """The control plane: definitions of feature groups."""

    service = "sagemaker"

    def find(self, group: str) -> dict[str, Any] | None:
        """Return a feature group by name or ARN, or None when there is none."""
        try:
            return self.call("describe_feature_group", FeatureGroupName=group)
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def ensure(
        self, request: dict[str, Any], *, timeout: float = 600
    ) -> tuple[bool, dict[str, Any]]:
        """Create a feature group unless it is there and wait until it can be used.

        Returns whether it was made, and its description. Raises `UnexpectedState` when it cannot
        be used.
        """
        name = request["FeatureGroupName"]
        made = False
        if self.find(name) is None:
            try:
                self.call("create_feature_group", **request)
                made = True
            except AwsCallError as error:
                if not error.exists:
                    raise
        deadline = time.monotonic() + timeout
        while True:
            found = self.find(name) or {"FeatureGroupStatus": "(gone)"}
            status = found["FeatureGroupStatus"]
            meaning = GROUP_STATUSES.get(status, "failure")
            if meaning == "success":
                return made, found
            if meaning == "failure" or time.monotonic() > deadline:
                raise UnexpectedState(
                    f"feature group {name} is {status}: {found.get('FailureReason', 'no reason')}",
                    principal=self.principal,
                    next_step="Delete it when it failed to be created, then re-run.",
                )
            time.sleep(0.2)


class FeatureRecordsHook(CausewayHook):
    """The data plane: records of feature groups."""

    service = "sagemaker-featurestore-runtime"

    def read(self, group: str, identifier: str, ids: Sequence[str]) -> Stored:
        """Return the online records of `ids` that exist, by record id, as the store keeps them."""
        found: Stored = {}
        parts = [ids[i : i + READ_IDENTIFIERS] for i in range(0, len(ids), READ_IDENTIFIERS)]
        with ThreadPoolExecutor(THREADS) as threads:
            for records in threads.map(lambda part: self._read(group, part), parts):
                for record in records:
                    values = {f["FeatureName"]: f["ValueAsString"] for f in record}
                    found[values[identifier]] = record
        return found

    def write(self, records: Sequence[Record]) -> int:
        """Write records in batches, or one by one where batches are not to be had.

        Returns how many were written, which is all of them. Raises `PartialWrite` naming what was
        not kept after `ATTEMPTS` tries.
        """
        parts = list(batches(records))
        if not parts:
            return 0
        try:
            left = self._write(parts[0])
        except AwsCallError as error:
            if error.code not in UNAVAILABLE and not error.denied:
                raise
            self.log.info("BatchWriteRecord is not to be had (%s): single puts", error.code)
            self._put_all(records)
            return len(records)
        with ThreadPoolExecutor(THREADS) as threads:
            for more in threads.map(self._write, parts[1:]):
                left += more
        require_all_written(left, len(records))
        return len(records)

    def _read(self, group: str, ids: Sequence[str]) -> list[list[dict[str, Any]]]:
        asked: list[dict[str, Any]] = [
            {"FeatureGroupName": group, "RecordIdentifiersValueAsString": list(ids)}
        ]
        records: list[list[dict[str, Any]]] = []
        for pause in _pauses():
            reply = self.call("batch_get_record", Identifiers=asked)
            records += [found["Record"] for found in reply["Records"]]
            if reply["Errors"]:
                first = reply["Errors"][0]
                raise UnexpectedState(
                    f"reading {group}: {first.get('ErrorCode')}: {first.get('ErrorMessage')} for "
                    f"record {first.get('RecordIdentifierValueAsString')}",
                    principal=self.principal,
                    next_step="Mend the cause and re-run.",
                )
            asked = reply["UnprocessedIdentifiers"]
            if not asked:
                break
            time.sleep(pause)
        # What stays unread counts as not stored: it is written again, which is safe.
        return records

    def _write(self, batch: Sequence[Record]) -> list[Unwritten]:
        left: list[Unwritten] = []
        waiting = list(batch)
        for pause in _pauses():
            found = unwritten(waiting, self.call("batch_write_record", **batch_request(waiting)))
            left += [item for item in found if item.code is not None]
            waiting = [item.record for item in found if item.code is None]
            if not waiting:
                return left
            time.sleep(pause)
        return left + [Unwritten(record, None) for record in waiting]

    def _put_all(self, records: Iterable[Record]) -> None:
        def put(record: Record) -> None:
            self.call("put_record", FeatureGroupName=record.group, Record=record.as_request())

        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(put, records))


def _pauses() -> Iterator[float]:
    return (0.1 * 2**attempt for attempt in range(ATTEMPTS))
