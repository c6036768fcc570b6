"""The offline store of a feature group: Parquet objects in the owner's bucket, read by a consumer.

Reading is all this does: which record of an id is the latest is the domain's question.
"""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from causeway_airflow.hooks.artifacts import split_uri
from causeway_airflow.hooks.base import CausewayHook

THREADS = 8


class OfflineStoreHook(CausewayHook):
    """Parquet under an `s3://` prefix, read with the consumer's own credentials."""

    service = "s3"

    def read(self, prefix_uri: str) -> Any:
        """Return every row under a prefix as one pyarrow Table (no objects: an empty table).

        Columns missing from some objects are null there: a group can gain features.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        bucket, prefix = split_uri(prefix_uri)
        keys = sorted(
            found["Key"]
            for found in self._objects(bucket, prefix.rstrip("/") + "/")
            if found["Key"].endswith(".parquet")
        )
        with ThreadPoolExecutor(THREADS) as threads:
            bodies = threads.map(
                lambda key: self.call("get_object", Bucket=bucket, Key=key)["Body"].read(), keys
            )
            tables = [pq.read_table(io.BytesIO(body)) for body in bodies]
        return pa.concat_tables(tables, promote_options="default") if tables else pa.table({})

    def _objects(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            reply = self.call("list_objects_v2", Bucket=bucket, Prefix=prefix, **token)
            found += reply.get("Contents", [])
            if not reply.get("IsTruncated"):
                return found
            token = {"ContinuationToken": reply["NextContinuationToken"]}
