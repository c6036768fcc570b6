"""The Parquet objects of an offline store, every version of them, and one record in them.

The bucket is versioned: an object that is written again without a record leaves a version with it,
and a version is deleted for good only by its id. The order is what makes it safe: the new version
is written and verified by S3 (SHA-256) before an old one goes, so nothing but the record is lost
wherever it stops, and what is left to do is seen in the bucket.
"""

from __future__ import annotations

import hashlib
import tempfile
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causeway.erasure.offline_rows import Held, held_in, write_without
from causeway_airflow.hooks.artifacts import split_uri
from causeway_airflow.hooks.base import CausewayHook

READERS = 8


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object; the latest is the object as readers see it."""

    key: str
    version_id: str
    latest: bool


class OfflineObjectsHook(CausewayHook):
    """Objects below the place of one feature group's offline store.

    :param aws_conn_id: the connection of a duty that may read, write and delete versions there
    :param described: `DescribeFeatureGroup` of the group
    """

    service = "s3"

    def __init__(
        self, aws_conn_id: str, described: dict[str, Any], region_name: str | None = None
    ) -> None:
        super().__init__(aws_conn_id, region_name)
        storage = described["OfflineStoreConfig"]["S3StorageConfig"]
        self.bucket, self.prefix = split_uri(storage["ResolvedOutputS3Uri"])
        self.kms_key = storage.get("KmsKeyId")
        self.identifier = described["RecordIdentifierFeatureName"]
        self.event_time = described["EventTimeFeatureName"]
        self._seen: dict[tuple[str, str, str], Held] = {}

    def versions(self) -> list[ObjectVersion]:
        """Return every version of every Parquet object, without the marks of deleted objects."""
        found: list[ObjectVersion] = []
        place: dict[str, Any] = {}
        while True:
            reply = self.call(
                "list_object_versions",
                Bucket=self.bucket,
                Prefix=f"{self.prefix.rstrip('/')}/",
                **place,
            )
            found += [
                ObjectVersion(one["Key"], one["VersionId"], bool(one["IsLatest"]))
                for one in reply.get("Versions", ())
                if one["Key"].endswith(".parquet")
            ]
            if not reply.get("IsTruncated"):
                return found
            place = {
                "KeyMarker": reply["NextKeyMarker"],
                "VersionIdMarker": reply["NextVersionIdMarker"],
            }

    def held(self, record: str) -> dict[ObjectVersion, Held]:
        """Return what each version holds of a record; a version is read once."""
        versions = self.versions()

        def look(version: ObjectVersion) -> Held:
            known = (version.key, version.version_id, record)
            if known not in self._seen:
                with tempfile.TemporaryDirectory(prefix="causeway-erase-") as folder:
                    path = Path(folder) / "object.parquet"
                    self._fetch(version, path)
                    self._seen[known] = held_in(path, self.identifier, self.event_time, record)
            return self._seen[known]

        with ThreadPoolExecutor(READERS) as threads:
            return dict(zip(versions, threads.map(look, versions), strict=True))

    def erase(self, record: str) -> tuple[int, int]:
        """Take a record's rows out of every version; return the rows and the versions that held it.

        A current object is written again without them; then every version that holds them is
        deleted, old ones whole: what an old version held of other records was replaced before.
        """
        rows = versions = 0
        for version, held in sorted(
            self.held(record).items(), key=lambda one: (one[0].key, not one[0].latest)
        ):
            if not held.rows:
                continue
            if version.latest:
                rows += self._replace(version, record)
            self.call(
                "delete_object",
                Bucket=self.bucket,
                Key=version.key,
                VersionId=version.version_id,
            )
            versions += 1
        return rows, versions

    def _replace(self, version: ObjectVersion, record: str) -> int:
        with tempfile.TemporaryDirectory(prefix="causeway-erase-") as folder:
            source, target = Path(folder) / "object.parquet", Path(folder) / "without.parquet"
            metadata = self._fetch(version, source)
            dropped = write_without(source, target, self.identifier, record)
            encryption = (
                {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key}
                if self.kms_key
                else {}
            )
            with target.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").digest()
                content.seek(0)
                self.call(
                    "put_object",
                    Bucket=self.bucket,
                    Key=version.key,
                    Body=content,
                    ChecksumSHA256=b64encode(digest).decode(),
                    Metadata=metadata,
                    **encryption,
                )
        return dropped

    def _fetch(self, version: ObjectVersion, path: Path) -> dict[str, str]:
        reply = self.call(
            "get_object", Bucket=self.bucket, Key=version.key, VersionId=version.version_id
        )
        with path.open("wb") as out:
            for chunk in reply["Body"].iter_chunks(1 << 20):
                out.write(chunk)
        return dict(reply.get("Metadata") or {})
