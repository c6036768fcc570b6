"""The log files that a trail has delivered to its bucket."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

from causeway_airflow.hooks.base import CausewayHook

#: CloudTrail delivers a file about every five minutes: some nine thousand a month.
READERS: Final = 8


class LogFilesHook(CausewayHook):
    """Log files of the trail of an account, for a duty that may read them."""

    service = "s3"

    def of_day(self, bucket: str, account: str, region: str, day: datetime) -> list[str]:
        """Return the keys of the files of one day.

        Source: CloudTrail User Guide, "Getting and viewing your CloudTrail log files".
        """
        prefix = f"AWSLogs/{account}/CloudTrail/{region}/{day:%Y/%m/%d}/"
        keys: list[str] = []
        more: dict[str, Any] = {}
        while True:
            reply = self.call("list_objects_v2", Bucket=bucket, Prefix=prefix, **more)
            keys += [item["Key"] for item in reply.get("Contents", ())]
            if not reply.get("IsTruncated"):
                return keys
            more = {"ContinuationToken": reply["NextContinuationToken"]}

    def contents(self, bucket: str, keys: list[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each file's key and content."""
        with ThreadPoolExecutor(READERS) as readers:
            yield from zip(
                keys, readers.map(lambda key: self._read(bucket, key), keys), strict=True
            )

    def _read(self, bucket: str, key: str) -> bytes:
        content: bytes = self.call("get_object", Bucket=bucket, Key=key)["Body"].read()
        return content
