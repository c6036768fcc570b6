"""The offline store of one feature group: Parquet objects in S3, appended in batches.

Rows are buffered and written when writing pauses for 0.3 s, when there are 1,000 of them, or
when the oldest is 5 s old, and not before the delay of the local AWS (`kit.delays`) has passed: one
object per batch and event hour, at AWS's layout
`<S3Uri>/<account>/sagemaker/<region>/offline-store/<name>-<creation>/data/year=/month=/day=/hour=`.
It acts with the feature group's role and sets the objects' ACL, for which the role needs
s3:PutObjectAcl (AmazonSageMakerFeatureStoreAccess). Rows that S3 refuses stay in the buffer and are
tried again; until they are written the status is `Blocked`, with the reason.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from localaws.kit.service import ServiceError
from localaws.sagemaker.feature_store.records import Record, Schema

if TYPE_CHECKING:
    from localaws.identity.credentials import Credentials
    from localaws.kit.capabilities import Host

log = logging.getLogger(__name__)
QUIET_SECONDS = 0.3
OLDEST_SECONDS = 5.0
BATCH_ROWS = 1000
DUE_SECONDS = 0.2  # between two looks at the clock, which may be advanced, for rows that are due
RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


@dataclass(frozen=True, slots=True)
class Row:
    """A record as it was sent, its write time, and whether it marks a deletion."""

    record: Record
    sent: datetime
    is_deleted: bool


class OfflineStore:
    """Buffers the rows of one feature group and writes them in the background."""

    def __init__(
        self, host: Host, region: str, schema: Schema, config: dict[str, Any], role_arn: str
    ) -> None:
        storage = config["S3StorageConfig"]
        location = urlsplit(storage["ResolvedOutputS3Uri"])
        self.bucket, self.prefix = location.netloc, location.path.lstrip("/")
        self.failure: str | None = None
        self._key = storage.get("KmsKeyId")
        self._host, self._region, self._role = host, region, role_arn
        self._delay = timedelta(seconds=host.delays.offline_store)
        self.schema = schema
        self._rows: list[Row] = []
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._first = self._last = 0.0
        self._failures = 0
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._credentials: Credentials | None = None

    def status(self) -> dict[str, str]:
        """Return SageMaker's `OfflineStoreStatus`."""
        failure = self.failure
        if failure:
            return {"Status": "Blocked", "BlockedReason": failure}
        return {"Status": "Active"}

    def check(self) -> str | None:
        """Return why the store cannot be used with its role and bucket, or None if it can.

        SageMaker checks the bucket with s3:GetBucketAcl (AmazonSageMakerFeatureStoreAccess).
        """
        try:
            self.client().get_bucket_acl(Bucket=self.bucket)
        except (ServiceError, ClientError, BotoCoreError) as error:
            return f"The offline store s3://{self.bucket} cannot be used with {self._role}: {error}"
        return None

    def append(self, rows: list[Row]) -> None:
        """Buffer rows to be written soon; the first ones start the writer."""
        now = time.monotonic()
        with self._changed:
            if not self._rows:
                self._first = now
            self._rows.extend(rows)
            self._last = now
            if self._thread is None:
                self._thread = self._host.background(self._write_for_ever)
                self._host.on_shutdown(self.close)
            elif len(self._rows) >= BATCH_ROWS:
                self._changed.notify()

    def flush(self, *, all_rows: bool = True) -> bool:
        """Write the buffered rows, all or those that are due.

        On failure keep them, record the reason and return False.
        """
        with self._writing:
            with self._changed:
                count = len(self._rows) if all_rows else self._due()
                rows, self._rows = self._rows[:count], self._rows[count:]
            if not rows:
                return True
            written: set[int] = set()
            try:
                for hour, indexes in _by_hour(rows).items():
                    self._write(hour, [rows[index] for index in indexes])
                    written.update(indexes)
            except Exception as error:
                # Whatever the error, the rows are kept and the status has the reason.
                self._refused(error)
            left = [row for index, row in enumerate(rows) if index not in written]
            with self._changed:
                self._rows[:0] = left
            if not left:
                self.failure, self._failures = None, 0
            return not left

    def close(self) -> None:
        """Write the rest before the local AWS stops, and log what could not be written."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if not self.flush():
            log.error(
                "%d offline rows were never written to s3://%s/%s: %s",
                len(self._rows),
                self.bucket,
                self.prefix,
                self.failure,
            )

    def _write_for_ever(self) -> None:
        while True:
            with self._changed:
                while not self._stopping and (wait := self._wait()) > 0:
                    self._changed.wait(wait)
                if self._stopping:
                    return
            if not self.flush(all_rows=False):
                with self._changed:
                    self._changed.wait(RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1])

    def _wait(self) -> float:
        """Return the seconds until the buffer has to be written, as of now."""
        if not self._rows:
            return QUIET_SECONDS
        if self._delay and not self._due():
            return DUE_SECONDS
        if len(self._rows) >= BATCH_ROWS:
            return 0.0
        now = time.monotonic()
        return min(self._last + QUIET_SECONDS, self._first + OLDEST_SECONDS) - now

    def _due(self) -> int:
        """Return how many of the rows have waited long enough; they are in their order."""
        latest = self._host.clock.now() - self._delay
        return bisect_right(self._rows, latest, key=lambda row: row.sent)

    def _refused(self, error: Exception) -> None:
        self._failures += 1
        self._credentials = None
        reason = f"{type(error).__name__}: {error}"
        if reason != self.failure:
            log.warning("offline store s3://%s/%s: %s", self.bucket, self.prefix, reason)
        self.failure = reason

    def client(self, service: str = "s3") -> Any:
        """Return a client that acts with the group's role."""
        soon = self._host.clock.now() + timedelta(minutes=5)
        credentials = self._credentials
        if credentials is None or (credentials.expires is not None and credentials.expires <= soon):
            credentials = self._host.assume(
                self._role, "SageMakerFeatureStore", "sagemaker.amazonaws.com"
            )
            self._credentials = credentials
        return self._host.client(service, credentials, self._region)

    def _write(self, hour: datetime, rows: list[Row]) -> None:
        name = f"{hour:%Y%m%dT%H%M%SZ}_{secrets.token_hex(8)}.parquet"
        partition = f"year={hour:%Y}/month={hour:%m}/day={hour:%d}/hour={hour:%H}"
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self._key}
        self.client().put_object(
            Bucket=self.bucket,
            Key=f"{self.prefix}/{partition}/{name}",
            Body=parquet(self.schema, rows, self._host.clock.now()),
            ACL="bucket-owner-full-control",
            **(encryption if self._key else {}),
        )


def parquet(schema: Schema, rows: list[Row], write_time: datetime) -> bytes:
    """Return rows as a Parquet file: typed features and the three columns that AWS adds."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    types = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
    moment = pa.timestamp("ms", tz="UTC")
    columns = {
        name: pa.array([row.record.values.get(name) for row in rows], types[kind])
        for name, kind in schema.types.items()
    }
    columns["write_time"] = pa.array([write_time] * len(rows), moment)
    columns["api_invocation_time"] = pa.array([row.sent for row in rows], moment)
    columns["is_deleted"] = pa.array([row.is_deleted for row in rows], pa.bool_())
    file = BytesIO()
    pq.write_table(pa.table(columns), file, compression="snappy")
    return file.getvalue()


def _by_hour(rows: list[Row]) -> dict[datetime, list[int]]:
    """Return the indexes of the rows of each event hour, which is their partition."""
    hours: defaultdict[float, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        hours[row.record.event_time // 3600].append(index)
    return {datetime.fromtimestamp(hour * 3600, UTC): indexes for hour, indexes in hours.items()}
